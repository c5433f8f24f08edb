"""Students' networks with convolutions train as Gradlab's own: over images and over the letters of names."""

import re
import textwrap
from pathlib import Path

import numpy as np
import pytest

from lab.check.trained import TrainedCodeError
from lab.errors import LabError
from lab.training import code_run
from presets.errors import PresetError
from presets.load import load
from tests.lab.training.in_process import losses, reference

RIGHT = Path(__file__).parent.parent / "check/handins/right"
AGREES_BY_LOSS = "Updates 1 to 4 agree with Gradlab's own network."
AGREES = "Updates 1 to 4 agree with Gradlab's own network. So does its evaluation."
SMALL = "convolutions=[{filters=3,size=3,pool=2},{filters=4,size=3}]"
IMAGES = [SMALL, "split=40/20/test", "batch=5", "updates=4"]
NAMES = ["set=surnames", "split=3 per class", "normalise=none", "batch=5", "updates=4"]

LAYERS = """
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv_forward(x, w, b, pad):
    p = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = sliding_window_view(p, w.shape[2:], axis=(2, 3))  # n, c, h, w, k, k
    return np.einsum("nchwij,fcij->nfhw", windows, w) + b[:, None, None], (windows, w, pad)


def conv_backward(dout, cache):
    windows, w, pad = cache
    dw = np.einsum("nchwij,nfhw->fcij", windows, dout)
    n, c, h, wide, k, _ = windows.shape
    dp = np.zeros((n, c, h + k - 1, wide + k - 1))
    for i in range(k):
        for j in range(k):
            dp[:, :, i:i + h, j:j + wide] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
    return dp[:, :, pad:pad + h, pad:pad + wide], dw, dout.sum(axis=(0, 2, 3))


def pool_forward(x):
    n, c, h, w = x.shape
    blocks = x.reshape(n, c, h // 2, 2, w // 2, 2)
    out = blocks.max(axis=(3, 5))
    return out, (blocks, out)


def pool_backward(dout, cache):
    blocks, out = cache
    mask = blocks == out[:, :, :, None, :, None]
    mask = mask / mask.sum(axis=(3, 5), keepdims=True)
    dx = mask * dout[:, :, :, None, :, None]
    n, c, h, _, w, _ = blocks.shape
    return dx.reshape(n, c, 2 * h, 2 * w)


def softmax_loss(scores, y):
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    n = len(y)
    loss = -np.log(p[np.arange(n), y]).mean()
    p[np.arange(n), y] -= 1
    return loss, p / n
"""
CS231N = (
    LAYERS
    + """

class TwoConvNet:
    def __init__(self, input_dim=(3, 32, 32), num_filters=(8, 8), filter_size=5, num_classes=10, weight_scale=1e-2,
                 reg=0.0):
        self.params, self.reg = {}, reg
        C, H, W = input_dim
        F1, F2 = num_filters
        self.params["W1"] = weight_scale * np.random.randn(F1, C, filter_size, filter_size)
        self.params["b1"] = np.zeros(F1)
        self.params["W2"] = weight_scale * np.random.randn(F2, F1, filter_size, filter_size)
        self.params["b2"] = np.zeros(F2)
        self.params["W3"] = weight_scale * np.random.randn(F2 * (H // 2) * (W // 2), num_classes)
        self.params["b3"] = np.zeros(num_classes)

    def loss(self, X, y=None):
        W1, b1, W2, b2, W3, b3 = (self.params[k] for k in ("W1", "b1", "W2", "b2", "W3", "b3"))
        pad = (W1.shape[2] - 1) // 2
        s1, c1 = conv_forward(X, W1, b1, pad)
        h1, p1 = pool_forward(np.maximum(s1, 0))
        s2, c2 = conv_forward(h1, W2, b2, pad)
        h2 = np.maximum(s2, 0)
        flat = h2.reshape(len(X), -1)
        scores = flat @ W3 + b3
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        loss += 0.5 * self.reg * sum(np.sum(W ** 2) for W in (W1, W2, W3))
        grads = {"W3": flat.T @ dscores + self.reg * W3, "b3": dscores.sum(axis=0)}
        dh2 = (dscores @ W3.T).reshape(h2.shape) * (s2 > 0)
        dh1, dW2, grads["b2"] = conv_backward(dh2, c2)
        grads["W2"] = dW2 + self.reg * W2
        ds1 = pool_backward(dh1, p1) * (s1 > 0)
        _, dW1, grads["b1"] = conv_backward(ds1, c1)
        grads["W1"] = dW1 + self.reg * W1
        return loss, grads
"""
)
LAYERS_LAST = """
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


class Conv:
    def __init__(self, k, c, f):
        self.W, self.b = np.random.randn(k, k, c, f) * 0.1, np.zeros((1, f))

    def forward(self, x):
        self.pad = self.W.shape[0] // 2
        p = np.pad(x, ((0, 0), (self.pad, self.pad), (self.pad, self.pad), (0, 0)))
        self.windows = sliding_window_view(p, self.W.shape[:2], axis=(1, 2))  # n, h, w, c, k, k
        return np.einsum("nhwcij,ijcf->nhwf", self.windows, self.W) + self.b

    def backward(self, grad):
        self.dW = np.einsum("nhwcij,nhwf->ijcf", self.windows, grad)
        self.db = grad.sum(axis=(0, 1, 2))[None]
        n, h, w, c, k, _ = self.windows.shape
        dp = np.zeros((n, h + k - 1, w + k - 1, c))
        for i in range(k):
            for j in range(k):
                dp[:, i:i + h, j:j + w] += grad @ self.W[i, j].T
        return dp[:, self.pad:self.pad + h, self.pad:self.pad + w]


class Relu:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, grad):
        return grad * self.mask


class Pool:
    def forward(self, x):
        n, h, w, c = x.shape
        self.blocks = x.reshape(n, h // 2, 2, w // 2, 2, c)
        self.out = self.blocks.max(axis=(2, 4))
        return self.out

    def backward(self, grad):
        mask = self.blocks == self.out[:, :, None, :, None, :]
        n, h, _, w, _, c = self.blocks.shape
        return (mask / mask.sum(axis=(2, 4), keepdims=True) * grad[:, :, None, :, None]).reshape(n, 2 * h, 2 * w, c)


class Dense:
    def __init__(self, d, m):
        self.W, self.b = np.random.randn(d, m) * 0.1, np.zeros((1, m))

    def forward(self, x):
        self.shape, self.x = x.shape, x.reshape(len(x), -1)
        return self.x @ self.W + self.b

    def backward(self, grad):
        self.dW, self.db = self.x.T @ grad, grad.sum(axis=0, keepdims=True)
        return (grad @ self.W.T).reshape(self.shape)


class ConvNet:
    def __init__(self, side=28, channels=1, filters=3, more=4, kernel=3, n_classes=10):
        self.layers = [Conv(kernel, channels, filters), Relu(), Pool(), Conv(kernel, filters, more), Relu(),
                       Dense((side // 2) ** 2 * more, n_classes)]

    def forward(self, X):
        for layer in self.layers:
            X = layer.forward(X)
        e = np.exp(X - X.max(axis=1, keepdims=True))
        self.P = e / e.sum(axis=1, keepdims=True)
        return self.P

    def compute_loss(self, X, y):
        P = self.forward(X)
        return -np.log(P[np.arange(len(y)), y]).mean()

    def backward(self, X, y):
        grad = self.forward(X).copy()
        grad[np.arange(len(y)), y] -= 1
        grad /= len(y)
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
"""
WRITTEN = (  # with its sizes in the code
    LAYERS_LAST.replace("side=28, channels=1, filters=3, more=4, kernel=3, n_classes=10", "")
    .replace("self, )", "self)")
    .replace("Conv(kernel, channels, filters)", "Conv(3, 1, 3)")
    .replace("Conv(kernel, filters, more)", "Conv(3, 3, 4)")
    .replace("Dense((side // 2) ** 2 * more, n_classes)", "Dense(784, 10)")
)

