"""Every batch drawn from all examples; parameters in two tuples of a list; a number of updates; loss kept every time."""

import numpy as np


def init_network(sizes, seed=0):
    rng = np.random.default_rng(seed)
    return [(rng.normal(0, np.sqrt(2 / a), (b, a)), np.zeros((b, 1))) for a, b in zip(sizes[:-1], sizes[1:])]


def feedforward(x, network):
    activations = [x]
    for i, (w, b) in enumerate(network):
        z = w @ activations[-1] + b
        activations.append(z if i == len(network) - 1 else np.maximum(z, 0))
    z = activations.pop()
    p = np.exp(z - z.max(axis=0))
    return activations, p / p.sum(axis=0)


def backprop(x, y, network, lam):
    activations, p = feedforward(x, network)
    loss = -np.mean(np.log(p[y, np.arange(len(y))]))
    delta = p
    delta[y, np.arange(len(y))] -= 1
    delta /= len(y)
    grads = []
    for i in range(len(network) - 1, -1, -1):
        w, _ = network[i]
        grads.append((delta @ activations[i].T + 2 * lam * w, delta.sum(axis=1, keepdims=True)))
        delta = (w.T @ delta) * (activations[i] > 0)
    return loss, grads[::-1]


def train_sgd(X, y, network, eta, lam, batch_size, n_updates):
    losses = []
    for t in range(n_updates):
        sample = np.random.choice(X.shape[1], batch_size, replace=False)
        loss, grads = backprop(X[:, sample], y[sample], network, lam)
        network = [(w - eta * gw, b - eta * gb) for (w, b), (gw, gb) in zip(network, grads)]
        losses.append(loss)
    return network, losses
