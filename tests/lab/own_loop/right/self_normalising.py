"""A fit that scales the inputs itself, by the mean and deviation of the training set, in training and in evaluation."""

import numpy as np


class Softmax:
    def __init__(self, n_features, n_classes):
        self.W = 0.01 * np.random.randn(n_features, n_classes)
        self.b = np.zeros(n_classes)

    def prob(self, X):
        z = X @ self.W + self.b
        z = np.exp(z - z.max(axis=1, keepdims=True))
        return z / z.sum(axis=1, keepdims=True)

    def score(self, X, y):
        return np.mean(self.prob(X).argmax(axis=1) == y)

    def fit(self, X_train, y_train, X_val, y_val, learning_rate=0.1, reg=0.0, n_epochs=5, batch_size=50):
        mean, std = X_train.mean(axis=0), X_train.std(axis=0)
        X_train = (X_train - mean) / std
        X_val = (X_val - mean) / std
        scores = []
        for _ in range(n_epochs):
            order = np.random.permutation(len(X_train))
            for i in range(0, len(order), batch_size):
                X_batch, y_batch = X_train[order[i : i + batch_size]], y_train[order[i : i + batch_size]]
                g = self.prob(X_batch)
                g[np.arange(len(y_batch)), y_batch] -= 1
                g /= len(y_batch)
                self.W -= learning_rate * (X_batch.T @ g + 2 * reg * self.W)
                self.b -= learning_rate * g.sum(axis=0)
            scores.append(self.score(X_val, y_val))
        return scores
