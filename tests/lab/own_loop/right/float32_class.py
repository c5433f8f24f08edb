"""A class in float32, labels as integers, printed lines and nothing returned."""

import numpy as np
from tqdm import tqdm


class Classifier:
    def __init__(self, d, m, k, seed=0):
        rng = np.random.RandomState(seed)
        self.W1 = (rng.randn(m, d) * np.sqrt(2 / d)).astype(np.float32)
        self.b1 = np.zeros((m, 1), dtype=np.float32)
        self.W2 = (rng.randn(k, m) * np.sqrt(2 / m)).astype(np.float32)
        self.b2 = np.zeros((k, 1), dtype=np.float32)

    def scores(self, X):
        self.H = np.maximum(self.W1 @ X + self.b1, 0)
        return self.W2 @ self.H + self.b2

    def probabilities(self, X):
        s = self.scores(X)
        e = np.exp(s - s.max(axis=0))
        return e / e.sum(axis=0)

    def accuracy(self, X, y):
        return (self.scores(X).argmax(axis=0) == y).mean()

    def train(self, X, y, X_val, y_val, lr, reg, batch_size, epochs):
        X, X_val = X.astype(np.float32), X_val.astype(np.float32)
        n = X.shape[1]
        for epoch in tqdm(range(epochs)):
            for batch in np.random.permutation(n)[: n - n % batch_size].reshape(-1, batch_size):
                xb, yb = X[:, batch], y[batch]
                G = self.probabilities(xb)
                G[yb, np.arange(batch_size)] -= 1
                G /= batch_size
                gW2 = G @ self.H.T + 2 * reg * self.W2
                gb2 = G.sum(axis=1, keepdims=True)
                G = (self.W2.T @ G) * (self.H > 0)
                gW1 = G @ xb.T + 2 * reg * self.W1
                gb1 = G.sum(axis=1, keepdims=True)
                for p, g in ((self.W1, gW1), (self.b1, gb1), (self.W2, gW2), (self.b2, gb2)):
                    p -= np.float32(lr) * g
            print("Epoch %d: val accuracy %.3f" % (epoch, self.accuracy(X_val, y_val)))