FUNCTIONS = """

def forward(X, params):
    s1, c1 = conv_forward(X, params["W1"], params["b1"], 1)
    h1, p1 = pool_forward(np.maximum(s1, 0))
    s2, c2 = conv_forward(h1, params["W2"], params["b2"], 1)
    h2 = np.maximum(s2, 0)
    scores = h2.reshape(len(X), -1) @ params["W3"] + params["b3"]
    P = np.exp(scores - scores.max(axis=1, keepdims=True))
    return P / P.sum(axis=1, keepdims=True), (s1, c1, p1, s2, c2, h2)


def compute_cost(X, Y, params, lam):
    P, _ = forward(X, params)
    return -np.mean(np.sum(Y * np.log(P), axis=1)) + lam * sum(np.sum(params[k] ** 2) for k in ("W1", "W2", "W3"))


def backward(X, Y, params, lam):
    P, (s1, c1, p1, s2, c2, h2) = forward(X, params)
    d = (P - Y) / len(X)
    grads = {"W3": h2.reshape(len(X), -1).T @ d + 2 * lam * params["W3"], "b3": d.sum(axis=0)}
    d = (d @ params["W3"].T).reshape(h2.shape) * (s2 > 0)
    d, dW2, grads["b2"] = conv_backward(d, c2)
    grads["W2"] = dW2 + 2 * lam * params["W2"]
    _, dW1, grads["b1"] = conv_backward(pool_backward(d, p1) * (s1 > 0), c1)
    grads["W1"] = dW1 + 2 * lam * params["W1"]
    return grads
"""
KEYS = ("W1", "b1", "W2", "b2", "W3", "b3")


