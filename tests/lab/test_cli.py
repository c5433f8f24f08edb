"""The command line: its exit codes, its one-line refusals, its JSON; the process a user starts."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from io import StringIO
from pathlib import Path

import pytest
import typer

from data.sources import SETS
from lab import command_lines
from lab.cli import app as cli
from lab.runs.store import RunStore, all_runs
from presets.load import names

GRADLAB = [sys.executable, "-c", "from lab.cli import main; main()"]


@pytest.fixture
def spawn(small):
    """Start `gradlab run` of the small run as a process; with updates enough to last."""
    changes = [argument for change in [*small, "updates=1000000"] for argument in ("-s", change)]

    def spawn(*arguments: str):
        command = [sys.executable, "-c", "from lab.cli import main; main()", "run", *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command + ([] if "--resume" in arguments else ["a2-setting1", "--data", "mini", *changes]),
            stdout=pipe,
            stderr=pipe,
            text=True,
            env=os.environ | {"PYTHONPATH": os.getcwd()},  # noqa: PTH109
        )

    return spawn


def small_run(small, *changes):
    return ["run", "a2-setting1", "--data", "mini"] + [a for c in [*small, *changes] for a in ("-s", c)]


def test_help_and_no_command_say_what_there_is(gradlab):
    for arguments in ((), ("--help",)):
        code, out, _ = gradlab(*arguments)
        assert code == 0
        for command in ("presets", "run", "search", "reproduce", "runs", "data"):
            assert re.search(rf"^ +{command} ", out, re.M)


def test_version_is_that_of_the_installed_package(gradlab):
    code, out, _ = gradlab("--version")
    assert (code, out) == (0, f"gradlab {version('gradlab')}\n")


@pytest.mark.parametrize("command", [[], *([name] for name in typer.main.get_command(cli).commands), ["data", "fetch"]])
def test_every_command_shows_its_help_for_the_short_option_too(gradlab, command):
    short, long = gradlab(*command, "-h"), gradlab(*command, "--help")
    assert short == long
    assert short[0] == 0
    assert re.search(r"^ +-h, --help ", short[1], re.M)


def test_presets_lists_all_and_shows_one(gradlab):
    code, out, _ = gradlab("presets")
    assert code == 0
    assert all(name in out for name in names())
    code, out, _ = gradlab("presets", "a2-final")
    assert code == 0
    assert "lambda = 0.000648717" in out
    assert "n_s = 980 # half cycle, updates" in out


def test_presets_as_json_is_one_document(gradlab):
    listed = json.loads(gradlab("presets", "--json")[1])
    assert [preset["name"] for preset in listed] == names()
    shown = json.loads(gradlab("presets", "a2-final", "--json")[1])
    assert shown["loss"] == {"lambda": 0.000648717, "label_smoothing": 0.0, "logit_adjustment": False}


def test_a_run_prints_curves_and_its_numbers_beside_the_reported_ones(gradlab, small):
    code, out, err = gradlab(*small_run(small, "updates=40"))
    assert code == 0
    assert "━ validation" in out
    assert re.search(r"test accuracy +\d+\.\d\d% +45.88% +47.09%", out)
    assert "a2-setting1 · MNIST, embedded part: 300 train / 100 validation / 2,000 test" in out
    assert "The reported numbers are for the full data" in out
    assert 5 <= err.count("train/validation loss") <= 11  # plain lines where there is no terminal
    assert "\x1b" not in out + err


def test_a_run_as_json_prints_the_document_of_result_json_and_nothing_else(gradlab, small, tmp_path):
    code, out, _ = gradlab(*small_run(small, "updates=10"), "--json", "--seed", "3", "--threads", "1")
    assert code == 0
    (store,) = all_runs(tmp_path / "runs")
    assert json.loads(out) == store.result()
    assert (store.result()["seed"], store.result()["threads"]) == (3, 1)


def test_the_embedded_part_is_named_when_nobody_chose_it(gradlab, small):
    arguments = [a for a in small_run(small, "updates=2") if a not in ("--data", "mini")]
    assert "using the embedded part of MNIST; gradlab data fetch gets all of it" in gradlab(*arguments)[2]
    assert "embedded part" not in gradlab(*small_run(small, "updates=2"))[2]


def test_a_diverged_run_exits_1_and_says_at_which_update(gradlab, small):
    code, out, err = gradlab(*small_run(small, "updates=200", "eta=1e5", "schedule.kind=constant"))
    assert code == 1
    assert re.search(r"the loss was not finite at update \d+: try a smaller eta", err)
    assert re.search(r"test loss +-", out)


def test_runs_are_listed_and_shown(gradlab, small, tmp_path):
    assert "No runs yet" in gradlab("runs")[1]
    assert json.loads(gradlab("runs", "--json")[1]) == []
    gradlab(*small_run(small, "updates=10"))
    (store,) = all_runs(tmp_path / "runs")
    assert store.path.name in gradlab("runs")[1]
    (listed,) = json.loads(gradlab("runs", "--json")[1])
    assert (listed["run"], listed["state"], listed["updates"]) == (str(store.path), "done", 10)
    assert "test accuracy" in gradlab("runs", store.path.name)[1]
    assert json.loads(gradlab("runs", store.path.name[-4:], "--json")[1]) == store.result()


def test_the_list_of_runs_fits_80_columns(start, gradlab, monkeypatch):
    run = start("updates=20")
    run.go(lambda snapshot: run.trainer.stop() if snapshot.update == 9 else None)
    run.store.path.rename(run.store.path.with_name("20261121-143108-names-imbalanced-5718"))
    monkeypatch.setenv("COLUMNS", "80")
    out = gradlab("runs")[1]
    assert re.search(r"run +state +data +updates +result +report", out)
    assert re.search(r"names-imbalanced-5718 interrupted mini +9 +- +45.88%", out)


def test_where_it_is_narrow_the_list_of_runs_says_as_much(start, gradlab, monkeypatch):
    run = start("updates=3")
    run.go(lambda snapshot: None)
    monkeypatch.setenv("COLUMNS", "40")
    code, out, _ = gradlab("runs")
    name, progress, result = out.splitlines()
    assert (code, name) == (0, run.store.path.name)
    assert progress == "  done, mini, 3 updates"
    assert re.fullmatch(r"  \d+\.\d\d% test accuracy, reported 45\.88%", result)


def test_a_run_is_deleted_after_a_question_only(gradlab, small, tmp_path, monkeypatch):
    gradlab(*small_run(small, "updates=2"))
    (store,) = all_runs(tmp_path / "runs")
    for answer, left in (("n\n", True), ("", True), ("y\n", False)):
        monkeypatch.setattr("sys.stdin", StringIO(answer))
        code, out, err = gradlab("runs", store.path.name, "--delete")
        assert code == (0 if answer else 130)
        assert (out.strip(), store.path.exists()) == ("", left)
        assert f"Delete {store.path} for good?" in err


def test_a_run_that_is_written_is_not_deleted(start, gradlab, monkeypatch):
    run, codes = start("updates=2"), []

    def delete(snapshot):
        monkeypatch.setattr("sys.stdin", StringIO("y\n"))
        codes.append(gradlab("runs", run.store.path.name, "--delete")[0])

    run.go(delete)
    assert set(codes) == {2}
    assert run.store.result() is not None


def test_data_is_listed_with_size_source_and_licence(gradlab, tmp_path):
    for arguments in (("data",), ("data", "list")):
        code, out, _ = gradlab(*arguments)
        assert code == 0
        for word in ("CIFAR-10", "MNIST", "Surnames", "licence", "source", "absent; gradlab data fetch cifar10"):
            assert word in out
    assert {entry["name"] for entry in json.loads(gradlab("data", "--json")[1])} == set(SETS)
    assert json.loads(gradlab("data", "list", "--json")[1]) == json.loads(gradlab("data", "--json")[1])
    assert gradlab("data", "path")[1].strip() == str(tmp_path / "no-data")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("run", "which preset?"),
        ("run a2-seting1", "there is no preset a2-seting1; did you mean a2-setting1?"),
        ("presets a4", "there is no preset a4"),
        ("run ./none.toml", "none.toml: there is no such file"),
        ("run a2-setting1 -s etta=1", "there is no setting etta; did you mean optimiser.eta"),
        ("run a2-setting1 -s eta=fast", "optimiser.eta = 'fast': must be a valid number"),
        ("run a2-setting1 -s eta=-1", "optimiser.eta = -1: must be greater than 0"),
        ("run a2-setting1 -s eta", "write it as key=value"),
        (
            "run a2-setting1 --data mini -s batch=5000",
            "training.batch = 5000: a batch of 5000 examples cannot be drawn from 2,000",
        ),
        ("run a2-setting1 --data mini -s split=0/5/test", "split"),
        ("run a2-setting1 --data full", "no-data"),
        ("run a2-setting1 --data all", "--data: 'all' is not one of 'auto', 'mini', 'full'"),
        ("run a2-setting1 --seed x", "--seed x: must be a valid integer"),
        ("run a2-setting1 --threads 0", "--threads 0: must be greater than or equal to 1"),
        ("run a2-setting1 --threads 4096", "--threads 4096: this machine has"),
        ("run a2-setting1 --fast", "No such option"),
        ("run --resume nothing", "there is no run nothing in"),
        ("run --resume .", "is not a run directory"),
        ("run --resume x -s eta=1", "it takes no -s, --data or --seed"),
        ("runs nothing", "there is no run nothing in"),
        ("runs --delete", "--delete deletes one run"),
        ("data fetch imagenet", "imagenet"),
        ("nonsense", "No such command"),
    ],
)
def test_bad_input_is_one_line_on_stderr_exit_2_and_no_run(refused, tmp_path, arguments, message):
    refused(arguments, message)
    assert not (tmp_path / "runs").exists()


def test_what_the_terminal_cannot_write_does_not_end_a_command():
    name = "D\N{RIGHT SINGLE QUOTATION MARK}Angelo"
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONPATH": os.getcwd()}  # noqa: PTH109
    said, document = (
        subprocess.run([*GRADLAB, "names", name, *json_], env=environment, capture_output=True, check=True).stdout
        for json_ in ([], ["--json"])
    )
    assert b"D?Angelo" in said
    assert json.loads(document)["names"] == [name]


def test_a_folder_that_is_no_text_holds_a_run(gradlab, small, tmp_path):
    folder = tmp_path / os.fsdecode(b"\xff")
    code, out, _ = gradlab(*small_run(small, "updates=2"), "--runs-dir", str(folder), "--json")
    assert code == 0
    assert Path(json.loads(out)["run"]).parent == folder
    (run,) = all_runs(folder)
    assert run.result()["run"] == str(run.path)


def test_unreadable_toml_is_named_with_its_line(gradlab, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('title = "t"\n[optimiser\n')
    code, _, err = gradlab("run", str(path))
    assert code == 2
    assert err.startswith(f"gradlab: {path}: is not valid TOML: ")
    assert "line 2" in err


def test_a_place_that_cannot_be_written_is_named(gradlab, small, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = gradlab(*small_run(small, "updates=2"), "--runs-dir", str(tmp_path / "file"))
    assert code == 2
    assert re.fullmatch(rf"gradlab: {tmp_path}/file/\S+: Not a directory\n", err)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_run_that_can_be_resumed(spawn, tmp_path, number):
    process = spawn("--json")
    run = wait_for_updates(tmp_path / "runs")
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert json.loads(out)["state"] == "interrupted"
    assert f"resume with: gradlab run --resume {run}" in err
    process = spawn("--resume", run.name)
    wait_until(RunStore(run).running)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 130
    (store,) = all_runs(tmp_path / "runs")
    assert store.result()["updates"] >= json.loads(out)["updates"] > 0


def test_a_killed_run_is_shown_as_such_and_can_be_resumed(spawn, gradlab, tmp_path):
    process = spawn()
    run = wait_for_updates(tmp_path / "runs")
    assert json.loads(gradlab("runs", "--json")[1])[0]["state"] == "running"
    assert "it is still running" in gradlab("runs", run.name)[2]
    process.kill()
    process.communicate(timeout=30)
    assert json.loads(gradlab("runs", "--json")[1])[0]["state"] == "interrupted"
    code, _, err = gradlab("runs", run.name)
    assert code == 2
    assert f"it was killed; gradlab run --resume {run} resumes it" in err


def wait_for_updates(runs):
    """The run directory, once a few updates were evaluated."""
    wait_until(lambda: any(len(path.read_text().splitlines()) > 3 for path in runs.glob("*/metrics.csv")))
    return next(runs.iterdir())


def wait_until(condition):
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("waited a minute in vain")


def test_the_command_loads_no_framework_and_help_no_numpy():
    code = (
        "import sys, lab.cli; "
        "sys.argv = ['gradlab', '--help']\n"
        "try: lab.cli.main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'textual', 'matplotlib', 'torch', 'numpy', 'scipy', 'pydantic', 'PIL'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = out.splitlines()[-1]
    assert not {"textual", "matplotlib", "torch", "numpy", "scipy", "PIL"} & set(re.findall(r"\w+", loaded))


def test_a_reader_that_leaves_early_gets_no_traceback():
    command = f"{shlex.join(GRADLAB)} presets --json | head -1"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert result.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("command", [["presets"], ["presets", "--json"], ["--help"]])
def test_an_output_without_room_is_one_line(command):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*GRADLAB, *command], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (2, "gradlab: the output: No space left on device\n")


def test_closed_outputs_are_no_error():
    shell = ["sh", "-c", '"$@" >&- 2>&-', "sh", *GRADLAB, "presets"]
    assert subprocess.run(shell, timeout=60).returncode == 0


def test_brackets_in_a_path_are_printed_as_they_are(gradlab, small, tmp_path):
    runs = tmp_path / "old [runs]" / "[/x] :smile:"
    code, out, _ = gradlab(*small_run(small, "updates=2"), "--runs-dir", str(runs))
    (store,) = all_runs(runs)
    assert (code, out.splitlines()[-1]) == (0, str(store.path))
    assert shlex.split(command_lines.resume(store.path)) == ["gradlab", "run", "--resume", str(store.path)]


def test_too_little_memory_is_one_line(gradlab, small, tmp_path, monkeypatch):
    def refuse(self, theta, grad):
        raise MemoryError("Unable to allocate 38.4 GiB for an array")

    monkeypatch.setattr("core.network.Network.bind", refuse)
    code, _, err = gradlab(*small_run(small))
    assert (code, err) == (2, "gradlab: not enough memory: Unable to allocate 38.4 GiB for an array\n")
    assert not (tmp_path / "runs").exists()


def test_the_preset_of_the_app_is_not_one_of_a_command(refused):
    refused("--preset a2-setting1 runs", "--preset opens the app: write gradlab runs a2-setting1")
