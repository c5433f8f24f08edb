import numpy as np


class MLP:
    def __init__(self, n_in, n_h, n_out, lambda_):
        self.W1 = np.random.normal(0, 1 / np.sqrt(n_in), (n_h, n_in))
        self.b1 = np.zeros(n_h)
        self.W2 = np.random.normal(0, 1 / np.sqrt(n_h), (n_out, n_h))
        self.b2 = np.zeros(n_out)
        self.lambda_ = lambda_

    def _softmax(self, logits):
        e_x = np.exp(logits - np.max(logits, axis=0))
        return e_x / np.sum(e_x, axis=0)

    def _forward(self, X):
        h = np.maximum(((self.W1 @ X).T + self.b1).T, 0)
        p = self._softmax(((self.W2 @ h).T + self.b2).T)
        return p, h

    def _backward(self, X, Y, P, H):
        n_batch = X.shape[1]
        gradient = -(Y - P)
        g_W2 = gradient @ H.T / n_batch + 2 * self.lambda_ * self.W2
        g_b2 = np.mean(gradient, axis=1)
        gradient = (self.W2.T @ gradient) * np.where(H > 0, 1, 0)
        g_W1 = gradient @ X.T / n_batch + 2 * self.lambda_ * self.W1
        g_b1 = np.mean(gradient, axis=1)
        return g_W2, g_b2, g_W1, g_b1

    def _loss(self, Y, P):
        return (-1 * np.log(np.sum(P * Y, axis=0))).mean()

    def _cost(self, Y, P):
        return self._loss(Y, P) + self.lambda_ * (np.sum(np.square(self.W1)) + np.sum(np.square(self.W2)))
