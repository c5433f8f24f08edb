import numpy as np


class Net:
    """Two layers with inverted dropout on the hidden one; the mask is kept for the way back."""

    def __init__(self, d=3072, m=50, K=10, keep=0.8, lam=0.001, seed=100):
        np.random.seed(seed)
        self.seed = seed
        self.keep = keep
        self.lam = lam
        self.W = [np.random.randn(m, d) / np.sqrt(d), np.random.randn(K, m) / np.sqrt(m)]
        self.b = [np.zeros((m, 1)), np.zeros((K, 1))]

    def forward(self, X, training=False):
        h = np.maximum(0, self.W[0] @ X + self.b[0])
        if training:
            np.random.seed(self.seed)
            self.mask = (np.random.rand(*h.shape) < self.keep) / self.keep
            h = h * self.mask
        s = self.W[1] @ h + self.b[1]
        P = np.exp(s) / np.sum(np.exp(s), axis=0)
        return h, P

    def compute_cost(self, X, Y, training=False):
        _, P = self.forward(X, training)
        return -np.sum(Y * np.log(P)) / X.shape[1] + self.lam * (np.sum(self.W[0] ** 2) + np.sum(self.W[1] ** 2))

    def compute_gradients(self, X, Y, training=True):
        h, P = self.forward(X, training)
        n = X.shape[1]
        G = P - Y
        gW2 = G @ h.T / n + 2 * self.lam * self.W[1]
        gb2 = G.sum(axis=1, keepdims=True) / n
        G = self.W[1].T @ G
        if training:
            G = G * self.mask
        G = G * (h > 0)
        gW1 = G @ X.T / n + 2 * self.lam * self.W[0]
        gb1 = G.sum(axis=1, keepdims=True) / n
        return [gW1, gW2], [gb1, gb2]
