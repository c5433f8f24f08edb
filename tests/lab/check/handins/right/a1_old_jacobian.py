import numpy as np
import scipy.io


def Softmax(s):
    return np.exp(s) / np.sum(np.exp(s), axis=0)


def EvaluateClassifier(X, W, b):
    return Softmax(W @ X + b)


def ComputeCost(X, Y, W, b, lamda):
    P = EvaluateClassifier(X, W, b)
    total = 0.0
    for i in range(X.shape[1]):
        total += -np.log(Y[:, i] @ P[:, i])
    return total / X.shape[1] + lamda * np.sum(W * W)


def ComputeGradients(X, Y, P, W, lamda):
    # the chain rule as in the first lecture: dl/dp, then dp/ds, then ds/dW
    K, n = P.shape
    grad_W = np.zeros_like(W)
    grad_b = np.zeros((K, 1))
    for i in range(n):
        x, y, p = X[:, [i]], Y[:, [i]], P[:, [i]]
        dl_dp = -y.T / (y.T @ p)
        dp_ds = np.diag(p[:, 0]) - p @ p.T
        g = dl_dp @ dp_ds
        grad_b += g.T
        grad_W += g.T @ x.T
    return grad_W / n + 2 * lamda * W, grad_b / n


data = scipy.io.loadmat('../Datasets/data_batch_1.mat')
