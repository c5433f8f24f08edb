"""CS231n with batch normalisation: bn_params hold the mode and the running statistics; a loss() and a train()."""

import numpy as np


def bn_forward(x, gamma, beta, bn_param):
    momentum = bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(x.shape[1]))
    running_var = bn_param.get("running_var", np.zeros(x.shape[1]))
    if bn_param["mode"] == "train":
        mean, var = x.mean(axis=0), x.var(axis=0)
        running_mean = momentum * running_mean + (1 - momentum) * mean
        running_var = momentum * running_var + (1 - momentum) * var
    else:
        mean, var = running_mean, running_var
    bn_param["running_mean"], bn_param["running_var"] = running_mean, running_var
    inv = 1 / np.sqrt(var + 1e-5)
    x_hat = (x - mean) * inv
    return gamma * x_hat + beta, (x_hat, gamma, inv)


def bn_backward(dout, cache):
    x_hat, gamma, inv = cache
    n = len(dout)
    dgamma, dbeta = (dout * x_hat).sum(axis=0), dout.sum(axis=0)
    return gamma * inv * (dout - dbeta / n - x_hat * dgamma / n), dgamma, dbeta


class BNNet:
    def __init__(self, input_dim, hidden_dims, num_classes, weight_scale=0.1):
        dims = [input_dim, *hidden_dims, num_classes]
        self.depth = len(dims) - 1
        self.params = {}
        for i in range(self.depth):
            self.params[f"W{i + 1}"] = weight_scale * np.random.randn(dims[i], dims[i + 1])
            self.params[f"b{i + 1}"] = np.zeros(dims[i + 1])
            if i < self.depth - 1:
                self.params[f"gamma{i + 1}"] = np.ones(dims[i + 1])
                self.params[f"beta{i + 1}"] = np.zeros(dims[i + 1])
        self.bn_params = [{"mode": "train"} for _ in hidden_dims]

    def loss(self, X, y=None, reg=0.0):
        p = self.params
        for bn_param in self.bn_params:
            bn_param["mode"] = "test" if y is None else "train"
        h, caches = X, []
        for i in range(1, self.depth):
            a = h @ p[f"W{i}"] + p[f"b{i}"]
            z, cache = bn_forward(a, p[f"gamma{i}"], p[f"beta{i}"], self.bn_params[i - 1])
            caches.append((h, z, cache))
            h = np.maximum(z, 0)
        scores = h @ p[f"W{self.depth}"] + p[f"b{self.depth}"]
        if y is None:
            return scores
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        e /= e.sum(axis=1, keepdims=True)
        loss = -np.log(e[np.arange(len(y)), y]).mean()
        d = e
        d[np.arange(len(y)), y] -= 1
        d /= len(y)
        grads = {f"W{self.depth}": h.T @ d + 2 * reg * p[f"W{self.depth}"], f"b{self.depth}": d.sum(axis=0)}
        d = d @ p[f"W{self.depth}"].T
        for i in range(self.depth - 1, 0, -1):
            below, z, cache = caches[i - 1]
            d, grads[f"gamma{i}"], grads[f"beta{i}"] = bn_backward(d * (z > 0), cache)
            grads[f"W{i}"] = below.T @ d + 2 * reg * p[f"W{i}"]
            grads[f"b{i}"] = d.sum(axis=0)
            d = d @ p[f"W{i}"].T
        return loss, grads

    def train(self, X, y, X_val, y_val, learning_rate, reg, num_epochs, batch_size):
        loss_history, val_acc_history = [], []
        for epoch in range(num_epochs):
            order = np.random.permutation(len(X))
            for it in range(len(X) // batch_size):
                idx = order[it * batch_size : (it + 1) * batch_size]
                X_batch, y_batch = X[idx], y[idx]
                loss, grads = self.loss(X_batch, y_batch, reg)
                loss_history.append(loss)
                for name in self.params:
                    self.params[name] -= learning_rate * grads[name]
            val_acc_history.append(np.mean(self.loss(X_val).argmax(axis=1) == y_val))
        return loss_history, val_acc_history
