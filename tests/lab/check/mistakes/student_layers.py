"""Layers as students write them (CS231n's pairs of functions, columns, loops), with a place for every bug."""

import numpy as np

from lab.check.mistakes.evidence import LayerEvidence


def code(kind, forward, backward, names=None, **inputs):
    """The layer as the check sees it. forward(inputs) -> (out, cache); backward(dout, cache) -> {"x": dx, ...}."""
    rng = np.random.default_rng(3)
    out = np.asarray(forward(inputs)[0])
    dout = rng.normal(size=out.shape)

    def gradients(inputs):
        _, cache = forward(inputs)
        return backward(dout.copy(), cache)

    return LayerEvidence(
        kind, kind, inputs, dout, out, lambda inputs: np.asarray(forward(inputs)[0]), gradients, names or {}
    )


def loss_code(kind, function, **inputs):
    """A loss function, which gives (loss, dx)."""
    return LayerEvidence(
        kind,
        kind,
        inputs,
        None,
        np.array(function(inputs)[0]),
        lambda i: np.array(function(i)[0]),
        lambda i: {"x": function(i)[1]},
    )


rng = np.random.default_rng(7)


def affine(*bugs):
    """Rows, x of any shape."""

    def forward(i):
        return i["x"].reshape(len(i["x"]), -1) @ i["W"] + i["b"], i

    def backward(dout, i):
        x, W = i["x"].reshape(len(i["x"]), -1), i["W"]
        dW = x.T @ dout
        if "W-transposed" in bugs:
            dW = dW.T
        if "W-last" in bugs:
            dW = np.outer(x[-1], dout[-1])
        db = dout[0] if "b-first" in bugs else dout.mean(axis=0) if "b-mean" in bugs else dout.sum(axis=0)
        if "b-all" in bugs:
            db = np.zeros(dout.shape[1]) + np.sum(dout)
        if "mean" in bugs:
            dW, db = dW / len(x), db / len(x)
        dx = dout @ W if "x-transposed" in bugs else dout @ W.T
        if "x-minus" in bugs:
            dx = -dx
        return {"x": dx.reshape(i["x"].shape), "W": dW, "b": db}

    square = bool({"x-transposed", "W-transposed"} & set(bugs))
    x = rng.normal(size=(5, 4) if square else (5, 2, 3))
    return code("dense", forward, backward, x=x, W=rng.normal(size=(4, 4) if square else (6, 4)), b=np.zeros(4))


def linear_columns(*bugs):
    """s = W x + b, columns."""

    def forward(i):
        return i["W"] @ i["x"] + i["b"], i

    def backward(g, i):
        db = g.sum(axis=1, keepdims=True)
        if "b-last" in bugs:
            db = g[:, -1:]
        dW = sum(np.outer(g[:, k], i["x"][:, k]) for k in range(g.shape[1] - ("loop" in bugs)))
        return {"x": i["W"].T @ g, "W": np.zeros_like(dW) if "W-zero" in bugs else dW, "b": db}

    return code(
        "dense",
        forward,
        backward,
        {"W": "grad_W", "b": "grad_b"},
        x=rng.normal(size=(6, 5)),
        W=rng.normal(size=(4, 6)),
        b=np.zeros((4, 1)),
    )


def relu(*bugs):
    def forward(i):
        return np.maximum(i["x"], 0), i["x"]

    def backward(dout, x):
        if "mask-missing" in bugs:
            return {"x": dout}
        if "chain" in bugs:
            return {"x": (x > 0) * 1.0}
        mask = dout > 0 if "mask-of-dout" in bugs else x < 0 if "inverted" in bugs else x > 0
        return {"x": dout * (np.maximum(x, 0) if "value" in bugs else mask)}

    return code("relu", forward, backward, x=rng.normal(size=(5, 6)))


def sigmoid(*bugs):
    def forward(i):
        out = 1 / (1 + np.exp(-i["x"]))
        return out, (i["x"], out)

    def backward(dout, cache):
        x, s = cache
        if "of-x" in bugs:
            return {"x": dout * x * (1 - x)}
        if "of-out" in bugs:
            s = 1 / (1 + np.exp(-s))
        return {"x": dout * s * (1 - s)}

    return code("sigmoid", forward, backward, x=rng.normal(size=(5, 6)))


def softmax(*bugs):
    def forward(i):
        e = np.exp(i["x"])
        p = e / e.sum(axis=0)
        return p, p

    def backward(g, p):
        if "diagonal" in bugs:
            return {"x": g * p * (1 - p)}
        dx = np.zeros_like(p)
        for k in range(p.shape[1]):
            q = p[:, k]
            jacobian = np.diag(q) - np.outer(q, q)
            dx[:, k] = (-jacobian if "sign" in bugs else jacobian) @ g[:, k]
        return {"x": dx}

    return code("softmax", forward, backward, x=rng.normal(size=(4, 6)))


