import numpy as np
import statistics

# Everything by hand with loops over examples and nodes. Slow but clear :)


def softmax_column(s):
    total = sum(np.exp(v) for v in s)
    return np.array([np.exp(v) / total for v in s])


def ForwardPass(X, W, b):
    n = X.shape[1]
    H = np.zeros((W[0].shape[0], n))
    P = np.zeros((W[1].shape[0], n))
    for i in range(n):
        for node in range(W[0].shape[0]):
            s = np.dot(W[0][node], X[:, i]) + b[0][node, 0]
            H[node, i] = s if s > 0 else 0
        P[:, i] = softmax_column(np.dot(W[1], H[:, i]) + b[1][:, 0])
    return H, P


def ComputeCost(X, Y, W, b, lam):
    H, P = ForwardPass(X, W, b)
    losses = []
    for i in range(X.shape[1]):
        losses.append(-np.log(np.dot(Y[:, i], P[:, i])))
    return statistics.fmean(losses) + lam * (np.sum(W[0] ** 2) + np.sum(W[1] ** 2))


def ComputeGradients(X, Y, H, P, W, lam):
    n = X.shape[1]
    grad_W1, grad_W2 = np.zeros(W[0].shape), np.zeros(W[1].shape)
    grad_b1, grad_b2 = np.zeros((W[0].shape[0], 1)), np.zeros((W[1].shape[0], 1))
    for i in range(n):
        g = -(Y[:, i] - P[:, i])
        grad_b2 += g[:, np.newaxis]
        grad_W2 += np.outer(g, H[:, i])
        g = g @ W[1]
        for node in range(H.shape[0]):
            if H[node, i] == 0:
                g[node] = 0
        grad_b1 += g[:, np.newaxis]
        grad_W1 += np.outer(g, X[:, i])
    grad_W1 = grad_W1 / n + 2 * lam * W[0]
    grad_W2 = grad_W2 / n + 2 * lam * W[1]
    return [grad_W1, grad_W2], [grad_b1 / n, grad_b2 / n]
