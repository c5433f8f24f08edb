import numpy as np


def ComputeGradients(X, Y, P, W, lam):
    n = X.shape[1]
    G = P - Y
    grad_W = np.matmul(G, X.T) / n + 2 * lam * W
    grad_b = np.matmul(G, np.ones((n, 1))) / n
    return grad_W, grad_b
