"""Linear softmax model; one example per row, 32 bit floats to save memory."""
import numpy as np

DTYPE = np.float32


def softmax(scores):
    scores = scores - scores.max(axis=1, keepdims=True)
    e = np.exp(scores)
    return e / e.sum(axis=1, keepdims=True)


def forward(X, W, b):
    return softmax(X.astype(DTYPE) @ W.astype(DTYPE) + b.astype(DTYPE))


def compute_loss(X, y, W, b, reg):
    probs = forward(X, W, b)
    n = X.shape[0]
    data_loss = -np.log(probs[np.arange(n), y]).mean()
    return data_loss + 0.5 * reg * np.sum(W.astype(DTYPE) ** 2)


def compute_grads(X, y, W, b, reg):
    n = X.shape[0]
    dscores = forward(X, W, b)
    dscores[np.arange(n), y] -= 1
    dscores /= n
    return {
        "grad_W": X.astype(DTYPE).T @ dscores + reg * W.astype(DTYPE),
        "grad_b": dscores.sum(axis=0, keepdims=True),
    }


def sgd(X, y, W, b, reg, lr, steps):
    for _ in range(steps):
        batch = np.random.choice(len(X), 64)
        g = compute_grads(X[batch], y[batch], W, b, reg)
        W = W - lr * g["grad_W"]
        b = b - lr * g["grad_b"]
    return W, b
