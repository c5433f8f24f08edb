import numpy as np


def relu(x):
    x = x.copy()
    x[x < 0] = 0
    return x


def soft_max(x):
    x = np.exp(x)
    return x / np.sum(x, axis=0)


def forward(X, W1, W2, b1, b2):
    s1 = np.dot(W1, X) + b1
    h = relu(s1)
    s = np.dot(W2, h) + b2
    return s1, h, soft_max(s)


def compute_cost(X, Y, W1, W2, b1, b2, Lambda):
    _, _, p = forward(X, W1, W2, b1, b2)
    return -np.mean(np.log(np.diag(Y.T @ p))) + Lambda * (np.sum(W1**2) + np.sum(W2**2))


def compute_gradients(X, Y, W1, W2, b1, b2, Lambda):
    s1, h, p = forward(X, W1, W2, b1, b2)
    N = X.shape[1]
    g = p - Y
    gW2 = np.dot(g, h.T) / N
    gb2 = np.sum(g, 1, keepdims=True) / N
    g = np.dot(W2.T, g)
    ind = np.where(s1 > 0, 1, 0)
    g = np.multiply(g, ind)
    gW1 = np.dot(g, X.T) / N
    gb1 = np.sum(g, 1, keepdims=True) / N
    gW1 = gW1 + 2 * Lambda * W1
    gW2 = gW2 + 2 * Lambda * W2
    return gW1, gW2, gb1, gb2


class GradientDescent:
    """Plain steps; remembers the cost after each."""

    def __init__(self, eta):
        self.eta = eta
        self.costs = []

    def run(self, X, Y, params, Lambda, steps):
        W1, W2, b1, b2 = params
        for _ in range(steps):
            g = compute_gradients(X, Y, W1, W2, b1, b2, Lambda)
            W1, W2, b1, b2 = (p - self.eta * q for p, q in zip((W1, W2, b1, b2), g))
            self.costs.append(compute_cost(X, Y, W1, W2, b1, b2, Lambda))
        return W1, W2, b1, b2
