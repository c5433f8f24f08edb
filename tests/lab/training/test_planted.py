"""What goes wrong in a student's training is told at the first update, by tensor."""

import re

import numpy as np
import pytest

from core.trainer import DivergedError
from lab.check.trained import TrainedCodeError
from tests.lab.training.in_process import losses, reference

FUNCTIONS = """
import numpy as np

def EvaluateClassifier(X, W, b):
    H = np.maximum(0, W[0] @ X + b[0])
    s = W[1] @ H + b[1]
    P = np.exp(s - s.max(axis=0))
    return P / P.sum(axis=0), H

def ComputeCost(X, Y, W, b, lamda):
    P, H = EvaluateClassifier(X, W, b)
    return -np.log(np.sum(Y * P, axis=0)).mean() + lamda * sum((w ** 2).sum() for w in W)

def ComputeGradients(X, Y, P, H, W, b, lamda):
    n = X.shape[1]
    G = P - Y
    gW2 = G @ H.T / n + 2 * lamda * W[1]
    gb2 = G.sum(axis=1, keepdims=True) / n
    G = (W[1].T @ G) * (H > 0)
    gW1 = G @ X.T / n + 2 * lamda * W[0]
    gb1 = G.sum(axis=1, keepdims=True) / n
    return [gW1, gW2], [gb1, gb2]
"""
NETWORK = """
import numpy as np

class Network:
    def __init__(self, sizes, lam=0.0):
        self.W = [np.random.randn(m, d) / np.sqrt(d) for d, m in zip(sizes, sizes[1:])]
        self.b = [np.zeros((m, 1)) for m in sizes[1:]]
        self.lam = lam

    def forward(self, X):
        self.hs = [X]
        for W, b in zip(self.W, self.b):
            s = W @ self.hs[-1] + b
            self.hs.append(np.maximum(s, 0))
        e = np.exp(s - s.max(axis=0))
        self.P = e / e.sum(axis=0)
        return self.P

    def cost(self, X, Y):
        return -np.log((Y * self.forward(X)).sum(axis=0)).mean() + self.lam * sum((W ** 2).sum() for W in self.W)

    def backward(self, X, Y):
        G = (self.forward(X) - Y) / X.shape[1]
        self.dW, self.db = [None] * len(self.W), [None] * len(self.W)
        for i in range(len(self.W) - 1, -1, -1):
            self.dW[i] = G @ self.hs[i].T + 2 * self.lam * self.W[i]
            self.db[i] = G.sum(axis=1, keepdims=True)
            G = (self.W[i].T @ G) * (self.hs[i] > 0)
"""
CHANGES = ["n_s=4", "hidden=6", "updates=8"]
PARTS = "Parts from Gradlab's own network at update {}, tensor {}: {}"


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("gW1 = G @ X.T / n", "gW1 = 2 * G @ X.T / n", (1, "W[0]", "")),
        (
            "gb2 = G.sum(axis=1, keepdims=True) / n",
            "gb2 = G.sum(axis=1, keepdims=True)",
            (1, "b[1]", "20 times as large"),
        ),
        ("gb1 = G.sum(axis=1, keepdims=True) / n", "gb1 = 0 * b[0]", (1, "b[0]", "it does not move")),
        ("gb2 = G.sum", "gb2 = -G.sum", (1, "b[1]", "it goes the other way")),
        ("* (H > 0)", "* 1", (1, "W[0]", "it differs by")),
        ("2 * lamda * W[1]", "lamda * W[1]", (1, "W[1]", "its penalty is 0.5 lambda sum W^2")),
        ("2 * lamda * W[1]", "0", (1, "W[1]", "it has no penalty.")),
        ("G = P - Y", "G = (P - Y).astype(np.float16)", (1, "W[0]", "it differs by")),
        ("n = X.shape[1]", "n = 100", (1, "W[0]", "it differs by")),
    ],
)
def test_functions_with_a_mistake(trained, right, wrong, told):
    assert right in FUNCTIONS
    *_, trainer = trained(FUNCTIONS.replace(right, wrong), "ComputeGradients", "a2-setting1", *CHANGES)
    losses(trainer)
    document = trainer.agreement.document()
    assert document["parts_at"] == told[0]
    assert document["sentence"].startswith(PARTS.format(*told))


@pytest.mark.parametrize(
    ("right", "wrong", "update", "tensor"),
    [
        # the gradient is right, and a check of it passes; its training is not
        ("        self.lam = lam\n", "        self.lam = lam\n        self.t = 0\n", None, ""),
        ("    def backward(self, X, Y):\n", "    def backward(self, X, Y):\n        self.lam *= 1.01\n", 1, "W[0]"),
        (
            "G = (self.forward(X) - Y)",
            "self.X = getattr(self, 'X', X)\n        G = (self.forward(self.X) - Y)",
            2,
            "W[0]",
        ),
    ],
)
def test_an_object_with_a_mistake_of_its_training(trained, right, wrong, update, tensor):
    assert right in NETWORK
    preset, dataset, trainer = trained(NETWORK.replace(right, wrong), "Network", "a2-setting1", *CHANGES)
    mine = losses(trainer)
    document = trainer.agreement.document()
    assert document["parts_at"] == update
    if update is None:
        np.testing.assert_allclose(mine, losses(reference(preset, dataset)), rtol=1e-9)
    else:
        assert document["tensors"][0] == tensor


def test_an_evaluation_in_another_mode_is_told(sentence):
    wrong = NETWORK.replace("    def forward(self, X):\n", "    def forward(self, X, train=True):\n").replace(
        "        self.P = e / e.sum(axis=0)\n",
        "        e = e if train else e**2\n        self.P = e / e.sum(axis=0)\n",
    )
    said = sentence(wrong, "Network", "a2-setting1", *CHANGES)
    assert said.startswith("Updates 1 to 8 agree with Gradlab's own network. Its evaluation does not: a probability")


def test_code_that_raises_names_its_lines_and_loses_no_batch(trained):
    raising = NETWORK.replace(
        "        G = (self.forward(X) - Y)",
        "        self.t = getattr(self, 't', 0) + 1\n        if self.t == 6 and len(X) > 100:\n"
        "            raise ValueError('six')\n        G = (self.forward(X) - Y)",
    )
    *_, trainer = trained(raising, "Network", "a2-setting1", *CHANGES)
    with pytest.raises(TrainedCodeError, match=r"mine.py:Network: line \d+: .*ValueError: six") as error:
        losses(trainer)
    assert trainer.update == int(trainer.batches.state()["position"]) == 5
    assert [re.sub(r"line \d+", "line", frame) for frame in error.value.frames] == []


def test_a_gradient_that_is_not_finite_ends_the_run_as_diverged(trained):
    infinite = FUNCTIONS.replace("gW1 = G @ X.T / n", "gW1 = G @ X.T / n / (np.abs(b[1]).sum() == 0)")
    *_, trainer = trained(infinite, "ComputeGradients", "a2-setting1", *CHANGES)
    with pytest.raises(DivergedError, match="update 2"):
        losses(trainer)


def test_a_loss_alone_is_refused_in_words(trained):
    loss = """
        import numpy as np

        def softmaxloss_forward(x, labels):
            p = np.exp(x - x.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            return -np.log(p[np.arange(len(labels)), labels]).mean()

        def softmaxloss_backward(x, labels):
            p = np.exp(x - x.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            p[np.arange(len(labels)), labels] -= 1
            return p / len(labels)
    """
    with pytest.raises(TrainedCodeError, match="what is trained is a whole network"):
        trained(loss, "softmaxloss", "a2-setting1", *CHANGES)
