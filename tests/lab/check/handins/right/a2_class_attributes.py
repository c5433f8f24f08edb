import numpy as np


class TwoLayerNetwork:
    def __init__(self, d, m, K):
        self.d, self.m, self.K = d, m, K
        self.W1 = np.random.normal(0, 1 / np.sqrt(d), (m, d))
        self.b1 = np.zeros((m, 1))
        self.W2 = np.random.normal(0, 1 / np.sqrt(m), (K, m))
        self.b2 = np.zeros((K, 1))

    def evaluateClassifier(self, X):
        self.h = np.maximum(self.W1 @ X + self.b1, 0)
        s = self.W2 @ self.h + self.b2
        e = np.exp(s - np.max(s, axis=0))
        self.P = e / np.sum(e, axis=0)
        return self.P

    def computeCost(self, X, Y, lambd):
        P = self.evaluateClassifier(X)
        reg = lambd * (np.sum(self.W1 ** 2) + np.sum(self.W2 ** 2))
        return np.mean(-np.log(np.sum(Y * P, axis=0))) + reg

    def computeGrads(self, X, Y, lambd):
        N = X.shape[1]
        P = self.evaluateClassifier(X)
        G = -(Y - P)
        self.grad_W2 = (G @ self.h.T) / N + 2 * lambd * self.W2
        self.grad_b2 = np.sum(G, axis=1, keepdims=True) / N
        G = self.W2.T @ G
        G[self.h <= 0] = 0
        self.grad_W1 = (G @ X.T) / N + 2 * lambd * self.W1
        self.grad_b1 = np.sum(G, axis=1, keepdims=True) / N

    def updateParams(self, eta):
        self.W1 -= eta * self.grad_W1
        self.b1 -= eta * self.grad_b1
        self.W2 -= eta * self.grad_W2
        self.b2 -= eta * self.grad_b2

    def fit(self, X, Y, lambd, eta, n_epochs, n_batch):
        for epoch in range(n_epochs):
            for j in range(0, X.shape[1], n_batch):
                self.computeGrads(X[:, j:j + n_batch], Y[:, j:j + n_batch], lambd)
                self.updateParams(eta)
            print("epoch", epoch, "cost", self.computeCost(X, Y, lambd))
