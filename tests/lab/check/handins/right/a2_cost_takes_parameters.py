import numpy as np


def ReLU(x):
    return np.maximum(0, x)


def softmax(x):
    return np.exp(x) / np.sum(np.exp(x), axis=0)


class MLP:
    """ Trained by fit(); backward() works on the network's own weights, loss() on any. """

    def __init__(self):
        self.W1 = None
        self.W2 = None
        self.b1 = None
        self.b2 = None

    def init_weights(self, Nout, hidden_units, Ndim):
        self.W1 = np.random.normal(0, 1 / np.sqrt(Ndim), (hidden_units, Ndim))
        self.W2 = np.random.normal(0, 1 / np.sqrt(hidden_units), (Nout, hidden_units))
        self.b1 = np.zeros((hidden_units, 1))
        self.b2 = np.zeros((Nout, 1))

    def forward(self, X, V, W, bV, bW):
        H = ReLU(V @ X + bV)
        return softmax(W @ H + bW), H

    def loss(self, X, Y, V, W, bV, bW, lmd):
        P, _ = self.forward(X, V, W, bV, bW)
        loss = np.mean(-np.log(np.einsum('ij,ji->i', Y.T, P)))
        return loss + lmd * (np.sum(np.square(W)) + np.sum(np.square(V))), loss

    def backward(self, X, Y, P, H, lmd):
        _, Npts = P.shape
        G = -(Y - P)
        dW2 = G @ H.T / Npts + 2 * lmd * self.W2
        db2 = G @ np.ones((Npts, 1)) / Npts
        G = (self.W2.T @ G) * np.where(H > 0, 1, 0)
        dW1 = G @ X.T / Npts + 2 * lmd * self.W1
        db1 = G @ np.ones((Npts, 1)) / Npts
        return dW2, db2, dW1, db1

    def fit(self, X, Y, hidden, lmd, eta, steps):
        self.init_weights(Y.shape[0], hidden, X.shape[0])
        for _ in range(steps):
            P, H = self.forward(X, self.W1, self.W2, self.b1, self.b2)
            dW2, db2, dW1, db1 = self.backward(X, Y, P, H, lmd)
            self.W1, self.b1 = self.W1 - eta * dW1, self.b1 - eta * db1
            self.W2, self.b2 = self.W2 - eta * dW2, self.b2 - eta * db2
