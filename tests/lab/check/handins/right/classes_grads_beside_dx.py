import numpy as np


class FullyConnected:
    def __init__(self, n_in, n_out):
        self.params = {'W': np.random.uniform(-0.1, 0.1, (n_in, n_out)), 'b': np.zeros(n_out)}

    def forward(self, X, train=True):
        if train:
            self.cache = X
        return X @ self.params['W'] + self.params['b']

    def backward(self, dout):
        X = self.cache
        grads = {'W': X.T @ dout, 'b': np.einsum('nm->m', dout)}
        return dout @ self.params['W'].T, grads


class BatchNorm:
    def __init__(self, D, momentum=0.9, eps=1e-6):
        self.params = {'gamma': np.ones(D), 'beta': np.zeros(D)}
        self.running_mean, self.running_var = np.zeros(D), np.ones(D)
        self.momentum, self.eps = momentum, eps

    def forward(self, X, train=True):
        if train:
            mu, var = X.mean(0), X.var(0)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mu
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            mu, var = self.running_mean, self.running_var
        inv = 1 / np.sqrt(var + self.eps)
        xhat = (X - mu) * inv
        if train:
            self.cache = xhat, inv
        return self.params['gamma'] * xhat + self.params['beta']

    def backward(self, dout):
        xhat, inv = self.cache
        n = len(dout)
        grads = {'gamma': (dout * xhat).sum(0), 'beta': dout.sum(0)}
        g = dout * self.params['gamma']
        dX = inv / n * (n * g - g.sum(0) - xhat * (g * xhat).sum(0))
        return dX, grads


class Dropout:
    def __init__(self, rate):
        self.rate = rate

    def forward(self, X, train=True):
        if not train:
            return X
        self.mask = np.random.binomial(1, 1 - self.rate, size=X.shape) / (1 - self.rate)
        return X * self.mask

    def backward(self, dout):
        return dout * self.mask, {}
