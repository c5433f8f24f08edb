import numpy as np


def softMax(S):
    return np.exp(S) / np.sum(np.exp(S), axis=0)


class neuralNetwork:
    def __init__(self, K, d, m, seed=0):
        np.random.seed(seed)
        widths = [d] + list(m) + [K]
        self.layers = []
        for m1, m2 in zip(widths[:-1], widths[1:]):
            self.layers.append({'W': np.random.normal(0, np.sqrt(2 / m1), (m2, m1)), 'b': np.zeros((m2, 1))})

    def evaluate(self, X, train):
        hList = [X.T.copy()]
        for layer in self.layers[:-1]:
            hList.append(np.maximum(0, layer['W'] @ hList[-1] + layer['b']))
        P = softMax(self.layers[-1]['W'] @ hList[-1] + self.layers[-1]['b'])
        if not train:
            return P
        return P, hList

    def computeCost(self, X, Y, lambd):
        P = self.evaluate(X, train=False)
        l = -np.sum(Y.T * np.log(P)) / len(X)
        return l, l + lambd * sum(np.sum(np.square(layer['W'])) for layer in self.layers)

    def computeGrads(self, X, Y, lambd):
        D = len(X)
        P, hList = self.evaluate(X, train=True)
        g = -(Y.T - P)
        gradsList = []
        for layer, h in zip(self.layers[::-1], hList[::-1]):
            W_grads = g @ h.T / D + 2 * lambd * layer['W']
            b_grads = np.sum(g, axis=1)[:, np.newaxis] / D
            gradsList.append({'W': W_grads, 'b': b_grads})
            h[h > 0] = 1
            g = layer['W'].T @ g * h
        return gradsList[::-1]