def functions(*names, style="dict"):
    """The functions with other names of their parameters: keys of a dict, attributes, or arguments of their own."""
    text = FUNCTIONS
    for key, name in zip(KEYS, names, strict=True):
        place = {"dict": f'params["{name}"]', "attributes": f"params.{name}", "arguments": name}[style]
        text = text.replace(f'params["{key}"]', place).replace(f'grads["{key}"]', f'grads["{name}"]')
        text = text.replace(f'"{key}":', f'"{name}":')
    every = ", ".join(
        {"dict": f'params["{n}"]', "attributes": f"params.{n}", "arguments": n}[style] for n in names[::2]
    )
    text = text.replace('np.sum(params[k] ** 2) for k in ("W1", "W2", "W3")', f"np.sum(W ** 2) for W in ({every})")
    return LAYERS + (text.replace("params", ", ".join(names)) if style == "arguments" else text)


@pytest.mark.parametrize(
    ("text", "name", "preset", "changes"),
    [
        (CS231N, "TwoConvNet", "mnist-cnn", IMAGES),
        (CS231N, "TwoConvNet", "cifar-cnn", [*IMAGES, "set=cifar10"]),  # other sizes than it has by default
        (LAYERS_LAST, "ConvNet", "mnist-cnn", IMAGES),  # channels last, layers as objects
        (WRITTEN, "ConvNet", "mnist-cnn", IMAGES),
        ((RIGHT / "convnet_names.py").read_text(encoding="utf-8"), "ComputeGradients", "names-balanced",
         [*NAMES, "convolutions=[{filters=4,size=5},{filters=3,size=3}]"]),
    ],
    ids=["digits", "colours", "channels last", "written into the code", "names"],
)  # fmt: skip
def test_trains_as_gradlabs_own_network(trained, text, name, preset, changes):
    preset, dataset, trainer = trained(text, name, preset, *changes)
    theirs, own = losses(trainer), losses(reference(preset, dataset))
    assert trainer.agreement.document()["sentence"] == AGREES
    np.testing.assert_allclose(theirs, own, rtol=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        functions(*KEYS),
        functions("F1", "bF1", "F2", "bF2", "W", "b"),
        functions("W_conv1", "b_conv1", "W_conv2", "b_conv2", "W_fc", "b_fc", style="attributes"),
        functions("F1", "b1", "F2", "b2", "W", "b", style="arguments"),
        functions('F"][0]["', 'bF"][0]["', 'F"][1]["', 'bF"][1]["', "W", "b")
        .replace('[""]', "")
        .replace("grads = {", 'grads = {"F": [0, 0], "bF": [0, 0], '),
        functions(*KEYS).replace("conv_forward(X,", "conv_forward(X.reshape(-1, 1, 28, 28),"),
        functions(*KEYS)
        .replace("conv_forward(X,", "conv_forward(X.T.reshape(-1, 1, 28, 28),")
        .replace("h2.reshape(len(X), -1)", "h2.reshape(len(h2), -1)")
        .replace("return P / P.sum(axis=1, keepdims=True),", "return (P / P.sum(axis=1, keepdims=True)).T,")
        .replace("np.log(P), axis=1", "np.log(P), axis=0")
        .replace("(P - Y) / len(X)", "(P - Y).T / X.shape[1]"),
    ],
    ids=["a dict", "kernels have names of their own", "attributes", "arguments", "lists", "rows", "columns"],
)
def test_functions_that_are_given_their_parameters_train(trained, text):
    preset, dataset, trainer = trained(text, "backward", "mnist-cnn", *IMAGES)
    theirs, own = losses(trainer), losses(reference(preset, dataset))
    assert trainer.agreement.document()["sentence"] == AGREES
    np.testing.assert_allclose(theirs, own, rtol=1e-9)


