import numpy as np


def make_network(sizes, lam, seed=42):
    rng = np.random.RandomState(seed)
    weights = [rng.randn(o, i) * np.sqrt(2 / i) for i, o in zip(sizes[:-1], sizes[1:])]
    biases = [np.zeros((o, 1)) for o in sizes[1:]]
    relu = lambda z: z * (z > 0)

    def forward(X):
        acts = [X]
        for W, b in zip(weights[:-1], biases[:-1]):
            acts.append(relu(W @ acts[-1] + b))
        s = weights[-1] @ acts[-1] + biases[-1]
        p = np.exp(s - s.max(0))
        return acts, p / p.sum(0)

    def loss(X, Y):
        _, p = forward(X)
        return -(Y * np.log(p)).sum() / X.shape[1] + lam * sum((W ** 2).sum() for W in weights)

    def gradients(X, Y):
        acts, p = forward(X)
        g = (p - Y) / X.shape[1]
        gW, gb = [], []
        for i in range(len(weights) - 1, -1, -1):
            gW.insert(0, g @ acts[i].T + 2 * lam * weights[i])
            gb.insert(0, g.sum(1, keepdims=True))
            g = (weights[i].T @ g) * (acts[i] > 0)
        return gW, gb

    return weights, biases, loss, gradients
