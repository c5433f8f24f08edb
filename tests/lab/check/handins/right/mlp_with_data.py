import numpy as np
from sklearn.model_selection import train_test_split


class MLP:
    """The data belong to the object: MLP(X, Y) with one example per row, Y one-hot."""

    def __init__(self, X, Y, hidden=25, lr=0.5):
        self.X = X
        self.Y = Y
        self.lr = lr
        np.random.seed(3)
        self.W1 = np.random.randn(X.shape[1], hidden) / np.sqrt(X.shape[1])
        self.b1 = np.zeros(hidden)
        self.W2 = np.random.randn(hidden, Y.shape[1]) / np.sqrt(hidden)
        self.b2 = np.zeros(Y.shape[1])

    def feedforward(self):
        self.z1 = self.X.dot(self.W1) + self.b1
        self.a1 = 1.0 / (1.0 + np.exp(-self.z1))
        z2 = self.a1.dot(self.W2) + self.b2
        z2 = z2 - z2.max(axis=1, keepdims=True)
        self.out = np.exp(z2) / np.exp(z2).sum(axis=1, keepdims=True)
        return self.out

    def loss(self):
        P = self.feedforward()
        return -np.sum(self.Y * np.log(P)) / len(self.X)

    def backprop(self):
        self.feedforward()
        delta2 = (self.out - self.Y) / len(self.X)
        self.dW2 = self.a1.T.dot(delta2)
        self.db2 = delta2.sum(axis=0)
        delta1 = delta2.dot(self.W2.T) * self.a1 * (1 - self.a1)
        self.dW1 = self.X.T.dot(delta1)
        self.db1 = delta1.sum(axis=0)

    def train(self, epochs):
        for _ in range(epochs):
            self.backprop()
            for name in ("W1", "b1", "W2", "b2"):
                setattr(self, name, getattr(self, name) - self.lr * getattr(self, "d" + name))
