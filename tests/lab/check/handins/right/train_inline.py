import numpy as np


class NeuralNetwork:
    def __init__(self, n_features, n_hidden, n_classes, learning_rate=0.1):
        self.learning_rate = learning_rate
        self.w1 = np.random.randn(n_features, n_hidden) * 0.1
        self.b1 = np.zeros((1, n_hidden))
        self.w2 = np.random.randn(n_hidden, n_classes) * 0.1
        self.b2 = np.zeros((1, n_classes))

    def forward(self, X):
        self.z1 = X @ self.w1 + self.b1
        self.a1 = 1 / (1 + np.exp(-self.z1))
        self.z2 = self.a1 @ self.w2 + self.b2
        e = np.exp(self.z2 - self.z2.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def compute_loss(self, X, Y):
        return -np.sum(Y * np.log(self.forward(X))) / len(X)

    def train(self, X, Y, epochs=1):
        for _ in range(epochs):
            out = self.forward(X)
            m = X.shape[0]
            delta2 = (out - Y) / m
            delta1 = (delta2 @ self.w2.T) * self.a1 * (1 - self.a1)
            self.w2 -= self.learning_rate * (self.a1.T @ delta2)
            self.b2 -= self.learning_rate * delta2.sum(axis=0, keepdims=True)
            self.w1 -= self.learning_rate * (X.T @ delta1)
            self.b1 -= self.learning_rate * delta1.sum(axis=0, keepdims=True)
