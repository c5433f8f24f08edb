import numpy as np

d, m, K = 12, 7, 5
lam = 0.01
np.random.seed(400)
W1 = np.random.randn(m, d) / np.sqrt(d)
b1 = np.zeros((m, 1))
W2 = np.random.randn(K, m) / np.sqrt(m)
b2 = np.zeros((K, 1))


def forward(X):
    h = np.maximum(0, W1 @ X + b1)
    s = W2 @ h + b2
    e = np.exp(s)
    return h, e / np.sum(e, axis=0)


def cost(X, Y):
    _, p = forward(X)
    return np.mean(-np.log(np.sum(Y * p, axis=0))) + lam * (np.sum(W1 ** 2) + np.sum(W2 ** 2))


def compute_gradients(X, Y):
    N = X.shape[1]
    h, p = forward(X)
    g = p - Y
    dW2 = g @ h.T / N + 2 * lam * W2
    db2 = np.sum(g, 1, keepdims=True) / N
    g = W2.T @ g
    g = g * (h > 0)
    dW1 = g @ X.T / N + 2 * lam * W1
    db1 = np.sum(g, 1, keepdims=True) / N
    return dW1, db1, dW2, db2
