"""Batches are cut once; each epoch takes them in another order; the epoch is a function of its own."""

import numpy as np


def relu(z):
    return z * (z > 0)


def softmax(z):
    z = np.exp(z - z.max(1, keepdims=True))
    return z / z.sum(1, keepdims=True)


def one_epoch(batches, W1, b1, W2, b2, eta, lam):
    for i in np.random.permutation(len(batches)):
        x, t = batches[i]
        h = relu(x @ W1 + b1)
        p = softmax(h @ W2 + b2)
        d2 = (p - t) / x.shape[0]
        d1 = (d2 @ W2.T) * (h > 0)
        W2, b2 = W2 - eta * (h.T @ d2 + 2 * lam * W2), b2 - eta * d2.sum(0)
        W1, b1 = W1 - eta * (x.T @ d1 + 2 * lam * W1), b1 - eta * d1.sum(0)
    return W1, b1, W2, b2


def gradient_descent(X, Y, W1, b1, W2, b2, eta, lam, n_batch, n_epochs):
    order = np.random.permutation(len(X))
    batches = [
        (X[order[k : k + n_batch]], Y[order[k : k + n_batch]]) for k in range(0, len(X) - n_batch + 1, n_batch)
    ]
    accuracies = []
    for epoch in range(n_epochs):
        W1, b1, W2, b2 = one_epoch(batches, W1, b1, W2, b2, eta, lam)
        accuracies.append((softmax(relu(X @ W1 + b1) @ W2 + b2).argmax(1) == Y.argmax(1)).mean())
    return (W1, b1, W2, b2), accuracies
