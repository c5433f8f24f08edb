"""Networks and layers unlike a dense classifier: with a state, with two outputs, without targets, for images."""

import pytest

from tests.lab.check.in_process import check

CELL = """
def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def cell_forward(x, prev_h, prev_c, Wx, Wh, b):
    a, f, o, g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    a, f, o, g = sigmoid(a), sigmoid(f), sigmoid(o), np.tanh(g)
    next_c = f * prev_c + a * g
    t = np.tanh(next_c)
    return o * t, next_c, (x, prev_h, prev_c, Wx, Wh, a, f, o, g, t)


def cell_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, a, f, o, g, t = cache
    dc = {dc}
    parts = [dc * g * a * (1 - a), dc * prev_c * f * (1 - f), dnext_h * t * o * (1 - o), dc * a * (1 - g**2)]
    d = np.hstack(parts)
    return d @ Wx.T, d @ Wh.T, dc * f, x.T @ d, prev_h.T @ d, d.sum(axis=0)
"""
CELL_RIGHT = "dnext_c + dnext_h * o * (1 - t**2)"
RNN = """
class RNN:
    def __init__(self, K, m=9):
        self.b, self.c = np.zeros((m, 1)), np.zeros((K, 1))
        self.U, self.W, self.V = np.random.randn(m, K), np.random.randn(m, m), np.random.randn(K, m)


def forward(rnn, X, h0):
    H, P, h = [], [], h0
    for t in range(X.shape[1]):
        h = np.tanh(rnn.W @ h + rnn.U @ X[:, [t]] + rnn.b)
        e = np.exp(rnn.V @ h + rnn.c)
        H.append(h)
        P.append(e / e.sum())
    return np.hstack(P), np.hstack(H)


def compute_loss(rnn, X, Y, h0):
    return -np.sum(np.log(np.sum(Y * forward(rnn, X, h0)[0], axis=0)))


def compute_gradients(rnn, X, Y, h0):
    P, H = forward(rnn, X, h0)
    G, da = P - Y, np.zeros(h0.shape)
    grads = {name: np.zeros_like(value) for name, value in vars(rnn).items()}
    grads["V"], grads["c"] = G @ H.T, G.sum(axis=1, keepdims=True)
    for t in reversed(range(X.shape[1])):
        da = (rnn.V.T @ G[:, [t]] + rnn.W.T @ da) * (1 - H[:, [t]] ** 2)
        grads["W"] += da @ {before}.T
        grads["U"] += da @ X[:, [t]].T
        grads["b"] += da
    return grads
"""
RNN_RIGHT = "(H[:, [t - 1]] if t else h0)"
AUTOENCODER = """
class Autoencoder:
    def __init__(self, n_visible=8, n_hidden=5):
        self.W, self.b_h, self.b_v = np.random.randn(n_visible, n_hidden), np.zeros(n_hidden), np.zeros(n_visible)

    def loss(self, X):
        return 0.5 * np.sum((np.tanh(X @ self.W + self.b_h) @ self.W.T + self.b_v - X) ** 2) / len(X)

    def gradients(self, X):
        H = np.tanh(X @ self.W + self.b_h)
        G = (H @ self.W.T + self.b_v - X) / len(X)
        S = G @ self.W * (1 - H**2)
        return {"W": {tied}, "b_h": S.sum(axis=0), "b_v": G.sum(axis=0)}
"""
UNTOLD = """
def forward(X, W1, b1, W2, b2):
    H = np.tanh(X @ W1 + b1)
    return H, H @ W2 + b2


def compute_loss(X, W1, b1, W2, b2):
    return 0.5 * np.mean(np.sum((forward(X, W1, b1, W2, b2)[1] - X) ** 2, axis=1))


def compute_gradients(X, W1, b1, W2, b2):
    H, R = forward(X, W1, b1, W2, b2)
    G = (R - X) / len(X)
    S = G @ W2.T * {slope}
    return X.T @ S, S.sum(axis=0), H.T @ G, G.sum(axis=0)
"""
PATCHES = """
def init_params(f, nf, nh, n_p, K=10):
    shapes = {"Fs": (f * f * 3, nf), "W1": (nh, n_p * nf), "b1": (nh, 1), "W2": (K, nh), "b2": (K, 1)}
    return {name: np.random.randn(*shape) for name, shape in shapes.items()}


def forward(MX, params):
    n_p, _, n = MX.shape
    h = np.maximum(np.einsum("ijn,jl->iln", MX, params["Fs"]).reshape(-1, n), 0)
    x = np.maximum(params["W1"] @ h + params["b1"], 0)
    P = np.exp(params["W2"] @ x + params["b2"])
    return {"h": h, "x": x, "P": P / P.sum(axis=0)}


def compute_loss(MX, Y, params, lam):
    J = -np.mean(np.log(np.sum(Y * forward(MX, params)["P"], axis=0)))
    return J + lam * sum(np.sum(params[name] ** 2) for name in ("Fs", "W1", "W2"))


def backward(MX, Y, cache, params, lam):
    n_p, _, n = MX.shape
    G = (cache["P"] - Y) / n
    grads = {"W2": G @ cache["x"].T + 2 * lam * params["W2"], "b2": G.sum(axis=1, keepdims=True)}
    G = params["W2"].T @ G * (cache["x"] > 0)
    grads["W1"], grads["b1"] = G @ cache["h"].T + 2 * lam * params["W1"], G.sum(axis=1, keepdims=True)
    G = (params["W1"].T @ G * (cache["h"] > 0)).reshape((n_p, -1, n){order})
    grads["Fs"] = np.einsum("ijn,iln->jl", MX, G) + 2 * lam * params["Fs"]
    return grads
"""
BIASED = """
def apply(MX, Fs, bF, W1, b1, W2, b2):
    nf = Fs.shape[-1]
    n_p, _, n = MX.shape
    conv = np.stack([MX[:, :, i] @ Fs.reshape(-1, nf) + bF.reshape(1, nf) for i in range(n)], axis=2)
    h = np.maximum(conv, 0).reshape(n_p * nf, n)
    x = np.maximum(W1 @ h + b1, 0)
    P = np.exp(W2 @ x + b2)
    return h, x, P / P.sum(axis=0)


def cost(MX, Y, Fs, bF, W1, b1, W2, b2):
    return -np.mean(np.log(np.sum(Y * apply(MX, Fs, bF, W1, b1, W2, b2)[2], axis=0)))


def gradients(MX, Y, Fs, bF, W1, b1, W2, b2):
    h, x, P = apply(MX, Fs, bF, W1, b1, W2, b2)
    n_p, _, n = MX.shape
    G = (P - Y) / n
    dW2, db2 = G @ x.T, G.sum(axis=1, keepdims=True)
    G = W2.T @ G * (x > 0)
    dW1, db1 = G @ h.T, G.sum(axis=1, keepdims=True)
    G = (W1.T @ G * (h > 0)).reshape(n_p, -1, n)
    dFs = sum(MX[:, :, i].T @ G[:, :, i] for i in range(n))
    return dFs.reshape(Fs.shape), {sum}, dW1, db1, dW2, db2
"""
LISTED = """
def forward(X, net):
    F = net["filters"].reshape((-1, net["filters"].shape[3]))
    assert X.shape[1] == np.prod(net["filters"].shape[:3])
    n_p, _, n = X.shape
    h = np.maximum(np.einsum("pdn,df->pfn", X, F), 0).reshape(-1, n)
    x = np.maximum(net["W"][0] @ h + net["b"][0], 0)
    s = np.exp(net["W"][1] @ x + net["b"][1])
    return h, x, s / s.sum(axis=0)


def compute_cost(X, Y, net, lam):
    p = forward(X, net)[-1]
    squares = (net["filters"]**2).sum() + sum((W**2).sum() for W in net["W"])
    return -np.log((Y * p).sum(axis=0)).mean() + lam * squares


def compute_gradients(X, Y, out, net, lam):
    h, x, p = out
    n_p, _, n = X.shape
    G = (p - Y) / n
    dW, db = [G @ x.T + 2 * lam * net["W"][1]], [G.sum(axis=1, keepdims=True)]
    G = net["W"][1].T @ G * (x > 0)
    dW.insert(0, G @ h.T + 2 * lam * net["W"][0])
    db.insert(0, G.sum(axis=1, keepdims=True))
    G = (net["W"][0].T @ G{mask}).reshape(n_p, -1, n)
    dF = np.einsum("pdn,pfn->df", X, G).reshape(net["filters"].shape)
    return dF + 2 * lam * net["filters"], dW, db
"""
WINDOWED = """
class PatchNet:
    def __init__(self, f, filters, hidden, classes, places=4):
        self.Fs = np.random.randn(f, f, 3, filters)
        self.W1, self.b1 = np.random.randn(hidden, places * filters), np.zeros((hidden, 1))
        self.W2, self.b2 = np.random.randn(classes, hidden), np.zeros((classes, 1))

    def forward(self, MX):
        n_p, _, n = MX.shape
        conv = np.einsum("pdn,df->pfn", MX, self.Fs.reshape(-1, self.Fs.shape[3]))
        self.h = np.maximum(conv.reshape(-1, n), 0)
        self.x = np.maximum(self.W1 @ self.h + self.b1, 0)
        P = np.exp(self.W2 @ self.x + self.b2)
        return P / P.sum(axis=0)

    def cost(self, MX, Y):
        return -np.mean(np.log(np.sum(Y * self.forward(MX), axis=0)))

    def compute_gradients(self, MX, Y):
        G = (self.forward(MX) - Y) / Y.shape[1]
        grads = {"W2": G @ self.x.T, "b2": G.sum(axis=1, keepdims=True)}
        G = self.W2.T @ G * (self.x > 0)
        grads |= {"W1": G @ self.h.T, "b1": G.sum(axis=1, keepdims=True)}
        G = (self.W1.T @ G{mask}).reshape(len(MX), -1, Y.shape[1])
        return grads | {"Fs": np.einsum("pdn,pfn->df", MX, G).reshape(self.Fs.shape)}
"""
IMAGES = """
class ConvNet:
    def __init__(self, input_dim=(2, 6, 6), filters=3, k=3, classes=4, reg=0.01):
        c, side, _ = input_dim
        self.k, self.side, self.reg = k, side - k + 1, reg
        self.params = {
            "W1": np.random.randn(filters, c, k, k),
            "b1": np.zeros(filters),
            "W2": np.random.randn(filters * self.side**2, classes),
        }

    def windows(self, X):
        return np.lib.stride_tricks.sliding_window_view(X, (self.k, self.k), axis=(2, 3))

    def loss(self, X, y=None):
        N, C, H, W = X.shape
        W1, W2 = self.params["W1"], self.params["W2"]
        S = np.einsum("ncijkl,fckl->nfij", self.windows(X), W1) + self.params["b1"][:, None, None]
        flat = np.maximum(S, 0).reshape(N, -1)
        e = np.exp(flat @ W2 - (flat @ W2).max(axis=1, keepdims=True))
        P = e / e.sum(axis=1, keepdims=True)
        loss = -np.log(P[np.arange(N), y]).mean() + 0.5 * self.reg * ((W1**2).sum() + (W2**2).sum())
        P[np.arange(N), y] -= 1
        G = (P / N @ W2.T).reshape(S.shape) * {mask}
        dW1 = np.einsum("ncijkl,nfij->fckl", self.windows(X), G) + self.reg * W1
        return loss, {"W1": dW1, "b1": G.sum(axis=(0, 2, 3)), "W2": flat.T @ P / N + self.reg * W2}
"""
KINDS = [
    (PATCHES, "backward", "{order}", "", ", order='F'"),
    (BIASED, "gradients", "{sum}", "G.sum(axis=(0, 2)).reshape(bF.shape)", "G[0].sum(axis=1).reshape(bF.shape)"),
    (LISTED, "compute_gradients", "{mask}", " * (h > 0)", ""),
    (WINDOWED, "PatchNet", "{mask}", " * (self.h > 0)", ""),
    (IMAGES, "ConvNet", "{mask}", "(S > 0)", "1"),
    (CELL, "cell", "{dc}", CELL_RIGHT, "dnext_c + dnext_h * o"),
    (CELL, "cell", "{dc}", CELL_RIGHT, "dnext_h * o * (1 - t**2)"),
    (RNN, "compute_gradients", "{before}", RNN_RIGHT, "H[:, [t]]"),
    (AUTOENCODER, "Autoencoder", "{tied}", "X.T @ S + G.T @ H", "X.T @ S"),
    (UNTOLD, "compute_gradients", "{slope}", "(1 - H**2)", "1"),
]


@pytest.mark.parametrize(
    ("text", "name", "place", "right", "wrong"),
    KINDS,
    ids=["patches", "biased", "listed", "windowed", "images", "cell h", "cell c", "rnn", "class", "functions"],
)
def test_it_passes_if_it_is_right_and_only_then(text, name, place, right, wrong, tmp_path):
    for part in (right, wrong):
        found = check(text.replace(place, part), name, tmp_path)
        assert not found.problem
        assert found.passed == (part == right), found.report.as_dict()


@pytest.mark.parametrize(
    ("text", "name", "place", "wrong", "key"),
    [
        (BIASED, "gradients", "{sum}", "G[-1].sum(axis=1).reshape(bF.shape)", "conv-bias"),
        (LISTED, "compute_gradients", "{mask}", "", "relu-mask-missing"),
    ],
    ids=["one place", "no mask"],
)
def test_mistakes_over_patches_are_named(text, name, place, wrong, key, tmp_path):
    assert [cause.key for cause in check(text.replace(place, wrong), name, tmp_path).causes] == [key]
