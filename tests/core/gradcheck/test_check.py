"""The gradient check: right networks pass, what it says about a tensor is true, and nothing it looks at is changed."""

import numpy as np
import pytest

from core.gradcheck.check import Settings, check, check_layer, check_target, examine
from core.gradcheck.targets import LayerTarget, ObjectiveTarget
from core.layers import BatchNorm, Dense, Dropout, Flatten, ReLU
from core.network import Network
from core.objective import Objective
from core.optimisers import SGD
from core.streams import stream
from tests.core.slow_layers import SlowConv, SlowMaxPool

NINE = (50, 30, 20, 20, 10, 10, 10, 10)


def network(hidden=(6, 5), batch_norm=False, d=8, dropout=0.0, seed=0):
    layers = [Flatten()]
    for units in hidden:
        layers += [Dense(units), *([BatchNorm()] if batch_norm else []), ReLU()]
        layers += [Dropout(dropout, stream(seed, "dropout"))] if dropout else []
    built = Network([*layers, Dense(10)], (d,), np.float32)
    built.initialise(stream(seed, "init"))
    return built


def batch(n=7, d=8, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)).astype(np.float32), rng.integers(0, 10, n)


@pytest.mark.parametrize("method", ["complex", "central", "directional"])
@pytest.mark.parametrize("lambda_", [0.0, 0.1])
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("hidden", [(), (50,), (50, 50), NINE])
def test_the_networks_of_the_assignments_pass(hidden, batch_norm, lambda_, method):
    x, y = batch(20, 20)
    report = check(Objective(network(hidden, batch_norm, d=20), lambda_), x, y, Settings(method=method))
    assert report.passed, [t.verdict for t in report.tensors]
    assert report.method == method
    assert [t.name for t in report.tensors][:2] == ["W1", "b1"]
    if method == "complex":
        assert max(t.worst for t in report.tensors) < 1e-9
    else:
        assert max(t.worst for t in report.tensors) < 1e-6


@pytest.mark.parametrize("method", ["complex", "central"])
def test_a_network_that_has_learnt_a_little_passes(method):
    x, y = batch(20)
    objective = Objective(network(batch_norm=True), 0.01)
    for _ in range(5):
        objective.gradient(x, y)
        SGD().update(objective.network.theta, objective.network.grad, 0.1)
    assert check(objective, x, y, Settings(method=method)).passed


def test_dropout_is_checked_with_one_mask_and_the_report_says_so():
    x, y = batch()
    report = check(Objective(network(dropout=0.4)), x, y)
    assert report.passed
    assert report.notes == ("the dropout mask is drawn once and kept",)


def test_the_network_its_statistics_and_its_streams_stay_as_they_are():
    x, y = batch()
    objective = Objective(network(batch_norm=True, dropout=0.4), 0.1)
    objective.gradient(x, y)
    before, grad = objective.network.state(), objective.network.grad.copy()
    mask = [layer.rng.bit_generator.state for layer in objective.network.layers if isinstance(layer, Dropout)]
    check(objective, x, y)
    check(objective, x, y, Settings(method="central"))
    for name, value in objective.network.state().items():
        np.testing.assert_array_equal(value, before[name])
    np.testing.assert_array_equal(objective.network.grad, grad)
    assert mask == [layer.rng.bit_generator.state for layer in objective.network.layers if isinstance(layer, Dropout)]


@pytest.mark.parametrize("layer", [Dense(3), ReLU(), BatchNorm(), Dropout(0.5, stream(0, "dropout")), Flatten()])
@pytest.mark.parametrize("method", ["complex", "central", "directional"])
def test_every_layer_passes_alone_dx_included(layer, method):
    report = check_layer(layer, np.random.default_rng(1).normal(size=(6, 5)), Settings(method=method))
    assert report.passed, [t.verdict for t in report.tensors]
    assert report.tensors[0].name == "x"


@pytest.mark.parametrize("layer", [SlowConv(2), SlowMaxPool()])
def test_convolution_and_pooling_pass_alone(layer):
    assert check_layer(layer, np.random.default_rng(1).normal(size=(2, 4, 4, 2))).passed


