import numpy as np
from numpy.matlib import repmat


class Network:
    def __init__(self, input_dim, output_dim, hidden_layers=None, l=0):
        sizes = [input_dim] + list(hidden_layers or []) + [output_dim]
        self.layers = [self.Layer(a, b) for a, b in zip(sizes[:-1], sizes[1:])]
        self.l = l

    class Layer:
        def __init__(self, d, m):
            self.W = np.random.normal(0, 1 / np.sqrt(d), (m, d))
            self.b = np.zeros((m, 1))

    def forward_pass(self, X, Y):
        activations = [X]
        cost = 0
        for layer in self.layers:
            s = layer.W @ activations[-1] + layer.b
            activations.append(np.maximum(0, s))
            cost += self.l * np.sum(np.power(layer.W, 2))
        P = np.exp(s) / np.sum(np.exp(s), axis=0)
        loss = np.sum(-np.log(np.multiply(Y, P).sum(axis=0))) / X.shape[1]
        return P, activations, cost + loss, loss


def compute_gradients(network, X, Y):
    P, activations, cost, loss = network.forward_pass(X, Y)
    N = X.shape[1]
    G = P - Y
    grads_W, grads_b = [], []
    for i, layer in reversed(list(enumerate(network.layers))):
        grads_b.append(np.dot(G, np.ones((N, 1))) / N)
        grads_W.append(np.dot(G, activations[i].T) / N + 2 * network.l * layer.W)
        G = np.dot(layer.W.T, G)
        G[activations[i] == 0] = 0
    return reversed(grads_W), reversed(grads_b)
