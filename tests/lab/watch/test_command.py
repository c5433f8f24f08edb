"""`gradlab watch` as it is called."""

import json
import signal
import sys
from io import StringIO

import pytest

from gradlab import log
from lab.console import SafeConsole
from lab.expected.curves import expected
from lab.watch import command, like
from lab.watch.document import WatchDocument
from lab.watch.follow import Follower
from presets.load import load
from tests.lab.documents import faults

CSV = "step,Train Loss,val_loss,val_acc,lr\n0,2.3,2.4,10,0.1\n50,1.5,1.25,40.5,0.1\n100,1.0,1.5,39.5,0.1\n"


@pytest.fixture
def run_csv(tmp_path):
    path = tmp_path / "run.csv"
    path.write_text(CSV)
    return str(path)


def words(line):
    return line.split()


def test_without_a_terminal_it_prints_once(gradlab, run_csv):
    code, out, err = gradlab("watch", run_csv)
    assert (code, err) == (0, "")
    lines = [words(line) for line in out.splitlines()]
    assert ["Train", "Loss", "1.0000", "100", "1.0000", "100"] in lines
    assert ["val_loss", "1.5000", "100", "1.2500", "50"] in lines
    assert ["val_acc", "39.50%", "100", "40.50%", "50"] in lines
    assert words("other columns: lr; --column NAME draws one") in lines
    assert "train 1" in out
    assert "validation 1.5" in out


def test_the_document(gradlab, run_csv):
    code, out, _ = gradlab("watch", run_csv, "--column", "lr", "--like", "a2-setting1", "--json")
    document = json.loads(out)
    assert code == 0
    assert faults(document, WatchDocument) == []
    assert [(s["column"], s["measure"], s["split"], s["percent"]) for s in document["series"]] == [
        ("Train Loss", "loss", "train", False),
        ("val_loss", "loss", "validation", False),
        ("val_acc", "accuracy", "validation", True),
        ("lr", None, None, False),
    ]
    assert document["series"][2]["values"] == [0.1, 0.405, 0.395]
    assert document["series"][2]["best"] == {"x": 50, "value": 0.405}
    many = f"{expected('a2-setting1').seeds} seeds"
    assert document["like"] == {
        "preset": "a2-setting1",
        "source": f"a2-setting1: mean and standard deviation of {many} on the full data, as shipped with Gradlab",
        "runs": [],
        "reported": {"test.accuracy": 0.4588},
    }


@pytest.mark.parametrize("count", ["update", "epoch"])
def test_against_the_curves_that_come_with_gradlab(gradlab, tmp_path, count):
    moment = next(moment for moment in expected("a2-setting1").moments if moment.update == 500)
    at = {"update": 500, "epoch": moment.epoch}[count]
    (tmp_path / "a.csv").write_text(f"{count},loss,val_acc\n0,2,0.1\n{at},1,0.4\n")
    _, out, _ = gradlab("watch", str(tmp_path / "a.csv"), "--like", "a2-setting1")
    loss, accuracy = [line.split()[-1] for line in out.splitlines() if line.split()[:1] in (["loss"], ["val_acc"])][-2:]
    assert loss == f"{moment.measures['train_loss'].mean:.4f}"
    assert accuracy == f"{moment.measures['validation_accuracy'].mean:.2%}"
    assert "reported: test 45.88%" in out


def test_against_a_preset_without_curves_and_runs(gradlab, run_csv, monkeypatch):
    monkeypatch.setattr(like, "expected", lambda preset: None)
    _, out, _ = gradlab("watch", run_csv, "--like", "a2-setting1")
    assert "a2-setting1: no finished run of it is saved; its report gives a number" in out


def test_what_is_not_finite_is_null_and_said(gradlab, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"step": 1, "loss": 2}\n{"step": 7, "loss": NaN}\n')
    _, out, _ = gradlab("watch", str(tmp_path / "a.jsonl"), "--json")
    document = json.loads(out)
    assert document["series"][0]["values"] == [2, None]
    assert document["notes"] == ["loss is not finite at step 7"]
    assert faults(document, WatchDocument) == []