def test_every_number_of_a_tensor_report_is_what_the_formula_gives():
    x, y = batch()
    objective = Objective(network(hidden=()), 0.1)
    objective.network.theta += 0.01
    settings = Settings(method="central", h=1e-4, eps=1e-3, samples=None)
    report = check(objective, x, y, settings).tensors[0]
    twin = Objective(objective.network.astype(np.float64), 0.1)
    twin.gradient(x.astype(float), y)
    W, ga = (getattr(twin.network.tensors["W1"], part).copy() for part in ("value", "grad"))
    gn = np.empty_like(W)
    for place in np.ndindex(W.shape):
        costs = []
        for sign in (1, -1):
            live = twin.network.tensors["W1"].value
            live[place] = W[place] + sign * 1e-4
            costs.append(twin.cost(x.astype(float), y).real)
            live[place] = W[place]
        gn[place] = (costs[0] - costs[1]) / 2e-4
    errors = np.abs(ga - gn) / np.maximum(1e-3, np.abs(ga) + np.abs(gn))
    np.testing.assert_allclose(report.errors, errors.ravel(), rtol=1e-3, atol=1e-12)
    assert report.checked == W.size == 80
    assert report.worst == report.errors.max()
    assert report.median == np.median(report.errors)
    assert report.quartiles == tuple(np.quantile(report.errors, [0.25, 0.75]))
    assert report.worst_at == tuple(np.unravel_index(report.errors.argmax(), W.shape))
    assert report.absolute == pytest.approx(np.abs(ga - gn).max(), rel=1e-3)
    assert report.analytic == pytest.approx(ga[report.worst_at], rel=1e-12)


def relu_at(distance):
    """One ReLU of one input whose kink is so far away; W and b are at 1 and 0."""
    net = Network([Dense(1), ReLU(), Dense(2)], (1,), np.float64)
    net.theta[...] = [1.0, 0.0, 1.0, -1.0, 0.0, 0.0]
    return Objective(net), np.array([[distance]]), np.array([0])


@pytest.mark.parametrize("distance", [5e-6, -5e-6])
def test_a_step_across_a_kink_neither_passes_nor_fails(distance):
    report = check(*relu_at(distance), Settings(method="central", h=1e-5))
    b1 = report.tensors[1]
    assert (b1.name, b1.checked, b1.crossed) == ("b1", 0, 1)
    fine = check(*relu_at(distance), Settings(method="central", h=1e-7)).tensors[1]
    assert (fine.checked, fine.crossed, fine.passed) == (1, 0, True)


def test_the_complex_step_never_crosses_a_kink():
    report = check(*relu_at(1e-12))
    assert report.passed
    assert [t.crossed for t in report.tensors] == [0, 0, 0, 0]


class Blind(ObjectiveTarget):
    """One that cannot see its kinks."""

    def cost(self, name, index, step):
        return super().cost(name, index, step)._replace(crossed=None)


@pytest.mark.parametrize(("share", "right"), [(0.0, True), (0.4, True), (1.0, True), (-0.1, False), (1.1, False)])
def test_on_a_kink_every_slope_between_those_to_either_side_is_right(share, right):
    target = Blind(*relu_at(0.0))
    slope = check(*relu_at(1e-12)).tensors[1].analytic  # to the one side; to the other it is 0
    gradients = target.gradients
    target.gradients = lambda params: gradients(params) | {"b1": np.array([share * slope])}
    b1 = check_target(target, Settings(method="central")).tensors[1]
    assert (b1.passed, b1.checked) == (right, 1)


def test_a_target_that_cannot_see_its_kinks_is_asked_again_with_smaller_steps():
    for distance in (5e-6, 4e-7):
        report = check_target(Blind(*relu_at(distance)), Settings(method="central"))
        assert report.tensors[1].crossed == 1
    wrong = Blind(*relu_at(1.0))
    gradients = wrong.gradients
    wrong.gradients = lambda params: {name: 1.01 * g for name, g in gradients(params).items()}
    report = check_target(wrong, Settings(method="central"))
    assert not report.passed
    assert not any(t.crossed for t in report.tensors)


def test_true_zeros_on_both_sides_pass_and_are_counted():
    x, y = batch()
    objective = Objective(network(hidden=(4,)))
    objective.network.tensors["b1"].value[...] = [-100, 1, 1, 1]  # the first unit is dead
    report = check(objective, x, y)
    assert report.passed
    W1, b1, W2, _ = report.tensors
    assert (W1.zero, b1.zero) == (8, 1)
    assert W2.zero == 10


def test_a_bias_before_batch_normalisation_has_no_gradient_and_passes():
    x, y = batch(20)
    for seed in range(10):
        objective = Objective(network(batch_norm=True, seed=seed))
        b1 = next(t for t in check(objective, x, y, Settings(samples=None)).tensors if t.name == "b1")
        assert b1.passed
        assert max(abs(b1.analytic), abs(b1.numeric)) < 1e-14


def test_small_gradients_are_not_waved_through():
    """With sigma 1e-4 the first layer's gradient is tiny, and half of it is still seen to be wrong."""
    x, y = batch(20)
    objective = Objective(network(hidden=(8, 8, 8)))
    for tensor in objective.network.decayed():
        tensor.value[...] *= 1e-4
    target = ObjectiveTarget(objective, x, y)
    right = target.gradients
    assert 0 < np.abs(right(target.params)["W1"]).max() < 1e-10
    target.gradients = lambda params: {k: g / 2 if k == "W1" else g for k, g in right(params).items()}
    report = check_target(target)
    assert [t.name for t in report.tensors if not t.passed] == ["W1"]


