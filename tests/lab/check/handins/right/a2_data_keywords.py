import numpy as np


class ANN:
    def __init__(self, data, targets, **kwargs):
        defaults = {"lr": 0.01, "labda": 0.01, "batch_size": 100, "epochs": 40, "h_size": 50, "sigma": 0.1}
        for var, default in defaults.items():
            setattr(self, var, kwargs.get(var, default))
        self.d, self.n = data.shape
        self.k = targets.shape[0]
        self.w1 = np.random.normal(0, self.sigma, (self.h_size, self.d))
        self.w2 = np.random.normal(0, self.sigma, (self.k, self.h_size))
        self.b1 = np.zeros((self.h_size, 1))
        self.b2 = np.zeros((self.k, 1))

    def evaluate(self, X):
        act_h = np.maximum(0, np.dot(self.w1, X) + self.b1)
        s = np.dot(self.w2, act_h) + self.b2
        return np.exp(s) / np.dot(np.ones(s.shape[0]), np.exp(s)), act_h

    def compute_cost(self, X, Y_true):
        Y_pred, _ = self.evaluate(X)
        cross_ent = -np.sum(np.log(np.sum(Y_true * Y_pred, axis=0)))
        return cross_ent / X.shape[1] + self.labda * (np.sum(self.w1 ** 2) + np.sum(self.w2 ** 2))

    def compute_gradients(self, X_batch, y_true_batch, y_pred_batch, act_h):
        g = -(y_true_batch - y_pred_batch)
        grad_w2 = 1 / self.batch_size * np.dot(g, act_h.T) + 2 * self.labda * self.w2
        grad_b2 = 1 / self.batch_size * np.sum(g, axis=1).reshape(-1, 1)
        g = np.dot(self.w2.T, g)
        h_ind = np.zeros(act_h.shape)
        for k in range(act_h.shape[0]):
            for j in range(act_h.shape[1]):
                if act_h[k, j] > 0:
                    h_ind[k, j] = 1
        g = g * h_ind
        grad_w1 = 1 / self.batch_size * np.dot(g, X_batch.T) + 2 * self.labda * self.w1
        grad_b1 = 1 / self.batch_size * np.sum(g, axis=1).reshape(-1, 1)
        return grad_b1, grad_b2, grad_w1, grad_w2
