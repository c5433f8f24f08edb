import numpy as np

# The cost is plotted in another file; here is only what the training needs.


def evaluate(X, W, b):
    s = W @ X + b
    p = np.exp(s - s.max(axis=0))
    return p / p.sum(axis=0)


def get_gradients(X, Y, W, b, lam):
    G = (evaluate(X, W, b) - Y) / X.shape[1]
    return G @ X.T + 2 * lam * W, G.sum(axis=1, keepdims=True)
