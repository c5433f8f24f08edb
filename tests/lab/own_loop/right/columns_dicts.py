"""DD2424: columns are examples, parameters in lists, GDparams a dict, a cyclical learning rate."""

import numpy as np


def ApplyNetwork(X, W, b):
    H = np.maximum(0, W[0] @ X + b[0])
    s = W[1] @ H + b[1]
    e = np.exp(s - s.max(axis=0))
    return H, e / e.sum(axis=0)


def ComputeCost(X, Y, W, b, lam):
    _, P = ApplyNetwork(X, W, b)
    loss = -np.mean(np.log(np.sum(Y * P, axis=0)))
    return loss, loss + lam * sum(np.sum(w**2) for w in W)


def ComputeAccuracy(X, y, W, b):
    _, P = ApplyNetwork(X, W, b)
    return np.mean(np.argmax(P, axis=0) == y)


def ComputeGradients(X, Y, H, P, W, lam):
    n = X.shape[1]
    G = P - Y
    grad_W2 = G @ H.T / n + 2 * lam * W[1]
    grad_b2 = np.sum(G, axis=1, keepdims=True) / n
    G = (W[1].T @ G) * (H > 0)
    grad_W1 = G @ X.T / n + 2 * lam * W[0]
    grad_b1 = np.sum(G, axis=1, keepdims=True) / n
    return [grad_W1, grad_W2], [grad_b1, grad_b2]


def CyclicalEta(t, eta_min, eta_max, n_s):
    l = t // (2 * n_s)
    if t < (2 * l + 1) * n_s:
        return eta_min + (t - 2 * l * n_s) / n_s * (eta_max - eta_min)
    return eta_max - (t - (2 * l + 1) * n_s) / n_s * (eta_max - eta_min)


def MiniBatchGD(X, Y, y, X_val, Y_val, y_val, GDparams, W, b, lam):
    n = X.shape[1]
    n_batch = GDparams["n_batch"]
    history = {"train_cost": [], "val_cost": [], "val_acc": []}
    t = 0
    for epoch in range(GDparams["n_epochs"]):
        perm = np.random.permutation(n)
        for j in range(n // n_batch):
            inds = perm[j * n_batch : (j + 1) * n_batch]
            Xbatch = X[:, inds]
            Ybatch = Y[:, inds]
            H, P = ApplyNetwork(Xbatch, W, b)
            grad_W, grad_b = ComputeGradients(Xbatch, Ybatch, H, P, W, lam)
            eta = CyclicalEta(t, GDparams["eta_min"], GDparams["eta_max"], GDparams["n_s"])
            for k in range(len(W)):
                W[k] = W[k] - eta * grad_W[k]
                b[k] = b[k] - eta * grad_b[k]
            t += 1
        history["train_cost"].append(ComputeCost(X, Y, W, b, lam)[1])
        history["val_cost"].append(ComputeCost(X_val, Y_val, W, b, lam)[1])
        history["val_acc"].append(ComputeAccuracy(X_val, y_val, W, b))
    return W, b, history
