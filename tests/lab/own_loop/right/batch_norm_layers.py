"""Layers as objects with batch normalisation that keeps running statistics; model.train() and model.eval()."""

import numpy as np


class Affine:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) * np.sqrt(2 / n_in)
        self.b = np.zeros((1, n_out))

    def forward(self, x, training):
        self.x = x
        return x @ self.W + self.b

    def backward(self, g):
        self.grad_W, self.grad_b = self.x.T @ g, g.sum(axis=0, keepdims=True)
        return g @ self.W.T


class BatchNorm:
    def __init__(self, size, momentum=0.9):
        self.gamma, self.beta = np.ones((1, size)), np.zeros((1, size))
        self.running_mean, self.running_var = np.zeros((1, size)), np.ones((1, size))
        self.momentum = momentum

    def forward(self, x, training):
        if training:
            mean, var = x.mean(axis=0, keepdims=True), x.var(axis=0, keepdims=True)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            mean, var = self.running_mean, self.running_var
        self.std = np.sqrt(var + 1e-5)
        self.x_hat = (x - mean) / self.std
        return self.gamma * self.x_hat + self.beta

    def backward(self, g):
        n = len(g)
        self.grad_gamma = (g * self.x_hat).sum(axis=0, keepdims=True)
        self.grad_beta = g.sum(axis=0, keepdims=True)
        return self.gamma / self.std * (g - self.grad_beta / n - self.x_hat * self.grad_gamma / n)


class Relu:
    def forward(self, x, training):
        self.on = x > 0
        return x * self.on

    def backward(self, g):
        return g * self.on


class Model:
    def __init__(self, input_dim, hidden_dims, output_dim):
        dims = [input_dim, *hidden_dims]
        self.layers = []
        for a, b in zip(dims[:-1], dims[1:]):
            self.layers += [Affine(a, b), BatchNorm(b), Relu()]
        self.layers.append(Affine(dims[-1], output_dim))

    def forward(self, x, training=False):
        for layer in self.layers:
            x = layer.forward(x, training)
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def backward(self, p, y):
        g = (p - y) / len(y)
        for layer in self.layers[::-1]:
            g = layer.backward(g)

    def accuracy(self, x, y):
        return np.mean(self.forward(x).argmax(axis=1) == y.argmax(axis=1))

    def fit(self, x_train, y_train_onehot, x_val, y_val_onehot, epochs, batch_size, lr, reg):
        log = {"train_acc": [], "val_acc": []}
        for epoch in range(epochs):
            shuffled = np.random.permutation(len(x_train))
            for idx in np.array_split(shuffled, len(x_train) // batch_size):
                xb, yb = x_train[idx], y_train_onehot[idx]
                p = self.forward(xb, training=True)
                self.backward(p, yb)
                for layer in self.layers:
                    for name in ("W", "b", "gamma", "beta"):
                        if hasattr(layer, name):
                            grad = getattr(layer, "grad_" + name)
                            if name == "W":
                                grad = grad + 2 * reg * layer.W
                            setattr(layer, name, getattr(layer, name) - lr * grad)
            log["train_acc"].append(self.accuracy(x_train, y_train_onehot))
            log["val_acc"].append(self.accuracy(x_val, y_val_onehot))
        return log
