import numpy as np

alpha = 0.9


class Dense:
    def __init__(self, input_size, output_size):
        self.name = 'dense'
        self.kernel = np.random.normal(0, 2 / np.sqrt(input_size), size=(output_size, input_size))
        self.bias = np.zeros((output_size, 1))

    def forward(self, x, training=False):
        self.last_input = x
        return self.kernel @ x + self.bias

    def backward(self, g, reg_lambda):
        batch_size = g.shape[1]
        self.grad_kernel = g @ self.last_input.T / batch_size + 2 * reg_lambda * self.kernel
        self.grad_bias = g @ np.ones((batch_size, 1)) / batch_size
        return self.kernel.T @ g


class ReLU:
    name = 'relu'

    def forward(self, x, training=False):
        self.last_input = x
        return np.maximum(0, x)

    def backward(self, g, reg_lambda):
        g[self.last_input <= 0] = 0
        return g


class Softmax:
    name = 'softmax'

    def forward(self, x, training=False):
        return np.exp(x) / np.sum(np.exp(x), axis=0)

    def backward(self, g, reg_lambda):
        return g


class Model:
    def __init__(self):
        self.layers = []

    def add(self, layer):
        self.layers.append(layer)

    def predict(self, x, train=False):
        for layer in self.layers:
            x = layer.forward(x, training=train)
        return x

    def compute_cost(self, x, y, reg_lambda):
        p = self.predict(x)
        reg = sum(np.sum(layer.kernel ** 2) for layer in self.layers if layer.name == 'dense')
        return -np.sum(np.log(np.sum(y * p, axis=0))) / x.shape[1] + reg_lambda * reg

    def compute_gradients(self, x, y, reg_lambda):
        g = -(y - self.predict(x, train=True))
        gradients = []
        for layer in reversed(self.layers):
            g = layer.backward(g, reg_lambda)
            if layer.name == 'dense':
                gradients.append((layer.grad_kernel, layer.grad_bias))
        return gradients


def build_model(d=3072, hidden=(50, 50), K=10):
    model = Model()
    for a, b in zip((d, *hidden), hidden):
        model.add(Dense(a, b))
        model.add(ReLU())
    model.add(Dense(hidden[-1], K))
    model.add(Softmax())
    return model
