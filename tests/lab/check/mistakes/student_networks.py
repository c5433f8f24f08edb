"""Networks as students write them, with a place for every bug: columns are examples, lists of parameters, a loop
backwards. Nothing here is shared with the reference networks they are compared with."""

from itertools import pairwise

import numpy as np

from lab.check.mistakes.evidence import NetworkEvidence


class Student:
    """cost() and gradients() in DD2424's layout: X is d x n, W[k] is m x d, b[k] is m x 1.

    `bugs` are names; a name may end in @k for the layer it is in (1 is the first).
    """

    def __init__(
        self,
        sizes,
        n=7,
        *bugs,
        batch_norm=False,
        lam=0.05,
        activation="relu",
        loss="softmax",
        eps=1e-6,
        ddof=0,
        half=False,
        seed=0,
    ):
        rng = np.random.default_rng(seed)
        self.bugs, self.batch_norm, self.lam, self.n = bugs, batch_norm, lam, n
        self.activation, self.loss, self.eps, self.ddof, self.half = activation, loss, eps, ddof, half
        self.depth = len(sizes) - 1
        self.X = rng.normal(size=(sizes[0], n))
        self.y = rng.integers(0, sizes[-1], n)
        self.y[:2] = 0, sizes[-1] - 1
        self.Y = np.eye(sizes[-1])[self.y].T
        self.W = [rng.normal(size=(m, d)) / np.sqrt(d) for d, m in pairwise(sizes)]
        self.b = [np.zeros((m, 1)) for m in sizes[1:]]
        hidden = sizes[1:-1] if batch_norm else ()
        self.gamma, self.beta = [np.ones((m, 1)) for m in hidden], [np.zeros((m, 1)) for m in hidden]

    def has(self, bug, layer=None):
        """Is this bug planted, anywhere or in this layer (counted from 0)?"""
        return bug in self.bugs or (layer is not None and f"{bug}@{layer + 1}" in self.bugs)

    # Forward

    def act(self, u):
        if self.activation == "relu":
            return np.where(u > 0, u, 0)
        return np.tanh(u) if self.activation == "tanh" else 1 / (1 + np.exp(-u))

    def slope(self, u):
        if self.activation == "relu":
            return np.where(u > 0, 1.0, 0.0)
        return 1 / np.cosh(u) ** 2 if self.activation == "tanh" else np.exp(-u) / (1 + np.exp(-u)) ** 2

    def forward(self):
        H, steps = self.X, []
        for k in range(self.depth):
            s = self.W[k] @ H + self.b[k]
            step = {"H": H, "s": s}
            u = s
            if self.batch_norm and k < self.depth - 1:
                step["mean"] = s.mean(axis=1, keepdims=True)
                step["var"] = s.var(axis=1, keepdims=True, ddof=self.ddof)
                step["z"] = (s - step["mean"]) / np.sqrt(step["var"] + self.eps)
                u = self.gamma[k] * step["z"] + self.beta[k]
            step["u"] = u
            H = step["out"] = u if k == self.depth - 1 else self.act(u)
            steps.append(step)
        return steps

    def cost(self):
        S = self.forward()[-1]["out"]
        n = self.n
        if self.loss == "hinge":
            total = 0.0
            for i in range(n):
                for k in range(len(S)):
                    if k != self.y[i]:
                        total += max(0.0, S[k, i] - S[self.y[i], i] + 1)
        else:
            axis = 1 if self.has("J-softmax-axis") else 0
            P = np.exp(S) / np.exp(S).sum(axis=axis, keepdims=True)
            p = P[(self.y + 1) % len(S) if self.has("J-labels") else self.y, range(n)]
            if self.has("J-log10"):
                total = -np.log10(p).sum()
            elif self.has("J-log-of-mean"):
                total = -n * np.log(p.mean())
            else:
                total = -np.log(p + (1e-4 if self.has("J-eps") else 0)).sum()
        J = total if self.has("J-sum") else -total / n if self.has("J-sign") else total / n
        if self.has("J-no-penalty"):
            return J
        J += (
            (0.5 if self.half else 1)
            * self.lam
            * sum(np.linalg.norm(W) if self.has("J-norm") else np.sum(W**2) for W in self.W)
        )
        if self.has("J-bias-penalty"):
            J += self.lam * sum(np.sum(b**2) for b in self.b)
        return J

    # Backward

    def output(self, S):
        n = self.n
        if self.loss == "hinge":
            margins = (S - S[self.y, range(n)] + 1 > 0).astype(float)
            margins[self.y, range(n)] = 0
            count = margins.sum(axis=0)
            margins[self.y, range(n)] = 0 if self.has("hinge-count") else -count
            return margins / n
        Y = np.roll(self.Y, 1, axis=0) if self.has("labels") else self.Y
        E = np.exp(S)
        P = E if self.has("exp") else E / E.sum(axis=1 if self.has("axis") else 0, keepdims=True)
        G = P - Y
        if self.has("no-Y"):
            G = P
        if self.has("P-in-place"):
            G = P - 2 * Y
        if self.has("Y-P"):
            G = Y - P
        if self.has("softmax-slope"):
            G = G * P * (1 - P)
        if self.has("scores"):
            G = S - Y
        if self.has("last-example"):
            G = G * (np.arange(n) < n - 1)
        if self.has("first-example"):
            G = G * (np.arange(n) > 0)
        if self.has("not-divided"):
            return G
        if self.has("divided-twice"):
            return G / n**2
        if self.has("divided-by-K"):
            return G / len(S)
        if self.has("divided-by-100"):
            return G / 100
        return G / n

    def norm_backward(self, G, k, step):
        if self.has("norm-skip", k):
            return G
        n = self.n
        eps = 0 if self.has("eps-missing", k) else self.eps
        D = step["s"] - (0 if self.has("not-centred", k) else step["mean"])
        v = step["var"] if not self.has("var-ddof", k) else step["s"].var(axis=1, keepdims=True, ddof=1)
        if not self.has("no-gamma", k):
            G = G * self.gamma[k]
        if self.has("running", k):
            D = step["s"] - 0.3
            v = np.full_like(v, 1.7)
        sigma1, sigma2 = (v + eps) ** -0.5, (v + eps) ** -1.5
        if self.has("eps-place", k):
            sigma1 = 1 / (np.sqrt(v) + eps)
            sigma2 = sigma1**3
        if self.has("power", k):
            sigma2 = (v + eps) ** -0.5
        G1, G2 = G * sigma1, G * sigma2
        c = (G2 * D).sum(axis=1, keepdims=True)
        out = G1
        if not self.has("no-mean-path", k) and not self.has("constants", k):
            out = out - G1.sum(axis=1, keepdims=True) / (1 if self.has("mean-sum", k) else n)
        if not self.has("no-variance-path", k) and not self.has("constants", k):
            out = out - D * c / (n - 1 if self.has("n-1", k) else n - self.ddof)
        return out

    def gradients(self):
        steps = self.forward()
        G = self.output(steps[-1]["out"])
        gW, gb, gg, gB = ([None] * self.depth for _ in range(4))
        for k in reversed(range(self.depth)):
            step, u = steps[k], steps[k]["u"]
            above = G
            if k < self.depth - 1:
                if self.has("no-mask", k):
                    pass
                elif self.has("mask-G", k):
                    G = G * (G > 0)
                elif self.has("mask-inverted", k):
                    G = G * (u < 0)
                elif self.has("mask-below", k):
                    G = G * (steps[k - 1]["out"] > 0)
                elif self.has("mask-score", k):
                    G = G * (step["s"] > 0)
                elif self.has("mask-value", k):
                    G = G * step["out"]
                elif self.has("slope-of-H", k):
                    G = G * self.slope(step["out"])
                else:
                    G = G * self.slope(u)
            if self.batch_norm and k < self.depth - 1:
                z = step["s"] if self.has("gamma-scores", k) else step["z"]
                gg[k] = (G * z).sum(axis=1, keepdims=True)
                gB[k] = G.sum(axis=1, keepdims=True)
                if self.has("swap", k):
                    gg[k], gB[k] = gB[k], gg[k]
                G = self.norm_backward(G, k, step)
            H = step["H"]
            if self.has("input-X", k):
                H = self.X
            if self.has("input-scores", k):
                H = steps[k - 1]["s"]
            used = above if self.has("W-before-mask", k) else G
            gW[k] = used @ H.T
            if self.has("W-last-example", k):
                gW[k] = np.outer(used[:, -1], H[:, -1])
            if self.has("W-transposed", k):
                gW[k] = gW[k].T
            gb[k] = G.sum(axis=1, keepdims=True)
            if self.has("b-all", k):
                gb[k] = np.full_like(gb[k], G.sum())
            if self.has("b-mean", k):
                gb[k] = G.mean(axis=1, keepdims=True)
            if self.has("b-zero", k):
                gb[k] = np.zeros_like(gb[k])
            if self.has("b-first", k):
                gb[k] = G[:, :1].copy()
            if not self.has("no-penalty", k):
                c = (1 if self.half else 2) * self.lam
                c *= 0.5 if self.has("half-penalty", k) else 2 if self.has("double-penalty", k) else 1
                c *= -1 if self.has("minus-penalty", k) else 1
                c /= self.n if self.has("penalty/n", k) else 1
                gW[k] = gW[k] + c * (self.W[k + 1] if self.has("penalty-next", k) else self.W[k])
                if self.has("penalty-scalar", k):
                    gW[k] = gW[k] - c * self.W[k] + self.lam * np.sum(self.W[k] ** 2)
            if self.has("b-penalty", k):
                gb[k] = gb[k] + 2 * self.lam * self.b[k]
            if self.has("W-zero", k):
                gW[k] = np.zeros_like(gW[k])
            if self.has("W-sign", k):
                gW[k] = -gW[k]
            if self.has("W-strange", k):
                gW[k] = gW[k] + 0.01 * np.cos(self.W[k])
            W = self.W[k]
            if self.has("updated", k):
                W = W - 0.3 * gW[k]
            if self.has("W-not-turned", k):
                G = W @ G
            elif self.has("G-skips", k):
                pass
            elif self.has("other-W", k):
                G = self.W[k - 1].T @ G
            elif self.has("unmasked-on", k):
                G = W.T @ above
            elif self.has("G/n", k):
                G = W.T @ G / self.n
            elif self.has("strange", k):
                G = np.tanh(W.T @ G + 0.1)
            else:
                G = W.T @ G
        return gW, gb, gg, gB

    def code(self, with_cost=True):
        """The student's code as the check sees it."""
        names = tuple(
            {"W": f"W{k + 1}", "b": f"b{k + 1}"}
            | ({"gamma": f"gamma{k + 1}", "beta": f"beta{k + 1}"} if k < len(self.gamma) else {})
            for k in range(self.depth)
        )

        def put(layers):
            self.W = [t["W"].T.copy() for t in layers]
            self.b = [t["b"][:, None].copy() for t in layers]
            self.gamma = [t["gamma"][:, None].copy() for t in layers if "gamma" in t]
            self.beta = [t["beta"][:, None].copy() for t in layers if "beta" in t]

        def taken(W, b, gamma, beta):
            return tuple(
                {"W": W[k].T.copy(), "b": b[k].reshape(-1)}
                | ({"gamma": gamma[k].reshape(-1), "beta": beta[k].reshape(-1)} if k < len(self.gamma) else {})
                for k in range(self.depth)
            )

        def cost(layers):
            put(layers)
            return self.cost()

        def gradients(layers):
            put(layers)
            return taken(*self.gradients())

        layers = taken(self.W, self.b, self.gamma, self.beta)
        return NetworkEvidence(self.X.T.copy(), self.y, self.lam, layers, names, cost if with_cost else None, gradients)