def loss_function(arguments, body=""):
    """CS231N's loss as a function of these arguments. body: lines in it where the scores are known."""
    method = CS231N[CS231N.index("    def loss(") :]
    text = textwrap.dedent(method).replace("self, X, y=None", arguments)
    text = re.sub(r"\(self.params\[k\] for k in .*", ", ".join(f"params['{key}']" for key in KEYS), text)
    return LAYERS + text.replace("    if y is None:\n        return scores\n", body).replace("self.reg", "0.0")


NONE = "    if y is None:\n        return scores\n"


@pytest.mark.parametrize(
    ("text", "name", "sentence"),
    [
        (loss_function("X, y, params", NONE), "loss", AGREES),
        (loss_function("params, X, y=None", NONE), "loss", AGREES),
        (loss_function("X, y, params"), "loss", AGREES_BY_LOSS),
        (CS231N.replace("y=None", "y").replace(NONE.replace("    i", "        i").replace("    r", "        r"), ""),
         "TwoConvNet", AGREES_BY_LOSS),
    ],
    ids=["scores without labels", "labels have a default", "no scores", "a class without scores"],
)  # fmt: skip
def test_a_loss_without_a_forward_trains(trained, text, name, sentence):
    preset, dataset, trainer = trained(text, name, "mnist-cnn", *IMAGES)
    theirs, own = losses(trainer), losses(reference(preset, dataset))
    assert trainer.agreement.document()["sentence"] == sentence
    np.testing.assert_allclose(theirs, own, rtol=1e-9)
    assert any("it gives no scores" in note for note in trainer.code.notes) is (sentence == AGREES_BY_LOSS)


def test_of_another_network_without_scores_it_is_told_what_is_missing(trained):
    other = loss_function("X, y, params").replace("np.maximum(s2, 0)", "np.tanh(s2)")
    with pytest.raises(LabError, match="return the scores where y is None, or write a forward"):
        trained(other, "loss", "mnist-cnn", *IMAGES)


@pytest.mark.parametrize(
    ("right", "wrong", "tensor"),
    [
        ("* (s2 > 0)", "* (h2 >= 0)", "W2"),  # no mask
        ("dw = np.einsum(", "dw = 2 * np.einsum(", "W1"),
    ],
    ids=["no mask", "twice"],
)
def test_a_wrong_gradient_is_named_with_its_tensor(trained, right, wrong, tensor):
    assert right in CS231N
    *_, trainer = trained(CS231N.replace(right, wrong), "TwoConvNet", "mnist-cnn", *IMAGES)
    losses(trainer)
    document = trainer.agreement.document()
    assert document["parts_at"] == 1
    assert tensor in document["tensors"]


def test_another_network_is_trained_and_not_accused(trained):
    other = CS231N.replace("np.maximum(s2, 0)", "np.tanh(s2)").replace("* (s2 > 0)", "* (1 - h2 ** 2)")
    *_, trainer = trained(other, "TwoConvNet", "mnist-cnn", *IMAGES)
    losses(trainer)
    document = trainer.agreement.document()
    assert document["parts_at"] is None
    assert document["updates"] == 0
    assert "it gives other scores from the same parameters" in document["sentence"]


def test_other_shapes_are_told(trained):
    with pytest.raises(TrainedCodeError) as told:
        trained(CS231N, "TwoConvNet", "mnist-cnn", *IMAGES, "convolutions=[{filters=3,size=3,pool=2}]")
    assert "TwoConvNet() give it the weights of mnist-cnn: 3x3x1x3, 588x10; its own are 8x3x5x5" in str(told.value)


def test_layers_that_only_our_own_networks_have_are_refused(tmp_path):
    with pytest.raises(PresetError, match=r"names-plus has network\.\w+.*, which --like does not take"):
        code_run.trainer_of(tmp_path / "mine.py", "Net", load("names-plus"), None, 1)


def test_a_resumed_run_continues_with_the_same_bits(trained):
    text = (RIGHT / "convnet_names.py").read_text(encoding="utf-8")
    small = [*NAMES, "convolutions=[{filters=4,size=5},{filters=3,size=3}]"]
    whole, first, second = (trained(text, "ComputeGradients", "names-balanced", *small)[2] for _ in range(3))
    losses(whole)
    for snapshot in first.run():
        if snapshot.update == 2:
            first.stop()
    second.restore(first.state())
    losses(second)
    np.testing.assert_array_equal(second.network.theta, whole.network.theta)
