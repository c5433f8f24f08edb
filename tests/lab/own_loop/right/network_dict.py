"""All parameters in a dict of lists; rows are examples; integer labels; eta, epochs and batch as keywords; n_s computed."""

import numpy as np


def apply_network(X, network):
    hidden = [X]
    for W, b in zip(network["W"][:-1], network["b"][:-1]):
        hidden.append(np.maximum(hidden[-1] @ W + b, 0))
    s = hidden[-1] @ network["W"][-1] + network["b"][-1]
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return hidden, e / e.sum(axis=1, keepdims=True)


def compute_loss(X, y, network, lam):
    _, P = apply_network(X, network)
    loss = -np.log(P[np.arange(len(y)), y]).mean()
    return loss + lam * sum((W**2).sum() for W in network["W"])


def backward_pass(y, hidden, P, network, lam):
    n = len(y)
    g = P.copy()
    g[np.arange(n), y] -= 1
    g /= n
    grads = {"W": [], "b": []}
    for l in reversed(range(len(network["W"]))):
        grads["W"].insert(0, hidden[l].T @ g + 2 * lam * network["W"][l])
        grads["b"].insert(0, g.sum(axis=0))
        if l > 0:
            g = (g @ network["W"][l].T) * (hidden[l] > 0)
    return grads


def cyclical_lr(t, eta_min, eta_max, n_s):
    cycle = np.floor(1 + t / (2 * n_s))
    x = np.abs(t / n_s - 2 * cycle + 1)
    return eta_min + (eta_max - eta_min) * np.maximum(0, 1 - x)


def train_network(
    X, y, X_val, y_val, network, lam, eta_min=1e-5, eta_max=1e-1, n_s=500, n_batch=100, n_cycles=2, rng=None
):
    rng = rng or np.random.default_rng(42)
    n = len(X)
    losses = {"train_loss": [], "val_loss": []}
    t, total = 0, 2 * n_s * n_cycles
    while t < total:
        order = rng.permutation(n)
        for start in range(0, n - n_batch + 1, n_batch):
            batch = order[start : start + n_batch]
            xb, yb = X[batch], y[batch]
            hidden, P = apply_network(xb, network)
            grads = backward_pass(yb, hidden, P, network, lam)
            eta = cyclical_lr(t, eta_min, eta_max, n_s)
            for key in ("W", "b"):
                for l in range(len(network[key])):
                    network[key][l] = network[key][l] - eta * grads[key][l]
            t += 1
            if t == total:
                break
        losses["train_loss"].append(compute_loss(X, y, network, lam))
        losses["val_loss"].append(compute_loss(X_val, y_val, network, lam))
    return network, losses