def batchnorm(*bugs):
    eps = 1e-5

    def forward(i):
        x, gamma, beta = i["x"], i["gamma"], i["beta"]
        mu, var = x.mean(axis=0), x.var(axis=0)
        xhat = (x - mu) / np.sqrt(var + eps)
        return gamma * xhat + beta, (x, mu, var, xhat, gamma)

    def backward(dout, cache):
        x, mu, var, xhat, gamma = cache
        n = len(x)
        dxhat = dout if "gamma" in bugs else dout * gamma
        dvar = (dxhat * (x - mu) * -0.5 * (var + eps) ** -1.5).sum(axis=0)
        dmu = -(dxhat / np.sqrt(var + eps)).sum(axis=0)
        dx = dxhat / np.sqrt(var + eps)
        if "variance" not in bugs:
            dx = dx + dvar * 2 * (x - mu) / (n - 1 if "ddof" in bugs else n)
        if "mean" not in bugs:
            dx = dx + dmu / n
        dgamma = (dout * (x if "dgamma" in bugs else xhat)).sum(axis=0)
        dbeta = dout.sum(axis=0)
        if "swap" in bugs:
            dgamma, dbeta = dbeta, dgamma
        return {"x": dx, "gamma": dgamma, "beta": dbeta}

    return code("batchnorm", forward, backward, x=3 * rng.normal(size=(6, 5)) + 2, gamma=np.ones(5), beta=np.zeros(5))


def layernorm(*bugs):
    def forward(i):
        mu, var = i["x"].mean(axis=1, keepdims=True), i["x"].var(axis=1, keepdims=True)
        xhat = (i["x"] - mu) / np.sqrt(var + 1e-5)
        return i["gamma"] * xhat + i["beta"], (xhat, var, i["gamma"])

    def backward(dout, cache):
        xhat, var, gamma = cache
        g = dout if "gamma" in bugs else dout * gamma
        mean = 0 if "mean" in bugs else g.mean(axis=0) if "axis" in bugs else g.mean(axis=1, keepdims=True)
        dx = (g - mean - xhat * (g * xhat).mean(axis=1, keepdims=True)) / np.sqrt(var + 1e-5)
        return {"x": dx, "gamma": (dout * xhat).sum(axis=0), "beta": dout.sum(axis=0)}

    return code("layernorm", forward, backward, x=rng.normal(size=(6, 5)), gamma=np.ones(5), beta=np.zeros(5))


def spatial_batchnorm(*bugs):
    """Images with the channels first."""
    rows = batchnorm(*bugs)

    def flat(x):
        return x.transpose(0, 2, 3, 1).reshape(-1, x.shape[1])

    def images(rows, shape):
        n, c, h, w = shape
        return rows.reshape(n, h, w, c).transpose(0, 3, 1, 2)

    def forward(i):
        y = rows.forward({**i, "x": flat(i["x"])})
        return images(y, i["x"].shape), i

    def backward(dout, i):
        x, shape = flat(i["x"]), i["x"].shape
        d, n = flat(dout), len(x)
        xhat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)
        g = d * i["gamma"]
        dx = g - g.mean(axis=0) - (0 if "variance" in bugs else xhat * (g * xhat).sum(axis=0) / n)
        dx /= np.sqrt(x.var(axis=0) + 1e-5)
        return {"x": images(dx, shape), "gamma": (d * xhat).sum(axis=0), "beta": d.sum(axis=0)}

    return code("batchnorm", forward, backward, x=rng.normal(size=(2, 3, 4, 5)), gamma=np.ones(3), beta=np.zeros(3))


def dropout(*bugs):
    def forward(i):
        mask = (np.random.default_rng(0).random(i["x"].shape) < 0.6) / 0.6
        return i["x"] * mask, mask

    def backward(dout, mask):
        if "no-mask" in bugs:
            return {"x": dout}
        if "no-scale" in bugs:
            return {"x": dout * (mask > 0)}
        if "other-mask" in bugs:
            mask = (np.random.default_rng(1).random(dout.shape) < 0.6) / 0.6
        return {"x": dout * mask}

    return code("dropout", forward, backward, x=rng.normal(size=(5, 6)))


