import numpy as np


class Param:
    def __init__(self, value):
        self.value = value
        self.grad = np.zeros_like(value)


class Affine:
    def __init__(self, n_in, n_out):
        self.w = Param(np.random.randn(n_out, n_in) / np.sqrt(n_in))
        self.b = Param(np.zeros((n_out, 1)))

    def forward(self, x):
        self.x = x
        return self.w.value @ x + self.b.value

    def backward(self, dy):
        self.w.grad[...] = dy @ self.x.T
        self.b.grad[...] = dy.sum(1, keepdims=True)
        return self.w.value.T @ dy
