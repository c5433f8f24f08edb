import numpy as np


class Dense:
    """Gradients add up over calls, update() takes the step and zeroes them."""

    def __init__(self, inputs, outputs, seed=None):
        rng = np.random.RandomState(seed)
        self.weights = rng.normal(scale=1 / np.sqrt(inputs), size=(inputs, outputs))
        self.bias = np.zeros(outputs)
        self.grad_weights = np.zeros_like(self.weights)
        self.grad_bias = np.zeros_like(self.bias)

    def forward(self, x):
        self.x = x
        return np.dot(x, self.weights) + self.bias

    def backward(self, grad):
        self.grad_weights += np.dot(self.x.T, grad)
        self.grad_bias += grad.sum(axis=0)
        return np.dot(grad, self.weights.T)

    def update(self, lr):
        self.weights -= lr * self.grad_weights
        self.bias -= lr * self.grad_bias
        self.grad_weights[...] = 0
        self.grad_bias[...] = 0


class LeakyRelu:
    def __init__(self, slope=0.01):
        self.slope = slope

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.slope * x)

    def backward(self, grad):
        return grad * np.where(self.x > 0, 1, self.slope)

    def update(self, lr):
        pass
