import numpy as np
import scipy.io as sio
from functions import softmax, relu, one_hot


def forward(X, theta):
    W1, b1, W2, b2 = theta
    H = relu(W1 @ X + b1)
    return softmax(W2 @ H + b2), H


def J(X, Y, theta, lam):
    P, _ = forward(X, theta)
    return -(Y * np.log(P)).sum() / Y.shape[1] + lam * ((theta[0] ** 2).sum() + (theta[2] ** 2).sum())


def compute_gradients(X, Y, theta, lam):
    W1, b1, W2, b2 = theta
    P, H = forward(X, theta)
    n = Y.shape[1]
    G2 = P - Y
    G1 = (W2.T @ G2) * (H > 0)
    return [
        G1 @ X.T / n + 2 * lam * W1,
        G1.sum(1, keepdims=True) / n,
        G2 @ H.T / n + 2 * lam * W2,
        G2.sum(1, keepdims=True) / n,
    ]


if __name__ == '__main__':
    data = sio.loadmat('data_batch_1.mat')
    Y = one_hot(data['labels'].ravel())
