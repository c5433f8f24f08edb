"""Layers that update themselves on the way back: backward(grad, lr)."""

import numpy as np


class Linear:
    def __init__(self, n_in, n_out):
        self.weights = np.random.normal(0, np.sqrt(2 / n_in), (n_out, n_in))
        self.bias = np.zeros((n_out, 1))

    def forward(self, inputs):
        self.inputs = inputs
        return self.weights @ inputs + self.bias

    def backward(self, grad, lr, reg):
        below = self.weights.T @ grad
        self.weights -= lr * (grad @ self.inputs.T + 2 * reg * self.weights)
        self.bias -= lr * grad.sum(axis=1, keepdims=True)
        return below


class Relu:
    def forward(self, inputs):
        self.inputs = inputs
        return np.maximum(inputs, 0)

    def backward(self, grad, lr, reg):
        return grad * (self.inputs > 0)


class MLP:
    def __init__(self, sizes):
        self.layers = []
        for i, (a, b) in enumerate(zip(sizes[:-1], sizes[1:])):
            self.layers.append(Linear(a, b))
            if i < len(sizes) - 2:
                self.layers.append(Relu())

    def predict(self, X):
        out = X
        for layer in self.layers:
            out = layer.forward(out)
        e = np.exp(out - out.max(axis=0))
        return e / e.sum(axis=0)

    def train(self, X, Y, X_val, Y_val, epochs, batch_size, learning_rate, lam):
        n = X.shape[1]
        accuracies = []
        for epoch in range(epochs):
            p = np.random.permutation(n)
            for k in range(0, n, batch_size):
                xb, yb = X[:, p[k : k + batch_size]], Y[:, p[k : k + batch_size]]
                grad = (self.predict(xb) - yb) / xb.shape[1]
                for layer in reversed(self.layers):
                    grad = layer.backward(grad, learning_rate, lam)
            accuracies.append(np.mean(self.predict(X_val).argmax(axis=0) == Y_val.argmax(axis=0)))
        return accuracies
