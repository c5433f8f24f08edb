"""A training that is given the schedule as a function of the update; parameters as attributes of the network."""

import numpy as np


class Net:
    def __init__(self, in_dim, hidden_dim, out_dim):
        self.weights = [np.random.randn(hidden_dim, in_dim) * np.sqrt(2 / in_dim)]
        self.weights.append(np.random.randn(out_dim, hidden_dim) * np.sqrt(2 / hidden_dim))
        self.biases = [np.zeros((hidden_dim, 1)), np.zeros((out_dim, 1))]

    def forward(self, x):
        self.x = x
        self.h = np.maximum(self.weights[0] @ x + self.biases[0], 0)
        s = self.weights[1] @ self.h + self.biases[1]
        s = np.exp(s - s.max(0))
        self.p = s / s.sum(0)
        return self.p

    def backward(self, y):
        n = self.x.shape[1]
        g2 = (self.p - y) / n
        g1 = (self.weights[1].T @ g2) * (self.h > 0)
        self.grad_weights = [g1 @ self.x.T, g2 @ self.h.T]
        self.grad_biases = [g1.sum(1, keepdims=True), g2.sum(1, keepdims=True)]


def train_network(net, X, Y, lr_schedule, l2, batch_size, epochs):
    t = 0
    n = X.shape[1]
    for epoch in range(epochs):
        ids = np.arange(n)
        np.random.shuffle(ids)
        for s in range(n // batch_size):
            b = ids[s * batch_size : (s + 1) * batch_size]
            net.forward(X[:, b])
            net.backward(Y[:, b])
            lr = lr_schedule(t)
            for i in range(2):
                net.weights[i] -= lr * (net.grad_weights[i] + 2 * l2 * net.weights[i])
                net.biases[i] -= lr * net.grad_biases[i]
            t += 1
    return net
