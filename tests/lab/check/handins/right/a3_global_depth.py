import numpy as np

n_layers = 3
k = 10
d = 3072
lamda = 0.01
hiddenNodes = [50, 30]


def evaluateClassifier(X, W, b):
    activations = [X]
    for layer in range(n_layers - 1):
        activations.append(np.maximum(0, np.dot(W[layer], activations[layer]) + b[layer]))
    final = np.dot(W[n_layers - 1], activations[n_layers - 1]) + b[n_layers - 1]
    probabilities = np.exp(final) / np.sum(np.exp(final), axis=0)
    return activations, probabilities


def computeCost(probabilities, Y, W):
    py = np.multiply(Y, probabilities).sum(axis=0)
    py[py == 0] = np.finfo(float).eps
    squares = 0
    for i in range(n_layers):
        squares += np.sum(np.square(W[i]))
    loss = -np.log(py).sum() / probabilities.shape[1]
    return loss, loss + lamda * squares


def computeGradAnalytic(X, Y, W, b):
    vector = np.ones((X.shape[1], 1))
    grad_W, grad_b = list(), list()
    activations, probabilities = evaluateClassifier(X, W, b)
    g = -(Y - probabilities)
    layer = int(n_layers - 1)
    while layer >= 0:
        grad_b.append(np.dot(g, vector) / X.shape[1])
        grad_W.append(np.dot(g, activations[layer].T) / X.shape[1] + 2 * lamda * W[layer])
        if layer > 0:
            indicator = 1 * (activations[layer] > 0)
            g = np.multiply(np.dot(W[layer].T, g), indicator)
        layer = layer - 1
    grad_b.reverse()
    grad_W.reverse()
    return grad_b, grad_W
