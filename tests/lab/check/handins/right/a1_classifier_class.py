import numpy as np


class Classifier:
    """One-layer softmax classifier, data in columns."""

    def __init__(self, K, d, lamda=0.0, seed=0):
        np.random.seed(seed)
        self.K = K
        self.d = d
        self.lamda = lamda
        self.W = np.random.normal(0, 0.01, size=(K, d))
        self.b = np.random.normal(0, 0.01, size=(K, 1))

    def evaluate(self, X):
        s = self.W @ X + self.b
        s -= s.max(axis=0)
        p = np.exp(s)
        p /= p.sum(axis=0)
        return p

    def compute_cost(self, X, Y):
        P = self.evaluate(X)
        cross_entropy = -np.log(np.einsum('ij,ij->j', Y, P))
        return cross_entropy.mean() + self.lamda * (self.W ** 2).sum()

    def compute_gradients(self, X, Y):
        P = self.evaluate(X)
        N = X.shape[1]
        G = P - Y
        grad_W = G @ X.T / N + 2 * self.lamda * self.W
        grad_b = G.sum(axis=1, keepdims=True) / N
        return grad_W, grad_b

    def compute_accuracy(self, X, y):
        return (self.evaluate(X).argmax(axis=0) == y).mean()

    def train(self, X, Y, eta=0.01, epochs=10, batch_size=100):
        history = []
        for epoch in range(epochs):
            order = np.random.permutation(X.shape[1])
            for start in range(0, X.shape[1], batch_size):
                idx = order[start:start + batch_size]
                gW, gb = self.compute_gradients(X[:, idx], Y[:, idx])
                self.W -= eta * gW
                self.b -= eta * gb
            history.append(self.compute_cost(X, Y))
        return history
