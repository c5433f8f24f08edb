import numpy as np


def softmax(s):
    e = np.exp(s - np.max(s, axis=0, keepdims=True))
    return e / np.sum(e, axis=0, keepdims=True)


def ApplyNetwork(X, network):
    return softmax(network['W'] @ X + network['b'])


def ComputeLoss(P, y):
    return np.mean(-np.log(P[y, np.arange(P.shape[1])]))


def ComputeCost(loss, W, lam):
    return loss + lam * np.sum(W ** 2)


def BackwardPass(X, Y, P, network, lam):
    nb = X.shape[1]
    G = -(Y - P)
    return {'W': G @ X.T / nb + 2 * lam * network['W'], 'b': np.mean(G, axis=1, keepdims=True)}
