"""Columns are examples; W1, b1, W2, b2 are arguments; a constant eta; the data are shuffled in every epoch."""

import numpy as np


def softmax(s):
    e = np.exp(s - np.max(s, axis=0))
    return e / np.sum(e, axis=0)


def forward(X, W1, b1, W2, b2):
    h = np.maximum(0, np.dot(W1, X) + b1)
    return h, softmax(np.dot(W2, h) + b2)


def backward(X, Y, h, P, W1, W2, lam):
    n = X.shape[1]
    g = (P - Y) / n
    dW2 = np.dot(g, h.T) + 2 * lam * W2
    db2 = np.sum(g, axis=1, keepdims=True)
    g = np.dot(W2.T, g)
    g[h <= 0] = 0
    dW1 = np.dot(g, X.T) + 2 * lam * W1
    db1 = np.sum(g, axis=1, keepdims=True)
    return dW1, db1, dW2, db2


def accuracy(X, Y, W1, b1, W2, b2):
    _, P = forward(X, W1, b1, W2, b2)
    return np.mean(np.argmax(P, axis=0) == np.argmax(Y, axis=0))


def train(X_train, Y_train, X_val, Y_val, W1, b1, W2, b2, lam, eta, n_batch, n_epochs):
    n = X_train.shape[1]
    train_acc, val_acc = [], []
    for epoch in range(n_epochs):
        order = np.random.permutation(n)
        X_train = X_train[:, order]
        Y_train = Y_train[:, order]
        for j in range(int(n / n_batch)):
            start, end = j * n_batch, (j + 1) * n_batch
            X_batch, Y_batch = X_train[:, start:end], Y_train[:, start:end]
            h, P = forward(X_batch, W1, b1, W2, b2)
            dW1, db1, dW2, db2 = backward(X_batch, Y_batch, h, P, W1, W2, lam)
            W1 = W1 - eta * dW1
            b1 = b1 - eta * db1
            W2 = W2 - eta * dW2
            b2 = b2 - eta * db2
        train_acc.append(accuracy(X_train, Y_train, W1, b1, W2, b2))
        val_acc.append(accuracy(X_val, Y_val, W1, b1, W2, b2))
    return W1, b1, W2, b2, train_acc, val_acc
