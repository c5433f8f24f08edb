"""`gradlab bench`: updates per second, and the efficiency experiment of the report on surnames."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from core.objective import Objective
from lab.bench import bench
from lab.bench import efficiency as experiment
from lab.machine import cores
from presets.build import build, load_data
from presets.load import load

TINY = ["batch=3", "convolutions=[{filters=2, size=4}, {filters=3, size=2}]"]


@pytest.fixture
def brief(monkeypatch):
    """Let the command measure for a moment."""
    monkeypatch.setattr(bench, "PRESETS", ("a2-setting1", "names-best"))
    monkeypatch.setattr(bench, "SECONDS", 0.001)
    monkeypatch.setattr(experiment, "UPDATES", 1)


def tiny_experiment(updates=3, watch=lambda way, update: None):
    return experiment.experiment(load("names-balanced", TINY), updates, watch)


def test_the_matrices_of_kernel_and_input_give_the_windows_of_the_definition():
    rng = np.random.default_rng(0)
    for size, c, filters, length in [(1, 1, 1, 1), (2, 3, 4, 5), (3, 2, 1, 3)]:
        x, F = rng.normal(size=(length, c)), rng.normal(size=(size, c, filters))
        windows = np.array([np.einsum("pc,pcf->f", x[t : t + size], F) for t in range(length - size + 1)])
        np.testing.assert_allclose(experiment.kernel_matrix(F, length) @ x.ravel(), windows.ravel())
        for matrix in (experiment.input_matrix, experiment.sparse_input_matrix):
            np.testing.assert_allclose(matrix(x, size, filters) @ F.ravel(), windows.ravel())


def test_texts_become_one_hot_and_end_in_zeros():
    assert experiment.one_hot(np.array([[1, 0, 2]]), 2).tolist() == [[[0, 1], [1, 0], [0, 0]]]


def test_the_gradient_by_matrices_is_that_of_the_core():
    preset = load("names-balanced", TINY)
    dataset = load_data(preset, "auto")
    network = build(preset, dataset).network.astype(np.float64)
    x, y = dataset.train.x[::3000], dataset.train.y[::3000]
    Objective(network).gradient(x, y)
    expected = network.grad.copy()
    network.grad.fill(np.nan)
    inputs = experiment.one_hot(x, dataset.symbols)
    matrices = [experiment.input_matrix(example, 4, 2) for example in inputs]
    experiment.by_matrices(network, (inputs, matrices), y)
    np.testing.assert_allclose(network.grad, expected, rtol=1e-9, atol=1e-12)


def test_all_ways_of_the_experiment_make_the_same_updates():
    told = []
    document = tiny_experiment(updates=3, watch=lambda way, update: told.append((way, update)))
    assert [(m["name"], m["reported_seconds"]) for m in document["methods"]] == [
        ("dense", 50.5),
        ("sparse", 48),
        ("precomputed", 17),
        ("gradlab", None),
    ]
    dense, sparse, precomputed, ours = document["methods"]
    assert sparse["seconds"] > precomputed["seconds"] > 0
    assert ours["times_gradlab"] == 1
    assert dense["times_gradlab"] == dense["seconds"] / ours["seconds"]
    # Sums taken in another order: their last bits differ, so the gradients were not taken from one another.
    assert 0 < dense["largest_difference"] <= document["tolerance"]
    assert document["same_gradient"]
    assert (document["updates"], document["batch"]) == (3, 3)
    assert [update for _, update in told] == 3 * [0, 1, 2, 3]


def test_a_gradient_that_differs_is_found_at_the_last_update(monkeypatch):
    """Off by a millionth, at the last update alone."""
    layers = experiment._layers

    def wrong(network):
        way, made = layers(network), []

        def gradient(x, y):
            way.gradient(x, y)
            made.append(1)
            if len(made) == 3:
                network.grad[np.abs(network.grad).argmax()] *= 1 + 1e-6

        return replace(way, gradient=gradient)

    monkeypatch.setattr(experiment, "_layers", wrong)
    document = tiny_experiment(updates=3)
    assert not document["same_gradient"]
    assert document["methods"][0]["largest_difference"] == pytest.approx(1e-6, rel=0.01)


def test_the_experiment_at_the_command_line(gradlab, brief):
    code, out, err = gradlab("bench", "--experiment", "surnames")
    assert code == 0
    assert re.search(r"dense MX of every example +[\d.]+ s +[\d,]+ +50\.5 s +\de-\d\d", out)
    assert "updates of names-imbalanced, batches of 100, one thread, float64 · Surnames, full: 19,822 train" in out
    assert "The first and the last gradient agree to 1e-10" in out
    assert err.split("\n") == ["dense matrices", "sparse matrices", "Gradlab", ""]


def test_gradients_that_differ_are_a_failure(gradlab, brief, monkeypatch):
    monkeypatch.setattr(experiment, "TOLERANCE", -1.0)
    code, out, _ = gradlab("bench", "--experiment", "surnames", "--json")
    assert code == 1
    assert json.loads(out)["same_gradient"] is False


def test_rates_are_listed_for_one_thread_and_all_cores(gradlab, brief):
    code, out, err = gradlab("bench")
    assert code == 0
    assert re.search(r"names-best +59 +19,800" + len({1, cores()}) * r" +[\d,]+/s", out)
    assert err == "a2-setting1\nnames-best\n"


def test_rates_as_json(gradlab, brief):
    document = json.loads(gradlab("bench", "--json")[1])
    assert document["cores"] == cores()
    first = document["presets"][0]
    assert (first["preset"], first["batch"], first["parameters"]) == ("a2-setting1", 100, 154_160)
    assert first["updates_per_second"].keys() == {"1", str(cores())}
    assert all(rate > 0 for rate in first["updates_per_second"].values())


def test_an_experiment_there_is_not_is_refused(refused):
    refused("bench --experiment digits", "'digits' is not one of 'surnames'")
