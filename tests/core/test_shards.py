"""A batch in two shards: the gradient of the plain objective, whatever the network, the batch and the cut."""

import copy
from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.convolution import Conv2D, MaxPool
from core.halves import HalvedObjective
from core.layers import BatchNorm, Dense, Dropout, Flatten, ReLU
from core.losses import SoftmaxCrossEntropy
from core.network import Network
from core.objective import Objective
from core.sequences import CharacterConv, Conv1D, MaxOverTime
from core.shards import ShardedObjective, cut, multiplications
from core.streams import stream
from presets.build import build_objective

NETWORKS = {
    "dense": (lambda: [Dense(6), ReLU(), Dense(3)], (5,)),
    "images": (lambda: [Conv2D(4, 3), ReLU(), MaxPool(), Conv2D(9, 3), ReLU(), Flatten(), Dense(3)], (6, 8, 3)),
    "names": (lambda: [CharacterConv(4, 3, 7), ReLU(), Conv1D(5, 2), ReLU(), Flatten(), Dense(3)], (9,)),
    "over time": (lambda: [CharacterConv(4, (2, 3), 7, "full"), MaxOverTime(), ReLU(), Dense(3)], (9,)),
}
networks = st.sampled_from(sorted(NETWORKS))
losses = st.sampled_from([SoftmaxCrossEntropy(), SoftmaxCrossEntropy(0.2, np.array([0.2, 0.3, 0.5]))])


def network(kind, dtype=np.float64, seed=0):
    layers, shape = NETWORKS[kind]
    made = Network(layers(), shape, dtype)
    made.initialise(stream(seed, "init"))
    return made


def batch(kind, n, dtype=np.float64, seed=0):
    rng, shape = np.random.default_rng(seed), NETWORKS[kind][1]
    x = rng.integers(0, 8, (n, *shape)) if shape == (9,) else rng.normal(size=(n, *shape)).astype(dtype)
    return x, rng.integers(0, 3, n)


@given(
    kind=networks,
    n=st.integers(1, 70),
    rows=st.integers(1, 9),
    lambda_=st.sampled_from([0.0, 0.1]),
    loss=losses,
    seed=st.integers(0, 99),
)
def test_shards_give_the_gradient_of_the_plain_objective(kind, n, rows, lambda_, loss, seed):
    x, y = batch(kind, n, seed=seed)
    plain, sharded = (
        objective(network(kind, seed=seed), lambda_, copy.deepcopy(loss)) for objective in (Objective, ShardedObjective)
    )
    with patch("core.shards.ROWS", rows):
        for _ in range(2):  # with arrays that were used before
            np.testing.assert_allclose(sharded.gradient(x, y), plain.gradient(x, y), rtol=1e-12)
            np.testing.assert_allclose(sharded.network.grad, plain.network.grad, rtol=1e-9, atol=1e-12)
            sharded.network.theta += 0.1  # the second shard sees every update
            plain.network.theta += 0.1


@given(n=st.integers(16, 5000))
def test_a_cut_is_a_multiple_of_eight_next_to_the_middle(n):
    assert cut(n) % 8 == 0
    assert 0 < cut(n) < n
    assert abs(cut(n) - n / 2) <= 4


def test_what_is_cut_depends_on_shapes():
    def kind(batch, *layers, shape=(32, 32, 3)):
        return type(build_objective(Network([*layers, Dense(10)], shape), batch, 0.0, SoftmaxCrossEntropy()))

    assert kind(16, Conv2D(16, 5), ReLU(), Flatten()) is ShardedObjective
    assert kind(15, Conv2D(16, 5), ReLU(), Flatten()) is Objective, "too few rows"
    assert kind(16, Conv2D(16, 5), Flatten(), shape=(8, 8, 3)) is Objective, "too little to compute"
    assert kind(100, Flatten(), Dense(50), ReLU()) is HalvedObjective, "an example uses each weight once"
    assert kind(16, Conv2D(16, 5), Flatten(), Dense(5), BatchNorm()) is Objective, "statistics of all rows"


def test_a_weight_is_used_at_every_place_of_the_output():
    network = Network([Conv2D(7, 3, stride=2), Flatten(), Dense(10)], (8, 8, 3))
    assert multiplications(network) == 4 * 4 * 3 * 3 * 3 * 7 + 4 * 4 * 7 * 10


def dropout_objective(rng, loss=None):
    made = Network([Dense(400), ReLU(), Dropout(0.5, rng), Dense(2)], (3,), np.float64)
    made.initialise(stream(0, "init"))
    return ShardedObjective(made, loss=loss)


def test_each_shard_has_masks_of_its_own_and_the_stream_decides_them():
    x, y = np.ones((16, 3)), np.zeros(16, int)
    rng = stream(1, "dropout")
    objective = dropout_objective(rng)
    before = copy.deepcopy(rng.bit_generator.state)
    gradients = []
    for _ in range(2):
        objective.gradient(x, y)
        gradients.append(objective.network.grad.copy())
    assert (gradients[0] != gradients[1]).any()
    first, second = (o.network.layers[2]._mask for o in (objective, objective._second))
    assert first.shape == second.shape == (8, 400)
    assert (first != second).any()
    assert 0.45 < np.mean(second == 0) < 0.55
    rng.bit_generator.state = before
    objective.gradient(x, y)
    np.testing.assert_array_equal(objective.network.grad, gradients[0])


def test_a_copy_is_the_plain_objective():
    """A gradient check differentiates the cost of all rows."""
    shares = np.array([0.3, 0.7])
    objective = dropout_objective(stream(1, "dropout"), SoftmaxCrossEntropy(0.2, shares))
    objective.gradient(np.ones((16, 3)), np.zeros(16, int))
    twin = copy.deepcopy(objective)
    assert type(twin) is Objective
    assert (twin.lambda_, twin.loss.label_smoothing) == (objective.lambda_, 0.2)
    np.testing.assert_array_equal(twin.loss.shares, shares)
    assert twin.loss is not objective.loss


def test_a_loss_that_is_not_finite_is_told_whichever_shard_has_it():
    for row in (0, 15):
        x, y = batch("dense", 16)
        x[row] = np.inf
        with np.errstate(all="ignore"):
            assert not np.isfinite(ShardedObjective(network("dense")).gradient(x, y))
