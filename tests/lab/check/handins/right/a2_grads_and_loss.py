import os

import numpy as np


def loss_and_gradients(X, Y, Ws, bs, lam):
    """Forward and backward at once. X is d x n, Y is K x n; gives (grads, loss), grads keyed as 'W1', 'b1', ..."""
    n = X.shape[1]
    hs = [X]
    for W, b in zip(Ws[:-1], bs[:-1]):
        hs.append(np.maximum(W @ hs[-1] + b, 0))
    s = Ws[-1] @ hs[-1] + bs[-1]
    s = s - s.max(axis=0)
    logp = s - np.log(np.exp(s).sum(axis=0))
    loss = -(Y * logp).sum() / n + lam * sum((W ** 2).sum() for W in Ws)

    grads = {}
    G = (np.exp(logp) - Y) / n
    for i in reversed(range(len(Ws))):
        grads['W%d' % (i + 1)] = G @ hs[i].T + 2 * lam * Ws[i]
        grads['b%d' % (i + 1)] = G.sum(axis=1)[:, None]
        if i > 0:
            G = Ws[i].T @ G
            G *= hs[i] > 0
    return grads, loss


data_dir = os.environ["CIFAR_DIR"]
