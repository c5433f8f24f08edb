"""A list of dicts, one a layer; nested helper functions; early copies of the best parameters; n_s from the batches."""

import copy

import numpy as np


def make_layers(dims, rng):
    layers = []
    for d_in, d_out in zip(dims[:-1], dims[1:]):
        layers.append({"W": rng.standard_normal((d_out, d_in)) * np.sqrt(2 / d_in), "b": np.zeros((d_out, 1))})
    return layers


def run_forward(X, layers):
    acts = [X]
    for layer in layers[:-1]:
        acts.append(np.maximum(0, layer["W"] @ acts[-1] + layer["b"]))
    s = layers[-1]["W"] @ acts[-1] + layers[-1]["b"]
    P = np.exp(s - s.max(axis=0))
    return acts, P / P.sum(axis=0)


def train(X, Y, Xval, Yval, layers, lam, n_batch, n_epochs, eta_min, eta_max):
    n = X.shape[1]
    n_s = 2 * (n // n_batch)
    best, best_acc, history, t = None, -1.0, [], 0

    def eta_at(t):
        phase = t % (2 * n_s)
        up = phase / n_s if phase <= n_s else 2 - phase / n_s
        return eta_min + up * (eta_max - eta_min)

    for epoch in range(n_epochs):
        perm = np.random.permutation(n)
        for j in range(n // n_batch):
            Xb, Yb = X[:, perm[j * n_batch : (j + 1) * n_batch]], Y[:, perm[j * n_batch : (j + 1) * n_batch]]
            acts, P = run_forward(Xb, layers)
            G = (P - Yb) / n_batch
            grads = []
            for layer, act in zip(layers[::-1], acts[::-1]):
                grads.append((G @ act.T + 2 * lam * layer["W"], G.sum(axis=1, keepdims=True)))
                G = (layer["W"].T @ G) * (act > 0)
            for layer, (gW, gb) in zip(layers[::-1], grads):
                layer["W"] = layer["W"] - eta_at(t) * gW
                layer["b"] = layer["b"] - eta_at(t) * gb
            t += 1
        acc = np.mean(run_forward(Xval, layers)[1].argmax(axis=0) == Yval.argmax(axis=0))
        history.append(acc)
        if acc > best_acc:
            best, best_acc = copy.deepcopy(layers), acc
    return best, history
