import numpy as np

# Maskininlärning, inlämningsuppgift 3. The last axis counts the examples in the batch.


def fully_connected_forward(X, A, b):
    batch = X.shape[-1]
    features = X.reshape(-1, batch)
    return A @ features + b


def fully_connected_backward(X, dldY, A, b):
    batch = X.shape[-1]
    features = X.reshape(-1, batch)
    dldX = (A.T @ dldY).reshape(X.shape)
    dldA = dldY @ features.T
    dldb = np.sum(dldY, axis=1, keepdims=True)
    return dldX, dldA, dldb


def relu_forward(X):
    return np.maximum(X, 0)


def relu_backward(X, dldY):
    return dldY * (X > 0)


def softmaxloss_forward(x, labels):
    # x (classes, batch), labels 0, 1, ..., classes - 1
    batch = x.shape[1]
    x = x - np.max(x, axis=0)
    return np.mean(-x[labels, np.arange(batch)] + np.log(np.sum(np.exp(x), axis=0)))


def softmaxloss_backward(x, labels):
    batch = x.shape[1]
    p = np.exp(x - np.max(x, axis=0))
    p = p / np.sum(p, axis=0)
    p[labels, np.arange(batch)] -= 1
    return p / batch
