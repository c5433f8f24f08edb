import numpy as np


class Node:
    def forward(self, *inputs):
        raise NotImplementedError

    def backward(self, grad):
        raise NotImplementedError


class LinearLayer(Node):
    def __init__(self, d_in, d_out):
        self.W = np.random.randn(d_out, d_in) * np.sqrt(2 / d_in)
        self.b = np.zeros((d_out, 1))
        self.grad_W = 0
        self.grad_b = 0

    def forward(self, X):
        self.X = X
        return self.W @ X + self.b

    def backward(self, grad):
        self.grad_W += grad @ self.X.T
        self.grad_b += np.sum(grad, axis=1, keepdims=True)
        return self.W.T @ grad


class ReLU(Node):
    def forward(self, X):
        self.X = X
        return np.fmax(0, X)

    def backward(self, grad):
        return grad * (self.X > 0)


class CrossEntropyLoss(Node):
    def forward(self, logits: np.ndarray, Y: np.ndarray) -> np.float64:
        self.Y = Y
        self.P = np.exp(logits - np.max(logits, axis=0, keepdims=True))
        self.P /= np.sum(self.P, axis=0, keepdims=True)
        return -np.sum(Y * np.log(self.P + 1e-15)) / logits.shape[1]

    def backward(self) -> np.ndarray:
        return (self.P - self.Y) / self.P.shape[1]


class Model:
    def __init__(self, d_in: int, d_hidden: int, K: int):
        self.layers = [LinearLayer(d_in, d_hidden), ReLU(), LinearLayer(d_hidden, K)]

    def forward(self, X: np.ndarray) -> np.ndarray:
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def backward(self, grad: np.ndarray) -> None:
        for layer in reversed(self.layers):
            grad = layer.backward(grad)


class Optimizer:
    def __init__(self, model: Model, loss_fn: CrossEntropyLoss, lr: float, reg: float):
        self.model, self.loss_fn, self.lr, self.reg = model, loss_fn, lr, reg

    def step(self, X, Y):
        loss = self.loss_fn.forward(self.model.forward(X), Y)
        self.model.backward(self.loss_fn.backward())
        for layer in self.model.layers:
            if isinstance(layer, LinearLayer):
                layer.W -= self.lr * (layer.grad_W + 2 * self.reg * layer.W)
                layer.b -= self.lr * layer.grad_b
                layer.grad_W, layer.grad_b = 0, 0
        return loss
