import numpy as np


def softMax(S: np.array) -> np.array:
    S = np.exp(S)
    return S / np.sum(S, axis=0)


class linearClassifier:
    """Data come as rows (n x d) and (n x K), inside they are columns."""

    def __init__(self, K: int, d: int, seed: int):
        self.K = K
        self.d = d
        np.random.seed(seed)
        self.W = np.random.normal(loc=0, scale=0.01, size=(K, d))
        self.b = np.zeros((K, 1))

    def evaluate(self, X: np.array) -> np.array:
        return softMax(self.W @ X.T + self.b)

    def computeCost(self, X: np.array, Y: np.array, lambd: float) -> float:
        D = len(X)
        P = self.evaluate(X)
        l = -D ** (-1) * np.sum(Y.T * np.log(P))
        r = lambd * np.sum(np.square(self.W))
        return l, l + r

    def computeGrads(self, X: np.array, Y: np.array, lambd: float) -> (np.array, np.array):
        D = len(X)
        g = self.evaluate(X) - Y.T
        W_grads = g @ X / D + 2 * lambd * self.W
        b_grads = np.sum(g, axis=1) / D
        return W_grads, np.expand_dims(b_grads, axis=1)

    def train(self, X, Y, lambd, eta, n_epochs):
        for _ in range(n_epochs):
            W_grads, b_grads = self.computeGrads(X, Y, lambd)
            self.W -= eta * W_grads
            self.b -= eta * b_grads
