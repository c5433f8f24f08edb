import numpy as np


class Classifier:
    """Single precision, velocities, and probabilities that only cost() leaves behind."""

    def __init__(self, inputs, hidden, classes, rho=0.9):
        self.W1 = np.float32(np.random.randn(inputs, hidden) * 0.3)
        self.b1 = np.zeros(hidden, dtype=np.float32)
        self.W2 = np.float32(np.random.randn(hidden, classes) * 0.3)
        self.b2 = np.zeros(classes, dtype=np.float32)
        self.rho = rho
        self.velocity = [0 * self.W1, 0 * self.b1, 0 * self.W2, 0 * self.b2]

    def scores(self, X):
        self.X = np.float32(X)
        self.H = np.maximum(0, self.X @ self.W1 + self.b1)
        return self.H @ self.W2 + self.b2

    def cost(self, X, y):
        S = self.scores(X)
        E = np.exp(S - S.max(axis=1, keepdims=True))
        self.P = E / E.sum(axis=1, keepdims=True)
        return -np.mean(np.log(self.P[np.arange(len(y)), y]))

    def backward(self, y):
        G = self.P.copy()
        G[np.arange(len(y)), y] -= 1
        G = G / len(y)
        self.dW2, self.db2 = self.H.T @ G, G.sum(axis=0)
        G = (G @ self.W2.T) * (self.H > 0)
        self.dW1, self.db1 = self.X.T @ G, G.sum(axis=0)
        return [self.dW1, self.db1, self.dW2, self.db2]

    def step(self, X, y, eta):
        J = self.cost(X, y)
        for v, parameter, gradient in zip(self.velocity, [self.W1, self.b1, self.W2, self.b2], self.backward(y)):
            v *= self.rho
            v -= eta * gradient
            parameter += v
        return J
