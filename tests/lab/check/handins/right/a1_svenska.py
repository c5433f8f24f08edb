# Inlämning 1, maskininlärning. Körs med: python a1_svenska.py
import numpy as np
from tqdm import tqdm


def evaluate_classifier(X, W, b):
    """Räknar ut sannolikheterna för alla bilder (en bild per kolumn)."""
    s = W @ X + b
    s = np.exp(s)
    return s / s.sum(axis=0, keepdims=True)


def compute_cost(X, Y, W, b, lamb):
    # kostnaden = medelförlusten + straffet för stora vikter
    P = evaluate_classifier(X, W, b)
    py = np.sum(Y * P, axis=0)
    forlust = np.mean(-np.log(py))
    return forlust + lamb * np.sum(np.square(W)), forlust


def compute_gradients(X, Y, W, b, lamb):
    # en bild i taget, som på föreläsningen
    K, d = W.shape
    n = X.shape[1]
    grad_W = np.zeros((K, d))
    grad_b = np.zeros((K, 1))
    for i in range(n):
        x = X[:, [i]]
        y = Y[:, [i]]
        p = evaluate_classifier(x, W, b)
        g = -(y - p).T
        grad_W += g.T @ x.T
        grad_b += g.T
    grad_W /= n
    grad_b /= n
    grad_W += 2 * lamb * W
    return grad_W, grad_b


def compute_grads_num(X, Y, W, b, lamb, h=1e-6):
    """Numerisk gradient, för att kontrollera den analytiska."""
    grad_W = np.zeros(W.shape)
    grad_b = np.zeros(b.shape)
    for i in tqdm(range(b.size)):
        b2 = b.copy()
        b2[i] += h
        grad_b[i] = (compute_cost(X, Y, W, b2, lamb)[0] - compute_cost(X, Y, W, b, lamb)[0]) / h
    for i in np.ndindex(W.shape):
        W2 = W.copy()
        W2[i] += h
        grad_W[i] = (compute_cost(X, Y, W2, b, lamb)[0] - compute_cost(X, Y, W, b, lamb)[0]) / h
    return grad_W, grad_b


if __name__ == "__main__":
    rng = np.random.default_rng(1)
    X = rng.normal(size=(20, 5))
    Y = np.eye(10)[:, rng.integers(0, 10, 5)]
    W = rng.normal(0, 0.01, (10, 20))
    b = np.zeros((10, 1))
    gW, gb = compute_gradients(X, Y, W, b, 0.1)
    nW, nb = compute_grads_num(X, Y, W, b, 0.1)
    print("största skillnad:", np.abs(gW - nW).max(), np.abs(gb - nb).max())
