"""A net is a list of layers; the last of them already holds the loss."""
import numpy as np
import tensorflow as tf


class FC:
    def __init__(self, n_in, n_out, lam=0.0):
        self.W = np.random.normal(0, 1 / np.sqrt(n_in), (n_out, n_in))
        self.b = np.zeros((n_out, 1))
        self.lam = lam

    def forward(self, X):
        self.X = X
        return self.W @ X + self.b

    def backward(self, G):
        self.gW = G @ self.X.T + 2 * self.lam * self.W
        self.gb = G.sum(axis=1).reshape(-1, 1)
        return self.W.T @ G

    def cost(self):
        return self.lam * (self.W ** 2).sum()


class Rectifier:
    def forward(self, X):
        self.on = X > 0
        return np.where(self.on, X, 0.0)

    def backward(self, G):
        return G * self.on

    def cost(self):
        return 0.0


class SoftmaxOutput:
    def forward(self, X):
        E = np.exp(X - X.max(axis=0))
        self.P = E / E.sum(axis=0)
        return self.P

    def backward(self, Y):
        return (self.P - Y) / Y.shape[1]

    def cost(self):
        return 0.0


class Network:
    def __init__(self, layers):
        self.layers = layers

    def forward(self, X):
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def backward(self, targets):
        G = targets
        for layer in self.layers[::-1]:
            G = layer.backward(G)

    def cost(self, X, targets):
        P = self.forward(X)
        return -np.sum(targets * np.log(P)) / targets.shape[1] + sum(layer.cost() for layer in self.layers)

    def fit(self, X, Y, eta=0.1, epochs=20, batch=100):
        for _ in range(epochs):
            for j in range(0, X.shape[1], batch):
                self.forward(X[:, j:j + batch])
                self.backward(Y[:, j:j + batch])
                for layer in self.layers:
                    if hasattr(layer, "W"):
                        layer.W -= eta * layer.gW
                        layer.b -= eta * layer.gb


def load_data():
    (X, y), _ = tf.keras.datasets.cifar10.load_data()
    return X.reshape(len(X), -1).T / 255.0, np.eye(10)[y.ravel()].T


def build(d=3072, m=50, K=10, lam=0.01):
    return Network([FC(d, m, lam), Rectifier(), FC(m, K, lam), SoftmaxOutput()])


if __name__ == "__main__":
    X, Y = load_data()
    build().fit(X, Y)
