import numpy as np

np.random.seed(7)


class Affine:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_out, n_in) * 0.1
        self.b = np.zeros((n_out, 1))

    def forward_pass(self, X):
        self.X = X
        return self.W @ X + self.b

    def backward_pass(self, G, eta):
        grad_W = G @ self.X.T
        grad_b = G.sum(axis=1, keepdims=True)
        G_in = self.W.T @ G
        self.W = self.W - eta * grad_W
        self.b = self.b - eta * grad_b
        return G_in


class Relu:
    def forward_pass(self, X):
        self.X = X
        return np.maximum(0, X)

    def backward_pass(self, G, eta):
        return np.where(self.X > 0, G, 0)


class SoftmaxLoss:
    def forward_pass(self, S):
        E = np.exp(S)
        self.P = E / E.sum(axis=0)
        return self.P

    def loss(self, Y):
        return -np.mean(np.log(np.sum(Y * self.P, axis=0)))

    def backward_pass(self, Y, eta):
        return (self.P - Y) / Y.shape[1]


class Net:
    def __init__(self, sizes):
        self.layers = []
        for a, b in zip(sizes, sizes[1:]):
            self.layers += [Affine(a, b), Relu()]
        self.layers[-1] = SoftmaxLoss()

    def forward_pass(self, X):
        for layer in self.layers:
            X = layer.forward_pass(X)
        return X

    def cost(self, X, Y):
        self.forward_pass(X)
        return self.layers[-1].loss(Y)

    def backward_pass(self, Y, eta):
        G = Y
        for layer in reversed(self.layers):
            G = layer.backward_pass(G, eta)
