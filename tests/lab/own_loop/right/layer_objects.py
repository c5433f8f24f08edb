"""Layers as objects with forward and backward, an optimiser that steps through them, a fit() of the network."""

import numpy as np


class Dense:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) * np.sqrt(2.0 / n_in)
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW = self.x.T @ grad
        self.db = grad.sum(axis=0)
        return grad @ self.W.T


class ReLU:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, grad):
        return grad * self.mask


class SGD:
    def __init__(self, layers, lr, l2):
        self.layers = [layer for layer in layers if hasattr(layer, "W")]
        self.lr, self.l2 = lr, l2

    def step(self):
        for layer in self.layers:
            layer.W -= self.lr * (layer.dW + 2 * self.l2 * layer.W)
            layer.b -= self.lr * layer.db


class Network:
    def __init__(self, n_inputs, n_hidden, n_classes):
        self.layers = [Dense(n_inputs, n_hidden), ReLU(), Dense(n_hidden, n_classes)]

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        z = np.exp(x - x.max(axis=1, keepdims=True))
        return z / z.sum(axis=1, keepdims=True)

    def backward(self, probs, y):
        grad = probs.copy()
        grad[np.arange(len(y)), y] -= 1
        grad /= len(y)
        for layer in reversed(self.layers):
            grad = layer.backward(grad)

    def evaluate(self, x, y):
        p = self.forward(x)
        return -np.log(p[np.arange(len(y)), y]).mean(), (p.argmax(axis=1) == y).mean()

    def fit(self, x, y, x_val, y_val, lr=0.01, l2=0.0, epochs=10, batch_size=64):
        opt = SGD(self.layers, lr, l2)
        self.history = {"loss": [], "val_loss": [], "val_acc": []}
        for _ in range(epochs):
            idx = np.random.permutation(len(x))
            for i in range(0, len(x), batch_size):
                batch = idx[i : i + batch_size]
                probs = self.forward(x[batch])
                self.backward(probs, y[batch])
                opt.step()
            self.history["loss"].append(self.evaluate(x, y)[0])
            val_loss, val_acc = self.evaluate(x_val, y_val)
            self.history["val_loss"].append(val_loss)
            self.history["val_acc"].append(val_acc)
        return self
