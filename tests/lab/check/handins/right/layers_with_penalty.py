import numpy as np


class Dense:
    def __init__(self, n_in, n_out, lam=0.01):
        self.W = np.random.normal(0, 1 / np.sqrt(n_in), (n_out, n_in))
        self.b = np.zeros((n_out, 1))
        self.lam = lam

    def forward(self, X):
        self.X = X
        return self.W @ X + self.b

    def backward(self, G):
        n = self.X.shape[1]
        self.grad_W = G @ self.X.T / n + 2 * self.lam * self.W
        self.grad_b = G.sum(axis=1, keepdims=True) / n
        return self.W.T @ G

    def cost(self):
        return self.lam * np.sum(self.W ** 2)


class ReLU:
    def forward(self, X):
        self.X = X
        return np.maximum(X, 0)

    def backward(self, G):
        return G * (self.X > 0)


class Softmax:
    def forward(self, S):
        self.P = np.exp(S) / np.exp(S).sum(axis=0)
        return self.P

    def loss(self, Y):
        return -np.log((Y * self.P).sum(axis=0)).mean()

    def backward(self, Y):
        return self.P - Y


class Net:
    def __init__(self, sizes, lam):
        self.layers = []
        for a, b in zip(sizes[:-2], sizes[1:-1]):
            self.layers += [Dense(a, b, lam), ReLU()]
        self.layers.append(Dense(sizes[-2], sizes[-1], lam))
        self.out = Softmax()

    def forward(self, X):
        for layer in self.layers:
            X = layer.forward(X)
        return self.out.forward(X)

    def cost(self, X, Y):
        self.forward(X)
        return self.out.loss(Y) + sum(l.cost() for l in self.layers if isinstance(l, Dense))

    def backward(self, Y):
        G = self.out.backward(Y)
        for layer in self.layers[::-1]:
            G = layer.backward(G)
