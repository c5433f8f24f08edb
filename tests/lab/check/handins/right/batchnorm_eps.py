import numpy as np


class DeepNet:
    def __init__(self, layer_sizes, reg=1e-3, use_batchnorm=False, eps=1e-9):
        self.sizes, self.reg, self.use_batchnorm, self.eps = layer_sizes, reg, use_batchnorm, eps
        self.W, self.b, self.gamma, self.beta = [], [], [], []
        for i in range(len(layer_sizes) - 1):
            a, c = layer_sizes[i], layer_sizes[i + 1]
            self.W.append(np.random.randn(c, a) / np.sqrt(a))
            self.b.append(np.zeros((c, 1)))
            if i < len(layer_sizes) - 2:
                self.gamma.append(np.ones((c, 1)))
                self.beta.append(np.zeros((c, 1)))

    def forward(self, X):
        self.H, self.S, self.Sh, self.v = [X], [], [], []
        L = len(self.W)
        for i in range(L):
            s = self.W[i] @ self.H[-1] + self.b[i]
            if i == L - 1:
                break
            if self.use_batchnorm:
                mu, v = s.mean(1, keepdims=True), s.var(1, keepdims=True)
                sh = (s - mu) / np.sqrt(v + self.eps)
                self.Sh.append(sh)
                self.v.append(v)
                s = self.gamma[i] * sh + self.beta[i]
            self.H.append(np.maximum(s, 0))
        e = np.exp(s - s.max(0))
        self.P = e / e.sum(0)
        return self.P

    def compute_cost(self, X, Y):
        P = self.forward(X)
        return -np.log((P * Y).sum(0)).mean() + self.reg * sum((W ** 2).sum() for W in self.W)

    def compute_gradients(self, X, Y):
        self.forward(X)
        n, L = X.shape[1], len(self.W)
        gW, gb, gg, gB = [None] * L, [None] * L, [None] * (L - 1), [None] * (L - 1)
        G = self.P - Y
        for i in reversed(range(L)):
            if i < L - 1:
                G = G * (self.H[i + 1] > 0)
                if self.use_batchnorm:
                    gg[i] = (G * self.Sh[i]).mean(1, keepdims=True)
                    gB[i] = G.mean(1, keepdims=True)
                    G = G * self.gamma[i]
                    sh = self.Sh[i]
                    G = (G - G.mean(1, keepdims=True) - sh * (G * sh).mean(1, keepdims=True)) / np.sqrt(self.v[i] + self.eps)
            gW[i] = G @ self.H[i].T / n + 2 * self.reg * self.W[i]
            gb[i] = G.mean(1, keepdims=True)
            G = self.W[i].T @ G
        grads = {"W": gW, "b": gb}
        if self.use_batchnorm:
            grads["gamma"], grads["beta"] = gg, gB
        return grads
