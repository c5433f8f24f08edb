"""What the trials of a search are given: distributions, grids, and that more trials begin with the same ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.search.draws import draw
from presets.schema import SearchSection, Vary

ETA = "optimiser.eta"


@pytest.fixture(scope="module")
def stats():
    """SciPy's. Its import takes two seconds, and every process that collects the tests would pay them."""
    from scipy import stats

    return stats


def values(vary, draws="random", seed=0, trials=400):
    search = SearchSection(vary=[vary], trials=trials, draws=draws)
    return [row[vary.key] for row in draw(search, seed, trials)]


@pytest.mark.parametrize("draws", ["random", "sobol"])
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    ("distribution", "low", "high", "oracle"),
    [
        ("log-uniform", 1e-5, 1e-1, lambda stats: stats.loguniform(1e-5, 1e-1)),
        ("uniform", -3.0, 5.0, lambda stats: stats.uniform(-3, 8)),
    ],
)
def test_draws_follow_their_distribution(stats, distribution, low, high, oracle, draws, seed):
    drawn = values(Vary(key=ETA, distribution=distribution, low=low, high=high), draws, seed)
    assert stats.kstest(drawn, oracle(stats).cdf).pvalue > 0.01
    assert len(set(drawn)) == len(drawn)


def test_the_two_distributions_can_be_told_apart(stats):
    """So that the test above can fail."""
    drawn = values(Vary(key=ETA, distribution="uniform", low=1e-5, high=1e-1))
    assert stats.kstest(drawn, stats.loguniform(1e-5, 1e-1).cdf).pvalue < 1e-6


def test_sobol_points_cover_the_range_more_evenly_than_random_ones(stats):
    vary = Vary(key=ETA, distribution="uniform", low=0, high=1)
    sobol, random = (
        np.mean([stats.kstest(values(vary, draws, seed, 64), "uniform").statistic for seed in range(10)])
        for draws in ("sobol", "random")
    )
    assert sobol < random / 3


@pytest.mark.parametrize("distribution", ["uniform", "log-uniform"])
def test_whole_numbers_include_both_ends(stats, distribution):
    drawn = values(Vary(key="training.batch", distribution=distribution, low=1, high=6, whole=True), trials=3000)
    assert all(type(value) is int for value in drawn)
    counts = [drawn.count(n) for n in range(1, 7)]
    assert sum(counts) == 3000
    edges = np.array([0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5])
    shares = np.diff(np.log(edges) if distribution == "log-uniform" else edges)
    assert stats.chisquare(counts, 3000 * shares / shares.sum()).pvalue > 0.01


def test_a_choice_takes_every_value_about_equally_often(stats):
    drawn = values(Vary(key="optimiser.kind", distribution="choice", values=["sgd", "adam", "momentum"]), trials=900)
    assert stats.chisquare([drawn.count(kind) for kind in ("sgd", "adam", "momentum")]).pvalue > 0.01


def test_a_grid_runs_through_all_combinations_the_last_fastest():
    search = SearchSection(
        vary=[
            Vary(key="network.batch_norm", distribution="grid", values=[True, False]),
            Vary(key="network.sigma", distribution="grid", values=[0.1, 0.01]),
        ]
    )
    rows = draw(search, 0, search.combinations)
    assert [tuple(row.values()) for row in rows] == [(True, 0.1), (True, 0.01), (False, 0.1), (False, 0.01)]


def test_a_grid_beside_draws_begins_anew_with_other_draws():
    search = SearchSection(
        vary=[
            Vary(key=ETA, distribution="uniform", low=0, high=1),
            Vary(key="network.batch_norm", distribution="grid", values=[True, False]),
        ],
        trials=4,
    )
    rows = draw(search, 0, 4)
    assert [row["network.batch_norm"] for row in rows] == [True, False, True, False]
    assert list(rows[0]) == [ETA, "network.batch_norm"]  # in the order of the preset
    assert len({row[ETA] for row in rows}) == 4


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**63 - 1),
    few=st.integers(1, 40),
    more=st.integers(0, 40),
    draws=st.sampled_from(["random", "sobol"]),
    low=st.floats(1e-6, 1e3),
    ratio=st.floats(1.001, 1e6),
    distribution=st.sampled_from(["uniform", "log-uniform"]),
)
def test_values_depend_on_the_seed_and_the_trial_alone_and_stay_in_range(
    seed, few, more, draws, low, ratio, distribution
):
    vary = [
        Vary(key=ETA, distribution=distribution, low=low, high=low * ratio),
        Vary(key="loss.lambda", distribution="uniform", low=0, high=1),
    ]
    search = SearchSection(vary=vary, trials=1, draws=draws)
    rows = draw(search, seed, few + more)
    assert draw(search, seed, few) == rows[:few]
    assert all(low * (1 - 1e-9) <= row[ETA] <= low * ratio * (1 + 1e-9) for row in rows)


def test_seeds_differ():
    vary = Vary(key=ETA, distribution="uniform", low=0, high=1)
    assert not set(values(vary, seed=1, trials=20)) & set(values(vary, seed=2, trials=20))