def test_against_saved_runs(gradlab, start, small, run_csv, monkeypatch):
    preset = load("a2-setting1", [*small, "updates=14"])
    monkeypatch.setattr(like, "load", lambda name: preset)  # as if it had come with Gradlab: a full one takes too long
    monkeypatch.setattr(like, "expected", lambda preset: None)
    for seed in (1, 2):
        start("updates=14", f"seed={seed}").go(lambda snapshot: None)
    start("updates=14", "eta_min=1e-4").go(lambda snapshot: None)  # another setting
    _, out, _ = gradlab("watch", run_csv, "--like", "a2-setting1", "--json")
    against = json.loads(out)["like"]
    assert len(against["runs"]) == 2
    assert against["source"] == "a2-setting1: mean and range of 2 saved runs on the embedded part of mnist"
    _, out, _ = gradlab("watch", run_csv, "--like", "a2-setting1")
    assert "a2-setting1 there" in out
    assert "reported: test 45.88%" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("watch no.csv", "no.csv: there is no such file"),
        ("watch empty.csv", "empty.csv: it is empty"),
        ("watch words.txt", "words.txt: it holds no table of numbers"),
        ("watch .", "is a folder: give the file that is written"),
        ("watch run.csv --column lrr", "--column lrr: run.csv has no such column; did you mean lr?"),
        ("watch run.csv --like a2-seting1", "did you mean a2-setting1?"),
    ],
)
def test_bad_input(refused, run_csv, tmp_path, arguments, message):
    (tmp_path / "empty.csv").touch()
    (tmp_path / "words.txt").write_text("hello\nyou\n")
    refused(arguments, message)


def test_names_of_columns_cannot_control_the_terminal(gradlab, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("step,val_loss \x1b[2J,\x1b]0;x\x07\n1,2,3\n2,3,4\n")
    for arguments in ([], ["--json"], ["--column", "\x1b]0;x\x07"]):
        _, out, _ = gradlab("watch", str(path), *arguments)
        assert "val_loss" in out
        assert not {"\x1b", "\x07"}.intersection(out)


def test_it_follows_until_it_is_interrupted_and_then_prints_the_table(tmp_path, monkeypatch):
    path, out, looks = tmp_path / "run.csv", StringIO(), iter(CSV.splitlines(keepends=True))
    monkeypatch.setattr(command, "LOOK_SECONDS", 0)
    monkeypatch.setattr(command, "IDLE", 0)
    monkeypatch.setattr(out, "isatty", lambda: True)
    terminal = SafeConsole(file=out, force_terminal=True, width=200, height=40)

    class Written(Follower):
        def poll(self):
            """The other program writes a line before each look, and then somebody presses ctrl+c."""
            news = super().poll()
            line = next(looks, None)
            if line is None:
                signal.raise_signal(signal.SIGINT)
            else:
                with path.open("a") as file:
                    file.write(line)
            return news

    handler = signal.getsignal(signal.SIGINT)
    command._follow(terminal, Written(path), None, [])
    assert signal.getsignal(signal.SIGINT) is handler
    assert "there is no such file" in out.getvalue()
    final = out.getvalue().rpartition("Train Loss")[2]
    assert "1.0000" in final
    assert "ctrl+c" not in final


# gradlab.log


def test_what_log_writes_is_drawn(gradlab, tmp_path):
    path = tmp_path / "run.csv"
    for step in range(3):
        log(path, step=step, train_loss=2 / (step + 1))
    log(path, step=2, val_loss=float("nan"))
    assert path.read_text().splitlines()[:3] == ["step,train_loss", "0,2", "1,1"]
    _, out, _ = gradlab("watch", str(path), "--json")
    loss, validation = json.loads(out)["series"]
    assert (loss["x"], loss["values"]) == ([0, 1, 2], [2, 1, 2 / 3])
    assert (validation["x"], validation["values"]) == ([2], [None])


def test_log_continues_the_file_of_another_process(tmp_path, monkeypatch):
    path = tmp_path / "run.csv"
    log(path, step=1, loss=0.5)
    monkeypatch.setattr(sys.modules["gradlab.writer"], "_columns", {})
    log(path, step=2, loss=0.25)
    log(path, loss=0.125)
    path.unlink()
    assert not path.exists()
    log(path, step=1, loss=1)
    assert path.read_text() == "step,loss\n1,1\n"


def test_log_continues_below_one_header(tmp_path, monkeypatch):
    path = tmp_path / "run.csv"
    for step in (1, 2):
        monkeypatch.setattr(sys.modules["gradlab.writer"], "_columns", {})
        log(path, step=step, loss=0.5)
    assert path.read_text() == "step,loss\n1,0.5\n2,0.5\n"


def test_log_takes_numbers_only(tmp_path):
    with pytest.raises(ValueError, match="high"):
        log(tmp_path / "run.csv", loss="high")
    assert not (tmp_path / "run.csv").exists()
