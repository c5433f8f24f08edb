import numpy as np
import matplotlib.pyplot as plt

K = 10
d = 3072
N = 100


def evaluateClassifier(X, W, b):
    s = np.matmul(W, X) + np.tile(b, (1, X.shape[1]))
    num = np.exp(s)
    den = np.matmul(np.ones((1, 10)), num)
    return num / den


def computeCost(X, Y, W, b, lambd):
    P = evaluateClassifier(X, W, b)
    J = 0
    for i in range(X.shape[1]):
        J += -np.log(np.matmul(Y[:, i].T, P[:, i]))
    J /= X.shape[1]
    J += lambd * np.sum(np.power(W, 2))
    return J


def computeGradients(X, Y, P, W, lambd):
    grad_W = np.zeros((10, 3072))
    grad_b = np.zeros((10, 1))
    for i in range(X.shape[1]):
        g = -(Y[:, i] - P[:, i]).reshape(10, 1)
        grad_b += g
        grad_W += np.matmul(g, X[:, i].reshape(1, 3072))
    grad_b = grad_b / X.shape[1]
    grad_W = grad_W / X.shape[1] + 2 * lambd * W
    return grad_W, grad_b


def montage(W):
    fig, ax = plt.subplots(2, 5)
    for i in range(2):
        for j in range(5):
            im = W[i * 5 + j, :].reshape(32, 32, 3, order='F')
            sim = (im - np.min(im)) / (np.max(im) - np.min(im))
            ax[i][j].imshow(sim, interpolation='nearest')
    plt.show()