def test_only_some_coordinates_of_a_large_tensor_are_compared_the_largest_among_them():
    x, y = batch(10, 300)
    objective = Objective(network(hidden=(50,), d=300))
    target = ObjectiveTarget(objective, x, y)
    W1 = check_target(target, Settings(samples=40)).tensors[0]
    assert W1.shape == (300, 50)
    assert W1.checked == 40
    assert W1.direction < 1e-12
    asked = coordinates_asked(target, Settings(samples=40))
    gradient = np.abs(target.gradients(target.params)["W1"]).ravel()
    assert {("W1", int(k)) for k in np.argsort(-gradient)[:10]} <= asked


def coordinates_asked(target, settings):
    """Names of tensors and flat indices of the single elements that a check moves."""
    asked = set()
    cost = target.cost

    def noted(name, index, step):
        if isinstance(index, int):
            asked.add((name, index))
        return cost(name, index, step)

    target.cost = noted
    check_target(target, settings)
    target.cost = cost
    return asked


def test_coordinates_are_drawn_from_all_of_a_tensor():
    x, y = batch(10, 300)
    target = ObjectiveTarget(Objective(network(hidden=(50,), d=300)), x, y)
    largest = set(np.argsort(-np.abs(target.gradients(target.params)["W1"]).ravel())[:10].tolist())
    drawn = [
        index
        for seed in range(20)
        for name, index in coordinates_asked(target, Settings(samples=40, seed=seed))
        if name == "W1" and index not in largest
    ]
    counts, _ = np.histogram(drawn, bins=5, range=(0, 300 * 50))  # 600 drawn: 120 in each fifth, give or take 10
    assert counts.sum() == 600
    assert counts.min() > 80


def test_tensors_come_one_by_one():
    x, y = batch()
    target = ObjectiveTarget(Objective(network(hidden=(4,))), x, y)
    reports = examine(target, Settings())
    assert next(reports).name == "W1"
    seen = []
    check_target(target, progress=lambda tensor: seen.append(tensor.name))
    assert seen == ["W1", "b1", "W2", "b2"]


def test_the_same_seed_gives_the_same_report():
    x, y = batch(10, 300)
    first, second = (check(Objective(network(d=300)), x, y, Settings(samples=20, seed=3)) for _ in range(2))
    assert first.tensors == second.tensors
    target = ObjectiveTarget(Objective(network(d=300)), x, y)
    assert coordinates_asked(target, Settings(samples=20, seed=3)) != coordinates_asked(
        target, Settings(samples=20, seed=4)
    )


@pytest.mark.parametrize(
    ("gradient", "words"),
    [
        (lambda W: np.ones((5, *W.shape)), "it is not summed over the examples"),
        (lambda W: np.ones(W.shape[::-1]), "it is transposed"),
        (lambda W: np.ones(3), "has shape (3,), the tensor (8, 10)"),
        (lambda W: np.full(W.shape, np.inf), "is inf at [0,0] and 79 other places"),
        (lambda W: np.ones(W.shape, int), "holds int64 numbers"),
    ],
)
def test_a_gradient_that_cannot_be_compared_is_a_message(gradient, words):
    x, y = batch()
    target = ObjectiveTarget(Objective(network(hidden=())), x, y)
    target.gradients = lambda params: {"W1": gradient(params["W1"])}
    report = check_target(target)
    assert words in report.tensors[0].verdict
    assert report.tensors[1].verdict == "fails: there is no gradient for b1"


def test_a_gradient_of_float32_is_judged_by_what_float32_can_do():
    class Single(LayerTarget):
        def gradients(self, params):
            single = {k: v.astype(np.float32) for k, v in super().gradients(params).items()}
            return {k: v * np.float32(self.error) for k, v in single.items()}

    target = Single(Dense(4), np.random.default_rng(0).normal(size=(6, 5)), np.random.default_rng(1))
    target.error = 1
    assert check_target(target).passed
    target.error = 1.01
    assert not check_target(target).passed


def test_code_that_complex_numbers_do_not_pass_through_is_checked_by_central_differences():
    x, y = batch()
    target = ObjectiveTarget(Objective(network()), x, y)
    target.takes_complex = False
    report = check_target(target)
    assert report.passed
    assert 1e-12 < max(t.worst for t in report.tensors) < 1e-6
    assert "central differences" in report.notes[0]


def test_the_report_as_plain_values():
    x, y = batch()
    document = check(Objective(network()), x, y, name="small").as_dict()
    assert {"target", "method", "passed", "tensors", "seconds"} <= document.keys()
    assert document["target"] == "small"
    assert document["passed"] is True
    tensor = document["tensors"][0]
    assert tensor.keys() == {"name", "shape", "checked", "crossed", "zero", "worst", "median", "passed", "diagnosis"}
    assert tensor["shape"] == [8, 6]
