import numpy as np

# X (n, d), Y (n, K), W (K, d), b (K,)


def apply_network(X, W, b):
    S = X @ W.T + b
    S = np.exp(S)
    return S / S.sum(axis=1)[:, None]


def cost(X, Y, W, b, weight_decay):
    P = apply_network(X, W, b)
    return np.mean(-np.log(np.sum(P * Y, axis=1))) + weight_decay * np.sum(W ** 2)


def grad(X, Y, W, b, weight_decay):
    P = apply_network(X, W, b)
    G = (P - Y) / len(X)
    dW = G.T @ X + 2 * weight_decay * W
    db = G.sum(axis=0)
    return dW, db
