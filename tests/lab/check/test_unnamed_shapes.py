"""Code whose arguments have no shapes of their own in their names: word vectors, gates, heads, a single example."""

import pytest

from tests.lab.check.in_process import check

SOFTMAX = """
    def softmax(s):
        e = np.exp(s - s.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)
"""

SKIP_GRAM = (
    SOFTMAX
    + """
    def loss_and_gradients(centre_vec, target_idx, out_vectors, dataset):
        negatives = [dataset.draw() for _ in range(4)]
        s = 1 / (1 + np.exp(-out_vectors[target_idx] @ centre_vec))
        loss, grad_centre = -np.log(s), (s - 1) * out_vectors[target_idx]
        grad_out = np.zeros_like(out_vectors)
        grad_out[target_idx] += (s - 1) * centre_vec
        for k in negatives:
            t = 1 / (1 + np.exp(out_vectors[k] @ centre_vec))
            loss -= np.log(t)
            grad_centre = grad_centre + (1 - t) * out_vectors[k]
            grad_out[k] += (1 - t) * centre_vec
        return loss, grad_centre, grad_out
"""
)

BAG = (
    SOFTMAX
    + """
    def bag_loss_gradients(context, target, E, F):
        h = E[context].mean(axis=0)
        p = softmax(F @ h)
        loss = -np.log(p[target])
        p[target] -= 1
        dE = np.zeros_like(E)
        np.add.at(dE, context, F.T @ p / len(context))
        return loss, dE, np.outer(p, h)
"""
)

COUNTS = """
    def cost_and_gradients(W, V, b, c, X):
        weight = np.minimum(1, X / 3.0)
        d = W @ V.T + b[:, None] + c - np.log(X)
        g = 2 * weight * d
        return np.sum(weight * d**2), g @ V, g.T @ W, g.sum(axis=1), g.sum(axis=0)
"""

ONE = (
    SOFTMAX
    + """
    def loss_and_gradients_of_one(x, y, W, b, V, c):
        h = np.maximum(0, W @ x + b)
        p = softmax(V @ h + c)
        loss = -np.log(p[y])
        p[y] -= 1
        dh = V.T @ p * (h > 0)
        return loss, np.outer(dh, x), dh, np.outer(p, h), p
"""
)

GATES = """
    def gru_step_forward(x, prev_h, Wz, Uz, bz, Wh, Uh, bh):
        z = 1 / (1 + np.exp(-(x @ Wz + prev_h @ Uz + bz)))
        g = np.tanh(x @ Wh + (z * prev_h) @ Uh + bh)
        return (1 - z) * prev_h + z * g, (x, prev_h, Wz, Uz, Wh, Uh, z, g)

    def gru_step_backward(dh, cache):
        x, prev_h, Wz, Uz, Wh, Uh, z, g = cache
        dg = dh * z * (1 - g**2)
        back = dg @ Uh.T
        dz = (dh * (g - prev_h) + back * prev_h) * z * (1 - z)
        dx, dprev = dz @ Wz.T + dg @ Wh.T, dh * (1 - z) + back * z + dz @ Uz.T
        return dx, dprev, x.T @ dz, prev_h.T @ dz, dz.sum(axis=0), x.T @ dg, (z * prev_h).T @ dg, dg.sum(axis=0)
"""

HEAD = (
    SOFTMAX
    + """
    def attention_forward(X, Wq, Wk, Wv):
        Q, K, V = X @ Wq, X @ Wk, X @ Wv
        A = softmax(Q @ K.T)
        return A @ V, (X, Wq, Wk, Wv, Q, K, V, A)

    def attention_backward(dout, cache):
        X, Wq, Wk, Wv, Q, K, V, A = cache
        dA, dV = dout @ V.T, A.T @ dout
        dS = A * (dA - (dA * A).sum(axis=1, keepdims=True))
        dQ, dK = dS @ K, dS.T @ Q
        return dQ @ Wq.T + dK @ Wk.T + dV @ Wv.T, X.T @ dQ, X.T @ dK, X.T @ dV
"""
)

