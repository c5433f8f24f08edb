import numpy as np


class Layer:
    def forward(self, x):
        raise NotImplementedError

    def backward(self, grad):
        raise NotImplementedError


class FullyConnected(Layer):
    def __init__(self, fan_in, fan_out):
        self.w = np.random.normal(0, np.sqrt(2.0 / fan_in), (fan_in, fan_out))
        self.b = np.zeros(fan_out)
        self.grad_w = None
        self.grad_b = None

    def forward(self, x):
        self.x = x
        return x.dot(self.w) + self.b

    def backward(self, grad):
        self.grad_w = self.x.T.dot(grad)
        self.grad_b = grad.sum(0)
        return grad.dot(self.w.T)


class Tanh(Layer):
    def forward(self, x):
        self.out = np.tanh(x)
        return self.out

    def backward(self, grad):
        return grad * (1 - self.out ** 2)


class Sequential:
    def __init__(self, layers):
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def loss(self, x, y):
        s = self.forward(x)
        s = s - s.max(1, keepdims=True)
        self.p = np.exp(s) / np.exp(s).sum(1, keepdims=True)
        self.y = y
        return -np.log(self.p[range(len(y)), y]).mean()

    def backward(self):
        g = self.p.copy()
        g[range(len(self.y)), self.y] -= 1
        g /= len(self.y)
        for layer in self.layers[::-1]:
            g = layer.backward(g)
        return g


def main():
    model = Sequential([FullyConnected(2, 16), Tanh(), FullyConnected(16, 3)])
    X = np.random.randn(30, 2)
    y = np.random.randint(0, 3, size=30)
    for step in range(100):
        model.loss(X, y)
        model.backward()
        for layer in model.layers:
            if isinstance(layer, FullyConnected):
                layer.w -= 0.1 * layer.grad_w
                layer.b -= 0.1 * layer.grad_b


if __name__ == '__main__':
    main()
