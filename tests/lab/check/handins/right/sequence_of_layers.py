import numpy as np


class Affine:
    def __init__(self, fan_in, fan_out):
        self.W = np.random.normal(0, fan_in**-0.5, (fan_in, fan_out))
        self.b = np.zeros(fan_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, g):
        self.dW, self.db = self.x.T @ g, g.sum(axis=0)
        return g @ self.W.T


class Rectifier:
    def forward(self, x):
        self.on = x > 0
        return np.where(self.on, x, 0)

    def backward(self, g):
        return np.where(self.on, g, 0)


class CrossEntropy:
    def forward(self, scores, y):
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        self.p, self.y = e / e.sum(axis=1, keepdims=True), y
        return -np.log(self.p[range(len(y)), y]).mean()

    def backward(self):
        g = self.p.copy()
        g[range(len(g)), self.y] -= 1
        return g / len(g)


class Sequence:
    def __init__(self, layers, criterion=None):
        self.layers, self.criterion = layers, criterion or CrossEntropy()

    def forward(self, x):
        for step in self.layers:
            x = step.forward(x)
        return x

    def loss(self, x, y):
        return self.criterion.forward(self.forward(x), y)

    def backward(self):
        g = self.criterion.backward()
        for step in reversed(self.layers):
            g = step.backward(g)