UNPACKED = """
    def rnn_forward_pass(X, Y, params, h0):
        Wxh, Whh, Why, bh, by = params
        hs, ps, loss = [h0], [], 0
        for t in range(X.shape[1]):
            hs.append(np.tanh(Wxh @ X[:, [t]] + Whh @ hs[-1] + bh))
            e = np.exp(Why @ hs[-1] + by)
            ps.append(e / e.sum())
            loss -= np.log(np.sum(Y[:, [t]] * ps[-1]))
        return loss, (hs, ps)

    def rnn_backward_pass(X, Y, params, cache):
        Wxh, Whh, Why, bh, by = params
        hs, ps = cache
        dWxh, dWhh, dWhy, dbh, dby = [np.zeros_like(p) for p in params]
        behind = 0
        for t in reversed(range(X.shape[1])):
            d = ps[t] - Y[:, [t]]
            dWhy, dby = dWhy + d @ hs[t + 1].T, dby + d
            da = (Why.T @ d + behind) * (1 - hs[t + 1] ** 2)
            dWxh, dWhh, dbh = dWxh + da @ X[:, [t]].T, dWhh + da @ hs[t].T, dbh + da
            behind = Whh.T @ da
        return dWxh, dWhh, dWhy, dbh, dby
"""

COLUMN = """
    class Layer:
        def __init__(self, n_in, n_out):
            self.W, self.b = np.random.randn(n_out, n_in), np.random.randn(n_out, 1)

        def forward(self, x):
            self.x = x
            return self.W @ x + self.b

        def backward(self, grad, rate):
            dx = self.W.T @ grad
            self.W -= rate * grad @ self.x.T
            self.b -= rate * grad
            return dx
"""

PICTURE = """
    class Output:
        def __init__(self, n_in, nodes):
            self.W, self.b = np.random.randn(n_in, nodes), np.zeros(nodes)

        def forward(self, image):
            self.shape, self.flat = image.shape, image.flatten()
            e = np.exp(self.flat @ self.W + self.b)
            self.e = e
            return e / e.sum()

        def backprop(self, dout, rate):
            for i, g in enumerate(dout):
                if g == 0:
                    continue
                p = self.e / self.e.sum()
                ds = -g * p[i] * p
                ds[i] = g * p[i] * (1 - p[i])
                dx = self.W @ ds
                self.W -= rate * np.outer(self.flat, ds)
                self.b -= rate * ds
                return dx.reshape(self.shape)
"""

FILES = [
    (SKIP_GRAM, "loss_and_gradients", "grad_out[k] += (1", "grad_out[k] = (1", {"out_vectors"}),
    (BAG, "bag_loss_gradients", " / len(context)", "", {"E"}),
    (COUNTS, "cost_and_gradients", "g.sum(axis=1)", "g.sum(axis=1) / len(b)", {"b"}),
    (ONE, "loss_and_gradients_of_one", " * (h > 0)", "", {"W", "b"}),
    (GATES, "gru_step", "back * z + dz", "back + dz", {"prev_h"}),
    (HEAD, "attention", "dQ @ Wq.T + ", "dK @ Wq.T + ", {"x"}),
    (UNPACKED, "rnn_backward_pass", "behind = Whh.T @ da", "behind = Whh @ da", {"Wxh", "Whh", "bh"}),
    (COLUMN, "Layer", "self.b -= rate * grad", "self.b -= 2 * rate * grad", {"b"}),
    (PICTURE, "Output", "-g * p[i] * p", "g * p[i] * p", {"x", "W", "b"}),
]


@pytest.mark.parametrize(("text", "name", "right", "wrong", "tensors"), FILES, ids=[name for _, name, *_ in FILES])
def test_is_checked_and_a_mistake_in_it_named(tmp_path, text, name, right, wrong, tensors):
    assert text.count(right) == 1

    good = check(text, name, tmp_path)
    bad = check(text.replace(right, wrong), name, tmp_path)

    assert good.passed, str(good)
    assert {t.name for t in bad.report.tensors if not t.passed} == tensors, str(bad)
    assert bad.causes


def test_arguments_that_fit_no_shape_are_asked_for(tmp_path):
    text = """
    def loss_and_grads(a, b):
        loss = a.weigh(b)
        return loss, b.slope(a)
    """
    report = check(text, "loss_and_grads", tmp_path)
    assert not report.passed
    assert "AttributeError" in report.problem or "a of loss_and_grads()" in report.problem