def conv(*bugs, stride=1, pad=1):
    """CS231n's layout, in loops."""

    def forward(i):
        x, w, b = i["x"], i["W"], i["b"]
        n, c, h, wd = x.shape
        f, _, hh, ww = w.shape
        ho, wo = 1 + (h + 2 * pad - hh) // stride, 1 + (wd + 2 * pad - ww) // stride
        xp = np.zeros((n, c, h + 2 * pad, wd + 2 * pad))
        xp[:, :, pad : pad + h, pad : pad + wd] = x
        out = np.zeros((n, f, ho, wo))
        for k in range(n):
            for m in range(f):
                for r in range(ho):
                    for s in range(wo):
                        window = xp[k, :, r * stride : r * stride + hh, s * stride : s * stride + ww]
                        out[k, m, r, s] = (window * w[m]).sum() + b[m]
        return out, (x, w, xp)

    def backward(dout, cache):
        x, w, xp = cache
        n, f, ho, wo = dout.shape
        hh, ww = w.shape[2:]
        dxp, dw = np.zeros_like(xp), np.zeros_like(w)
        db = dout.sum(axis=(0, 2, 3))
        if "b-all" in bugs:
            db = np.full(f, dout.sum())
        if "b-last" in bugs:
            db = dout[-1].sum(axis=(1, 2))
        if "b-mean" in bugs:
            db = dout.mean(axis=(0, 2, 3))
        step = 1 if "stride" in bugs else stride
        for k in range(n):
            for m in range(f):
                for r in range(ho):
                    for s in range(wo):
                        at = (slice(None), slice(r * step, r * step + hh), slice(s * step, s * step + ww))
                        kernel = w[m, :, ::-1, ::-1] if "x-flipped" in bugs else w[m]
                        if "x-overwritten" in bugs:
                            dxp[(k, *at)] = np.tensordot(dout[k, :, r, s], w, 1)
                        else:
                            dxp[(k, *at)] += dout[k, m, r, s] * kernel
                        if "W-overwritten" in bugs:
                            dw[m] = dout[k, m, r, s] * xp[(k, *at)]
                        else:
                            dw[m] += dout[k, m, r, s] * xp[(k, *at)]
        if "W-flipped" in bugs:
            dw = dw[:, :, ::-1, ::-1]
        h, wd = x.shape[2:]
        off = 0 if "crop" in bugs else pad
        return {"x": dxp[:, :, off : off + h, off : off + wd], "W": dw, "b": db}

    return code(
        "conv", forward, backward, x=rng.normal(size=(3, 3, 6, 7)), W=rng.normal(size=(4, 3, 3, 3)), b=np.zeros(4)
    )


def pool(*bugs, size=2, stride=2, mean=False):
    """CS231n's layout, in loops."""

    def forward(i):
        x = i["x"]
        n, c, h, w = x.shape
        out = np.zeros((n, c, (h - size) // stride + 1, (w - size) // stride + 1))
        for r in range(out.shape[2]):
            for s in range(out.shape[3]):
                window = x[:, :, r * stride : r * stride + size, s * stride : s * stride + size]
                out[:, :, r, s] = window.mean(axis=(2, 3)) if mean else window.max(axis=(2, 3))
        return out, x

    def backward(dout, x):
        dx = np.zeros_like(x)
        step = 1 if "stride" in bugs else stride
        for k in range(len(x)):
            for c in range(x.shape[1]):
                for r in range(dout.shape[2]):
                    for s in range(dout.shape[3]):
                        at = (k, c, slice(r * step, r * step + size), slice(s * step, s * step + size))
                        window = x[k, c, r * stride : r * stride + size, s * stride : s * stride + size]
                        if mean:
                            part = np.full(window.shape, dout[k, c, r, s] / (1 if "not-divided" in bugs else size**2))
                        elif "all" in bugs:
                            part = np.full(window.shape, dout[k, c, r, s])
                        else:
                            first = np.zeros(window.size)
                            first[window.argmax()] = 1
                            part = first.reshape(window.shape) * dout[k, c, r, s]
                        if "overwritten" in bugs:
                            dx[at] = part
                        else:
                            dx[at] += part
        return {"x": dx}

    return code("pool", forward, backward, x=rng.normal(size=(2, 3, 7, 7)))


def softmax_loss(*bugs):
    def function(i):
        x, y = i["x"], i["y"]
        n = len(x)
        p = np.exp(x - x.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        loss = -np.log(p[range(n), y]).mean()
        dx = p.copy()
        dx[range(n), (y + 1) % x.shape[1] if "labels" in bugs else y] -= 1
        if "minus" in bugs:
            dx = -dx
        return loss, dx if "not-divided" in bugs else dx / n

    return loss_code("softmax_loss", function, x=rng.normal(size=(6, 4)), y=rng.integers(0, 4, 6))


def svm_loss(*bugs):
    def function(i):
        x, y = i["x"], i["y"]
        n = len(x)
        margins = np.maximum(0, x - x[range(n), y][:, None] + 1)
        margins[range(n), y] = 0
        dx = (margins > 0).astype(float)
        if "count" not in bugs:
            dx[range(n), y] -= dx.sum(axis=1)
        return margins.sum() / n, dx / n

    return loss_code("svm_loss", function, x=rng.normal(size=(6, 4)), y=rng.integers(0, 4, 6))
