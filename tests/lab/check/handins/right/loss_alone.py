import numpy as np


def EvaluateClassifier(X, W, b):
    s = W @ X + b
    P = np.exp(s) / np.sum(np.exp(s), axis=0)
    return P


def ComputeLoss(P, y):
    return np.mean(-np.log(P[y, np.arange(len(y))]))


def ComputeGradients(X, Y, P, W, lam):
    N = X.shape[1]
    G = P - Y
    grad_W = G @ X.T / N + 2 * lam * W
    grad_b = np.sum(G, axis=1, keepdims=True) / N
    return grad_W, grad_b
