import numpy as np


class Dense:
    def __init__(self, n_inputs, n_neurons):
        self.weights = 0.1 * np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))

    def forward(self, inputs):
        self.inputs = inputs
        return np.dot(inputs, self.weights) + self.biases

    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        return np.dot(dvalues, self.weights.T)


class ReLU:
    def forward(self, inputs):
        self.inputs = inputs
        return np.maximum(0, inputs)

    def backward(self, dvalues):
        return dvalues * (self.inputs > 0)


class SoftmaxCrossEntropy:
    def forward(self, logits, y_true):
        exp = np.exp(logits - np.max(logits, axis=1, keepdims=True))
        self.probs = exp / np.sum(exp, axis=1, keepdims=True)
        self.y_true = y_true
        return -np.mean(np.sum(y_true * np.log(self.probs), axis=1))

    def backward(self):
        return (self.probs - self.y_true) / len(self.y_true)


class Network:
    def __init__(self):
        self.layers = []
        self.loss_fn = SoftmaxCrossEntropy()

    def add(self, layer):
        self.layers.append(layer)

    def forward(self, X):
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def compute_loss(self, X, y):
        return self.loss_fn.forward(self.forward(X), y)

    def backward(self):
        grad = self.loss_fn.backward()
        for layer in reversed(self.layers):
            grad = layer.backward(grad)


if __name__ == "__main__":
    net = Network()
    net.add(Dense(4, 8))
    net.add(ReLU())
    net.add(Dense(8, 3))
    X = np.random.randn(20, 4)
    y = np.eye(3)[np.random.randint(0, 3, 20)]
    for epoch in range(10):
        loss = net.compute_loss(X, y)
        net.backward()
