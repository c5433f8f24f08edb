import numpy as np


class Logistic:
    def __init__(self, num_features):
        self.w = np.zeros(num_features)
        self.bias = 0.0

    def probability(self, X):
        return 1 / (1 + np.exp(-(X @ self.w + self.bias)))

    def loss(self, X, y):
        p = self.probability(X)
        return -np.mean(y * np.log(p + 1e-12) + (1 - y) * np.log(1 - p + 1e-12))

    def gradients(self, X, y):
        miss = self.probability(X) - y
        return X.T @ miss / len(y), np.mean(miss)
