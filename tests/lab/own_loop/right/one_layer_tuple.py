"""Assignment 1: one layer, GDparams a tuple, W and b returned as copies."""

import numpy as np


def EvaluateClassifier(X, W, b):
    s = W @ X + b
    p = np.exp(s)
    return p / np.sum(p, axis=0)


def ComputeCost(X, Y, W, b, lamda):
    P = EvaluateClassifier(X, W, b)
    return np.mean(-np.log(np.einsum("ij,ij->j", Y, P))) + lamda * np.sum(W**2)


def ComputeAccuracy(X, y, W, b):
    return np.mean(EvaluateClassifier(X, W, b).argmax(axis=0) == y)


def ComputeGradients(X, Y, P, W, lamda):
    G = -(Y - P)
    n = X.shape[1]
    grad_W = G @ X.T / n + 2 * lamda * W
    grad_b = G.sum(axis=1).reshape(-1, 1) / n
    return grad_W, grad_b


def MiniBatchGD(X, Y, y, GDparams, W, b, lamda, X_val, Y_val, y_val):
    n_batch, eta, n_epochs = GDparams
    Wstar, bstar = W.copy(), b.copy()
    costs, costs_val, acc_val = [], [], []
    n = X.shape[1]
    for i in range(n_epochs):
        idx = np.random.permutation(n)
        for j in range(n // n_batch):
            inds = idx[range(j * n_batch, (j + 1) * n_batch)]
            Xb, Yb = X[:, inds], Y[:, inds]
            P = EvaluateClassifier(Xb, Wstar, bstar)
            grad_W, grad_b = ComputeGradients(Xb, Yb, P, Wstar, lamda)
            Wstar -= eta * grad_W
            bstar -= eta * grad_b
        costs.append(ComputeCost(X, Y, Wstar, bstar, lamda))
        costs_val.append(ComputeCost(X_val, Y_val, Wstar, bstar, lamda))
        acc_val.append(ComputeAccuracy(X_val, y_val, Wstar, bstar))
        print("Epoch", i + 1, "cost", costs[-1], "val cost", costs_val[-1])
    return Wstar, bstar, costs, costs_val
