"""The [search] section: what a file may say, what is refused and how, and what a trial's preset is."""

import tomllib

import pytest

from presets.errors import PresetError
from presets.load import as_changes, load, names, parse, with_values
from presets.toml import dump

SEARCHES = ["a2-coarse", "a2-fine", "a3-coarse", "a3-fine", "a3-sensitivity"]

FILE = """
title = "t"
[optimiser]
kind = "sgd"
eta = 0.1
[schedule]
kind = "triangular"
n_s = 10
[training]
cycles = 2
[search]
{search}
[[search.vary]]
{vary}
"""
UNIFORM = 'key = "loss.lambda"\ndistribution = "uniform"\nlow = 0\nhigh = 1'
GRID = 'key = "network.batch_norm"\ndistribution = "grid"\nvalues = [true, false]'


def file(search="trials = 3", vary=UNIFORM):
    return tomllib.loads(FILE.format(search=search, vary=vary))


def test_the_searches_of_the_reports_are_there():
    assert [name for name in names() if load(name).search] == SEARCHES


@pytest.mark.parametrize(
    ("name", "trials", "distribution", "low", "high"),
    [
        ("a2-coarse", 20, "log-uniform", 1e-5, 1e-1),
        ("a2-fine", 20, "log-uniform", 10**-4.31086003, 10**-2.389996346),
        ("a3-coarse", 10, "uniform", 1e-5, 1e-1),
        ("a3-fine", 30, "uniform", 1e-4, 1e-2),
    ],
)
def test_lambda_is_searched_in_the_ranges_of_the_reports(name, trials, distribution, low, high):
    search = load(name).search
    (vary,) = search.vary
    assert (vary.key, vary.distribution, search.trials) == ("loss.lambda", distribution, trials)
    assert (vary.low, vary.high) == pytest.approx((low, high), rel=1e-3)
    assert search.maximise == "validation.accuracy"
    assert not search.halving


def test_trainings_of_the_searches_are_those_of_the_reports():
    a2, a3 = load("a2-coarse"), load("a3-fine")
    assert (a2.data.split, a2.schedule.n_s, a2.training.cycles) == ("45000/5000/test", 900, 2)
    assert (a2.network.hidden, a3.network.hidden, a3.network.batch_norm) == ([50], [50, 50], True)
    assert (a3.schedule.n_s, a3.training.cycles, a3.training.batch) == (5 * 45000 // 100, 2, 100)
    sensitivity = load("a3-sensitivity")
    assert [vary.values for vary in sensitivity.search.vary] == [[True, False], [1e-1, 1e-3, 1e-4]]
    assert (sensitivity.loss.lambda_, sensitivity.search.maximise) == (0.005, "test.accuracy")


@pytest.mark.parametrize("name", SEARCHES)
def test_the_preset_that_trains_longer_is_there(name):
    longer = load(name).search.longer
    assert longer is None or load(longer).network == load(name).network


@pytest.mark.parametrize(
    ("search", "vary", "message"),
    [
        (
            "trials = 3",
            'key = "loss.lambda"\ndistribution = "normal"',
            "search.vary.0.distribution = 'normal': must",
        ),
        ("trials = 3", 'key = "loss.lamda"\ndistribution = "uniform"\nlow = 0\nhigh = 1', "did you mean loss.lambda"),
        ("trials = 3", 'key = "lambda"\ndistribution = "uniform"\nlow = 0\nhigh = 1', "the full name, loss.lambda"),
        ("trials = 3", 'key = "search.top"\ndistribution = "choice"\nvalues = [1]', "a search cannot vary itself"),
        ("trials = 3", 'key = "loss.lambda"\ndistribution = "uniform"\nlow = 0', "uniform needs low and high"),
        ("trials = 3", UNIFORM + "\nvalues = [1]", "uniform needs low and high, and takes no values"),
        (
            "trials = 3",
            'key = "seed"\ndistribution = "uniform"\nlow = 2\nhigh = 1',
            "low = 2 must be less than high",
        ),
        ("trials = 3", UNIFORM.replace("uniform", "log-uniform"), "low = 0 must be greater than 0 for log-uniform"),
        ("trials = 3", UNIFORM.replace("high = 1", "high = 1.5\nwhole = true"), "must be whole numbers"),
        ("trials = 3", 'key = "seed"\ndistribution = "choice"', "a choice takes values, and nothing else"),
        ("trials = 3", 'key = "seed"\ndistribution = "grid"\nvalues = []', "a grid takes values"),
        ("trials = 3", f"{UNIFORM}\n[[search.vary]]\n{UNIFORM}", "search.vary names a setting twice"),
        ("", UNIFORM, "search.trials is missing"),
        ("trials = 0", UNIFORM, "search.trials = 0: must be greater than 0"),
        ("trials = 3", GRID, "search.trials = 3: the grid has 2 combinations"),
        ("trials = 3\nmaximise = 'test.loss'", UNIFORM, "search.maximise = 'test.loss': must be"),
        ("trials = 3\nmaximise = 'test.accuracy'\nhalving = true", UNIFORM, "needs search.maximise"),
        ("trials = 3\nhalving = true", 'key = "schedule.n_s"\ndistribution = "choice"\nvalues = [1]', "share"),
        ("trial = 3", UNIFORM, "search.trial is not a setting; did you mean trials?"),
    ],
)
def test_a_section_that_cannot_be_is_refused_in_one_line(search, vary, message):
    with pytest.raises(PresetError) as refusal:
        parse(file(search, vary), "mine", origin="mine.toml")
    assert str(refusal.value).startswith("mine.toml: ")
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_halving_needs_cycles():
    raw = file("trials = 3\nhalving = true")
    raw["training"]["cycles"] = 1
    with pytest.raises(PresetError, match=r"search.halving needs training.cycles of at least 2"):
        parse(raw, "mine", origin="mine.toml")


def test_a_search_can_be_given_on_the_command_line():
    changes = ["search.vary=[{key='optimiser.eta', distribution='log-uniform', low=1e-4, high=1}]", "search.trials=8"]
    preset = load("a1-test2", changes)
    assert (preset.search.trials, preset.search.vary[0].high) == (8, 1.0)
    assert parse(tomllib.loads(dump(preset)), "a1-test2", origin="x") == preset


def test_a_trial_is_the_preset_without_its_search_and_with_its_values():
    trial = with_values(load("a2-coarse"), {"loss.lambda": 0.1 + 0.2, "network.hidden": [7, 5]}, "trial 3")
    assert (trial.name, trial.loss.lambda_, trial.network.hidden) == ("trial 3", 0.1 + 0.2, [7, 5])
    assert trial.search is None
    assert trial.reference is None
    base = load("a2-coarse")
    assert (trial.data, trial.schedule, trial.training, trial.seed) == (
        base.data,
        base.schedule,
        base.training,
        base.seed,
    )


def test_values_that_cannot_be_are_refused_with_the_trial():
    with pytest.raises(PresetError, match=r"^trial 3 with loss.lambda=-0.5: loss.lambda = -0.5: must be greater"):
        with_values(load("a2-coarse"), {"loss.lambda": -0.5}, "trial 3")


@pytest.mark.parametrize("value", [1e-05, 0.1 + 0.2, 12345678.9, 5e-324, 3, True, False, "adam", [50, 30], [True]])
def test_a_value_written_as_a_change_is_read_back_to_the_last_bit(value):
    (change,) = as_changes({"key": value})
    assert tomllib.loads(change.replace("key=", "key = "))["key"] == value
