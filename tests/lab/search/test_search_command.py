"""`gradlab search`: what it prints, its JSON, its refusals."""

import io
import json
import re
import shlex
from pathlib import Path

import pytest
from rich.console import Console

from lab.runs.store import RunStore
from lab.search.search import begin
from lab.search.view import SearchProgress
from presets.load import load
from tests.lab.drawing.cells import spots
from tests.lab.search.test_search import threads  # noqa: F401

pytestmark = pytest.mark.usefixtures("threads")
VARY_ETA = "search.vary=[{key='optimiser.eta',distribution='log-uniform',low=1e5,high=1e6}]"


@pytest.fixture
def search(gradlab, small):
    """Call gradlab search of the small preset: search("--json", changes=[...]) -> (exit code, stdout, stderr)."""

    def search(*arguments, changes=(), preset="a2-coarse"):
        settings = [argument for change in [*small, *changes] for argument in ("-s", change)]
        return gradlab("search", preset, "--data", "mini", *settings, *arguments)

    return search


def test_a_search_prints_points_the_best_their_range_and_what_to_do_next(search):
    code, out, err = search("--trials", "7")
    assert code == 0
    assert 1 <= spots(out) <= 16  # validation, train and the legend; points may touch
    assert "log10 loss.lambda" in out
    assert "a2-coarse · MNIST, embedded part: 300 train / 100 validation / 2,000 test" in out
    best = [re.split(r"\s{2,}", line.strip()) for line in re.findall(r"^ *\d  +\d.*%.*$", out, re.M)]
    assert [row[0] for row in best] == ["1", "2", "3", "4", "5"]
    accuracies = [float(row[3].rstrip("%")) for row in best]
    assert accuracies == sorted(accuracies, reverse=True)
    (low, high), count = re.search(r"validation accuracy from (.*)% to (.*)% over (\d) trials", out).group(1, 2), 7
    assert float(high) == accuracies[0]
    assert float(low) <= accuracies[-1]
    assert f"{count} trials in" in out
    assert re.search(r"train the best longer: gradlab run a2-final -s loss.lambda=[\d.e-]+$", out, re.M)
    assert "The reported numbers are for the full data" in out
    assert [line.split()[0] for line in err.splitlines()] == [str(n) for n in range(1, 8)]
    assert "\x1b" not in out + err


def test_the_printed_command_trains_with_exactly_the_best_value(search, gradlab):
    out = search("--trials", "3")[1]
    change = re.search(r"gradlab run a2-final -s (\S+)", out)[1]
    document = json.loads(search("--trials", "3", "--json")[1])
    assert load("a2-final", [change]).loss.lambda_ == document["best"]["values"]["loss.lambda"]


def test_without_a_longer_preset_the_printed_command_trains_the_best_trial_as_it_was(search, gradlab):
    code, out, _ = search("--trials", "3", "--seed", "4", changes=["search.longer=", "hidden=7"])
    command = shlex.split(re.search(r"^train the best: (.*)$", out, re.M)[1])
    assert (code, command[:2]) == (0, ["gradlab", "run"])
    (row,) = re.findall(r"^ *1  +\d.*%.*$", out, re.M)
    trained = json.loads(gradlab(*command[1:], "--data", "mini", "--json")[1])
    assert f"{trained['final']['validation']['accuracy']:.2%}" in row
    preset = RunStore(Path(trained["run"])).preset()
    assert (preset.network.hidden, preset.seed) == ([7], 4)


def test_as_json_it_is_one_document_that_the_search_keeps(search, tmp_path):
    code, out, _ = search("--trials", "3", "--jobs", "2", "--seed", "5", "--json")
    document = json.loads(out)
    assert code == 0
    (path,) = (tmp_path / "runs").glob("[!.]*")
    assert document == json.loads((path / "result.json").read_text())
    assert (document["run"], document["jobs"], len(document["trials"])) == (str(path), 2, 3)
    assert search("--trials", "3", "--seed", "6", "--json")[1] != out


def test_a_finer_search_says_which_range_it_takes_and_why(search):
    coarse = json.loads(search("--trials", "6", "--json")[1])
    code, out, err = search("--trials", "2", "--refine")
    assert code == 0
    where = f"the range of the best 5 of 6 trials of {coarse['run']}"
    reason = rf"a2-coarse-refined: loss.lambda from \S+ to \S+: {where} \("
    assert re.search(reason, " ".join(err.split()))
    assert "the range of the best 5 of 6 trials" in out


def test_a_grid_is_drawn_in_series_and_all_of_it_is_listed(search):
    code, out, _ = search(preset="a3-sensitivity")
    assert code == 0
    assert "⠶ network.batch_norm true" in out
    assert "⣿ network.batch_norm false" in out
    assert len(re.findall(r"^ *\d  +(?:true|false) ", out, re.M)) == 6


def test_failed_trials_are_told_and_only_failed_ones_are_a_failure(search):
    code, out, err = search("--trials", "2", changes=["schedule.kind=constant", "updates=200", VARY_ETA])
    assert code == 1
    assert "no trial finished" in out
    assert re.search(r"trial 2 diverged: the loss was not finite at update \d", out)
    assert re.search(r"^2 of 2  trial 2  optimiser.eta \S+  diverged: the loss was not finite", err, re.M)


def test_what_halving_spared_is_told(search):
    code, out, _ = search("--trials", "4", changes=["search.halving=true"])
    assert code == 0
    assert "successive halving saved 40 of 160 updates" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("search", "Missing argument 'PRESET|FILE:NAME'"),
        ("search a2-corse", "there is no preset a2-corse; did you mean a2-coarse?"),
        (
            "search a2-final",
            "a2-final has no [search] section; a2-coarse, a2-fine, a3-coarse, a3-fine, a3-sensitivity have",
        ),
        ("search a2-coarse --trials 0", "--trials"),
        ("search a2-coarse --jobs 0", "--jobs"),
        ("search a3-sensitivity --data mini --trials 7", "--trials 7: the grid of a3-sensitivity has 6 combinations"),
        ("search a2-coarse --data full", "no-data"),
        ("search a2-coarse --data mini --refine", "run gradlab search a2-coarse first"),
        ("search a2-coarse -s search.trial=3", "there is no setting search.trial; did you mean search.trials"),
    ],
)
def test_bad_input_is_refused_before_anything_is_made(refused, tmp_path, arguments, message):
    refused(arguments, message)
    assert not (tmp_path / "runs").exists()


def test_the_live_picture_fits_a_small_terminal(small, tmp_path):
    search = begin(load("a2-coarse", [*small, "search.trials=6"]), "mini", tmp_path, 1)
    terminal = Console(file=io.StringIO(), force_terminal=True, width=80, height=24, color_system=None)
    progress = SearchProgress(terminal, search)
    terminal.print(progress._picture())
    assert "a2-coarse: 0 of 6 trials, 1 at a time" in terminal.file.getvalue()
    search.run(progress)
    terminal.file.truncate(0)
    terminal.print(progress._picture())
    text = terminal.file.getvalue().strip("\x00")
    assert "a2-coarse: 6 of 6 trials" in text
    assert 1 <= spots(text) <= 14
    assert len(text.splitlines()) <= 24
    assert max(map(len, text.splitlines())) <= 80
