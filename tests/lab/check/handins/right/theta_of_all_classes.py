import numpy as np


def softmax_regression_cost(theta, num_classes, input_size, lambda_, data, labels):
    m = data.shape[1]
    W = theta.reshape(num_classes, input_size)
    S = W @ data
    E = np.exp(S - S.max(axis=0))
    P = E / E.sum(axis=0)
    truth = np.zeros((num_classes, m))
    truth[labels, np.arange(m)] = 1
    cost = -np.sum(truth * np.log(P)) / m + lambda_ / 2 * np.sum(W * W)
    grad = (P - truth) @ data.T / m + lambda_ * W
    return cost, grad.ravel()
