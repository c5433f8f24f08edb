import numpy as np


def affine_relu_forward(x, w, b):
    a = np.dot(x.reshape(x.shape[0], -1).astype(np.float), w) + b
    return np.maximum(0, a), (x, w, a)


def affine_relu_backward(dout, cache):
    x, w, a = cache
    da = dout * (a > 0).astype(np.int)
    dx = da.dot(w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T.dot(da)
    db = da.sum(axis=0).astype(np.float)
    return dx, dw, db
