import numpy as np
import matplotlib.pyplot as plt
from tqdm import trange


def init_params(d, m, K):
    np.random.seed(0)
    W1 = np.random.randn(m, d) / np.sqrt(d)
    b1 = np.zeros((m, 1))
    W2 = np.random.randn(K, m) / np.sqrt(m)
    b2 = np.zeros((K, 1))
    return W1, b1, W2, b2


def EvaluateClassifier(X, W1, b1, W2, b2):
    S1 = W1 @ X + b1
    H = np.maximum(0, S1)
    S = W2 @ H + b2
    P = np.exp(S - np.max(S, axis=0))
    P = P / np.sum(P, axis=0)
    return H, P


def ComputeCost(X, Y, W1, b1, W2, b2, lam):
    H, P = EvaluateClassifier(X, W1, b1, W2, b2)
    loss = -np.sum(np.log(np.sum(Y * P, axis=0))) / X.shape[1]
    J = loss + lam * (np.sum(W1 ** 2) + np.sum(W2 ** 2))
    return J, loss


def ComputeGradients(X, Y, P, H, W1, b1, W2, b2, lam):
    n_b = X.shape[1]
    G = -(Y - P)
    grad_W2 = G @ H.T / n_b + 2 * lam * W2
    grad_b2 = G @ np.ones((n_b, 1)) / n_b
    G = W2.T @ G
    G = G * (H > 0)
    grad_W1 = G @ X.T / n_b + 2 * lam * W1
    grad_b1 = G @ np.ones((n_b, 1)) / n_b
    return grad_W1, grad_b1, grad_W2, grad_b2


def cyclical(t, eta_min=1e-5, eta_max=1e-1, n_s=500):
    c = t % (2 * n_s)
    return eta_min + (c if c < n_s else 2 * n_s - c) / n_s * (eta_max - eta_min)


X = np.random.randn(3072, 5000)
y = np.random.randint(0, 10, 5000)
Y = np.eye(10)[y].T
params = list(init_params(3072, 50, 10))
costs = []
for step in trange(2000):
    i = 100 * (step % 50)
    Xb, Yb = X[:, i:i + 100], Y[:, i:i + 100]
    H, P = EvaluateClassifier(Xb, *params)
    grads = ComputeGradients(Xb, Yb, P, H, *params, 0.01)
    params = [p - cyclical(step) * g for p, g in zip(params, grads)]
    costs.append(ComputeCost(X, Y, *params, 0.01)[0])
plt.plot(costs)
plt.show()
