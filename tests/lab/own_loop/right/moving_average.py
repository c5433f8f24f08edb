"""FMAN45 in Python: a moving average of the gradient, weight decay of all parameters; lists; options in a dict."""

import numpy as np


def forward(x, W, b):
    hidden = [x]
    for k in range(len(W)):
        z = hidden[-1] @ W[k] + b[k]
        hidden.append(z if k == len(W) - 1 else np.maximum(z, 0))
    return hidden


def loss_and_gradients(x, labels, W, b):
    hidden = forward(x, W, b)
    z = hidden[-1] - hidden[-1].max(axis=1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    n = len(labels)
    loss = -np.log(p[np.arange(n), labels]).mean()
    d = p.copy()
    d[np.arange(n), labels] -= 1
    d = d / n
    dW, db = [None] * len(W), [None] * len(W)
    for k in reversed(range(len(W))):
        dW[k], db[k] = hidden[k].T @ d, d.sum(axis=0)
        if k:
            d = (d @ W[k].T) * (hidden[k] > 0)
    return loss, dW, db


def training(x, labels, x_val, labels_val, W, b, opts):
    momentum_W = [np.zeros_like(w) for w in W]
    momentum_b = [np.zeros_like(v) for v in b]
    loss_ma, losses, val_accuracy = None, [], []
    for it in range(opts["iterations"]):
        place = it % (len(x) // opts["batch_size"])
        if place == 0:
            perm = np.random.permutation(len(x))
        start = place * opts["batch_size"]
        idx = perm[start : start + opts["batch_size"]]
        loss, dW, db = loss_and_gradients(x[idx], labels[idx], W, b)
        for k in range(len(W)):
            momentum_W[k] = opts["momentum"] * momentum_W[k] + (1 - opts["momentum"]) * dW[k]
            momentum_b[k] = opts["momentum"] * momentum_b[k] + (1 - opts["momentum"]) * db[k]
            W[k] = W[k] - opts["learning_rate"] * (momentum_W[k] + opts["weight_decay"] * W[k])
            b[k] = b[k] - opts["learning_rate"] * (momentum_b[k] + opts["weight_decay"] * b[k])
        losses.append(loss)
        val_accuracy.append((forward(x_val, W, b)[-1].argmax(axis=1) == labels_val).mean())
    return W, b, losses, val_accuracy
