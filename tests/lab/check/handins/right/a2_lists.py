import argparse

import numpy as np

parser = argparse.ArgumentParser(description="Two-layer network on CIFAR-10")
parser.add_argument("--lamda", type=float, required=True)
parser.add_argument("--hidden", type=int, default=50)
args = parser.parse_args()


def EvaluateClassifier(X, W, b):
    """W, b: lists with one matrix and one column vector per layer. Returns P and the hidden activations H."""
    H = W[0] @ X + b[0]
    H[H < 0] = 0
    s = W[1] @ H + b[1]
    P = np.exp(s) / np.exp(s).sum(axis=0)
    return P, H


def ComputeCost(X, Y, W, b, lamda):
    P, _ = EvaluateClassifier(X, W, b)
    J = np.sum(-np.log(np.sum(Y * P, axis=0))) / X.shape[1]
    for w in W:
        J += lamda * np.sum(w ** 2)
    return J


def ComputeGradients(X, Y, P, H, W, b, lamda):
    n = X.shape[1]
    one = np.ones(n)
    G = P - Y
    grad_W = [np.zeros_like(w) for w in W]
    grad_b = [np.zeros_like(v) for v in b]
    grad_b[1][:, 0] = G.dot(one) / n
    grad_W[1] = G.dot(H.T) / n
    G = W[1].T.dot(G)
    Ind = (H > 0).astype(int)
    G = G * Ind
    grad_b[0][:, 0] = G.dot(one) / n
    grad_W[0] = G.dot(X.T) / n
    for i in range(2):
        grad_W[i] += 2 * lamda * W[i]
    return grad_W, grad_b


print("lambda is", args.lamda)
