import numpy as np


def cost_of(X, y, w, b):
    total = 0.0
    for i in range(len(y)):
        total += (X[i] @ w + b - y[i]) ** 2
    return total / (2 * len(y))


def gradient_of(X, y, w, b):
    m, n = X.shape
    dj_dw, dj_db = np.zeros(n), 0.0
    for i in range(m):
        miss = X[i] @ w + b - y[i]
        for j in range(n):
            dj_dw[j] += miss * X[i, j]
        dj_db += miss
    return dj_db / m, dj_dw / m
