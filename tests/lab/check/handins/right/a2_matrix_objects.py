import numpy as np


def softmax(x):
    return np.exp(x) / np.sum(np.exp(x), axis=0)


def initialize_params(K, d, m):
    W1 = np.asmatrix(np.random.normal(0, 1 / np.sqrt(d), (m, d)))
    W2 = np.asmatrix(np.random.normal(0, 1 / np.sqrt(m), (K, m)))
    return W1, W2, np.asmatrix(np.zeros((m, 1))), np.asmatrix(np.zeros((K, 1)))


def evaluate_classifier(X, W1, W2, b1, b2):
    if len(X.shape) < 2:
        X = np.asmatrix(X).T
    h = np.maximum(0, W1 @ X + b1)
    return softmax(W2 @ h + b2), h


def compute_cost(X, Y, W1, W2, b1, b2, lamb):
    X, Y = np.asmatrix(X), np.asmatrix(Y)
    loss_sum = 0
    for col in range(X.shape[1]):
        p, _ = evaluate_classifier(X[:, col], W1, W2, b1, b2)
        loss_sum += -np.log(Y[:, col].T @ p)
    loss = (loss_sum / X.shape[1])[0, 0]
    return loss + lamb * (np.sum(np.power(W1, 2)) + np.sum(np.power(W2, 2))), loss


def compute_gradients(X, Y, W1, W2, b1, b2, lamb):
    P, H = evaluate_classifier(X, W1, W2, b1, b2)
    n = X.shape[1]
    g_batch = np.asmatrix(P - Y)
    grad_b2 = np.sum(g_batch / n, axis=1)
    grad_W2 = 2 * lamb * W2 + g_batch @ H.T / n
    g_batch = np.multiply(W2.T @ g_batch, H > 0)
    grad_b1 = np.sum(g_batch / n, axis=1)
    grad_W1 = 2 * lamb * W1 + g_batch @ X.T / n
    assert grad_W1.shape == W1.shape and grad_b1.shape == (W1.shape[0], 1)
    return grad_W1, grad_W2, grad_b1, grad_b2
