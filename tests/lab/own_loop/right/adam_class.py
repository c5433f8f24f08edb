"""A network with an Adam of its own."""

import numpy as np


class Adam:
    def __init__(self, params, lr):
        self.params, self.lr, self.t = params, lr, 0
        self.m = {k: np.zeros_like(v) for k, v in params.items()}
        self.v = {k: np.zeros_like(v) for k, v in params.items()}

    def step(self, grads):
        self.t += 1
        for k in self.params:
            self.m[k] = 0.9 * self.m[k] + 0.1 * grads[k]
            self.v[k] = 0.999 * self.v[k] + 0.001 * grads[k] ** 2
            m_hat = self.m[k] / (1 - 0.9**self.t)
            v_hat = self.v[k] / (1 - 0.999**self.t)
            self.params[k] -= self.lr * m_hat / (np.sqrt(v_hat) + 1e-8)


class Net:
    def __init__(self, input_size, hidden_size, output_size):
        self.params = {
            "W1": np.random.randn(input_size, hidden_size) * np.sqrt(2 / input_size),
            "b1": np.zeros(hidden_size),
            "W2": np.random.randn(hidden_size, output_size) * np.sqrt(2 / hidden_size),
            "b2": np.zeros(output_size),
        }

    def gradients(self, X, Y, reg):
        p = self.params
        h = np.maximum(0, X @ p["W1"] + p["b1"])
        s = h @ p["W2"] + p["b2"]
        e = np.exp(s - s.max(axis=1, keepdims=True))
        d = (e / e.sum(axis=1, keepdims=True) - Y) / len(X)
        dh = (d @ p["W2"].T) * (h > 0)
        return {
            "W1": X.T @ dh + 2 * reg * p["W1"],
            "b1": dh.sum(axis=0),
            "W2": h.T @ d + 2 * reg * p["W2"],
            "b2": d.sum(axis=0),
        }

    def train(self, X, Y, learning_rate, reg, batch_size, epochs):
        adam = Adam(self.params, learning_rate)
        for epoch in range(epochs):
            perm = np.random.permutation(X.shape[0])
            for i in range(X.shape[0] // batch_size):
                idx = perm[i * batch_size : (i + 1) * batch_size]
                adam.step(self.gradients(X[idx], Y[idx], reg))
