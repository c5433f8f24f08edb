import numpy as np


class Conv2D:
    """Images (n, h, w, c), kernels (k, k, c, f)."""

    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, padding=0):
        self.k, self.stride, self.padding = kernel_size, stride, padding
        scale = np.sqrt(2 / (kernel_size * kernel_size * in_channels))
        self.W = np.random.randn(kernel_size, kernel_size, in_channels, out_channels) * scale
        self.b = np.zeros(out_channels)

    def forward(self, X):
        p, k, s = self.padding, self.k, self.stride
        self.X_pad = np.pad(X, ((0, 0), (p, p), (p, p), (0, 0)))
        n, h, w, _ = self.X_pad.shape
        out_h, out_w = (h - k) // s + 1, (w - k) // s + 1
        out = np.zeros((n, out_h, out_w, self.W.shape[3]))
        for i in range(out_h):
            for j in range(out_w):
                window = self.X_pad[:, i * s:i * s + k, j * s:j * s + k, :]
                out[:, i, j, :] = np.tensordot(window, self.W, axes=3) + self.b
        return out

    def backward(self, grad):
        p, k, s = self.padding, self.k, self.stride
        self.dW = np.zeros(self.W.shape)
        self.db = grad.sum(axis=(0, 1, 2))
        dX = np.zeros(self.X_pad.shape)
        for i in range(grad.shape[1]):
            for j in range(grad.shape[2]):
                window = self.X_pad[:, i * s:i * s + k, j * s:j * s + k, :]
                g = grad[:, i, j, :]
                self.dW += np.tensordot(window, g, axes=([0], [0]))
                dX[:, i * s:i * s + k, j * s:j * s + k, :] += np.tensordot(g, self.W, axes=([1], [3]))
        return dX[:, p:dX.shape[1] - p, p:dX.shape[2] - p, :]


class MaxPool:
    def __init__(self, size=2, stride=2):
        self.size, self.stride = size, stride

    def forward(self, X):
        self.X = X
        n, h, w, c = X.shape
        out = np.zeros((n, (h - self.size) // self.stride + 1, (w - self.size) // self.stride + 1, c))
        for i in range(out.shape[1]):
            for j in range(out.shape[2]):
                out[:, i, j, :] = self._window(X, i, j).max(axis=(1, 2))
        return out

    def backward(self, grad):
        dX = np.zeros(self.X.shape)
        for i in range(grad.shape[1]):
            for j in range(grad.shape[2]):
                window = self._window(self.X, i, j)
                best = window == window.max(axis=(1, 2), keepdims=True)
                best = best / best.sum(axis=(1, 2), keepdims=True)
                self._window(dX, i, j)[...] += best * grad[:, i:i + 1, j:j + 1, :]
        return dX

    def _window(self, X, i, j):
        s, k = self.stride, self.size
        return X[:, i * s:i * s + k, j * s:j * s + k, :]


class Flatten:
    def forward(self, X):
        self.shape = X.shape
        return X.reshape(X.shape[0], -1)

    def backward(self, grad):
        return grad.reshape(self.shape)
