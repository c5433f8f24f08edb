import numpy as np


def ForwardPass(X, Ws, bs):
    """Returns the probabilities and the input of every layer."""
    inputs = [X]
    for l in range(len(Ws) - 1):
        inputs.append(np.maximum(0, Ws[l] @ inputs[l] + bs[l]))
    s = Ws[-1] @ inputs[-1] + bs[-1]
    return np.exp(s) / np.sum(np.exp(s), axis=0), inputs


def ComputeCost(X, Y, Ws, bs, lamda):
    P, _ = ForwardPass(X, Ws, bs)
    return -np.sum(Y * np.log(P)) / X.shape[1] + lamda * np.sum([np.sum(W ** 2) for W in Ws])


def ComputeGradients(X, Y, Ws, bs, lamda):
    # the last layer comes first in both lists
    P, inputs = ForwardPass(X, Ws, bs)
    n = X.shape[1]
    grad_Ws, grad_bs = [], []
    G = P - Y
    for l in range(len(Ws) - 1, -1, -1):
        grad_Ws.append(G @ inputs[l].T / n + 2 * lamda * Ws[l])
        grad_bs.append(np.mean(G, axis=1, keepdims=True))
        G = Ws[l].T @ G
        G = np.where(inputs[l] > 0, G, 0)
    return grad_Ws, grad_bs


def train(X, Y, Ws, bs, lamda, eta, epochs, batch):
    for e in range(epochs):
        for i in range(0, X.shape[1], batch):
            gW, gb = ComputeGradients(X[:, i:i + batch], Y[:, i:i + batch], Ws, bs, lamda)
            for l in range(len(Ws)):
                Ws[l] = Ws[l] - eta * gW[len(Ws) - 1 - l]
                bs[l] = bs[l] - eta * gb[len(Ws) - 1 - l]
    return Ws, bs
