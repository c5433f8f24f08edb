import numpy as np


def windows(shape, k, stride):
    rows, columns = (shape[2] - k) // stride + 1, (shape[3] - k) // stride + 1
    return rows, columns, [(i * stride, j * stride) for i in range(rows) for j in range(columns)]


def conv_forward(X, W, b, stride=1, padding=1):
    P = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    f, k = W.shape[0], W.shape[2]
    rows, columns, corners = windows(P.shape, k, stride)
    cols = np.stack([P[:, :, i : i + k, j : j + k].reshape(len(X), -1).T for i, j in corners], axis=1)
    out = W.reshape(f, -1) @ cols.reshape(cols.shape[0], -1) + b
    return out.reshape(f, rows, columns, len(X)).transpose(3, 0, 1, 2), (X, W, stride, padding, cols)


def conv_backward(dout, cache):
    X, W, stride, padding, cols = cache
    f, k = W.shape[0], W.shape[2]
    G = dout.transpose(1, 2, 3, 0).reshape(f, -1)
    dcols = (W.reshape(f, -1).T @ G).reshape(cols.shape)
    dP = np.zeros((*X.shape[:2], X.shape[2] + 2 * padding, X.shape[3] + 2 * padding))
    for at, (i, j) in enumerate(windows(dP.shape, k, stride)[2]):
        dP[:, :, i : i + k, j : j + k] += dcols[:, at].T.reshape(len(X), X.shape[1], k, k)
    dX = dP[:, :, padding : padding + X.shape[2], padding : padding + X.shape[3]]
    return dX, (G @ cols.reshape(cols.shape[0], -1).T).reshape(W.shape), G.sum(axis=1, keepdims=True)
