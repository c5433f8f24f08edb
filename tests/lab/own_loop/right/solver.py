"""CS231n: a Solver that is given a model, a dict of data and keywords; update rules are functions."""

import numpy as np


def sgd(w, dw, config=None):
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)
    w -= config["learning_rate"] * dw
    return w, config


def sgd_momentum(w, dw, config=None):
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("momentum", 0.9)
    v = config.get("velocity", np.zeros_like(w))
    v = config["momentum"] * v - config["learning_rate"] * dw
    next_w = w + v
    config["velocity"] = v
    return next_w, config


class FullyConnectedNet:
    def __init__(self, hidden_dims, input_dim=3 * 32 * 32, num_classes=10, reg=0.0, weight_scale=1e-2):
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.params = {}
        dims = [input_dim, *hidden_dims, num_classes]
        for i in range(self.num_layers):
            self.params[f"W{i + 1}"] = weight_scale * np.random.randn(dims[i], dims[i + 1])
            self.params[f"b{i + 1}"] = np.zeros(dims[i + 1])

    def loss(self, X, y=None):
        h, cache = X, []
        for i in range(1, self.num_layers):
            a = h @ self.params[f"W{i}"] + self.params[f"b{i}"]
            cache.append(h)
            h = np.maximum(a, 0)
        cache.append(h)
        last = self.num_layers
        scores = h @ self.params[f"W{last}"] + self.params[f"b{last}"]
        if y is None:
            return scores
        z = scores - scores.max(axis=1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        N = len(X)
        loss = -log_p[np.arange(N), y].mean()
        dout = np.exp(log_p)
        dout[np.arange(N), y] -= 1
        dout /= N
        grads = {}
        for i in range(last, 0, -1):
            W = self.params[f"W{i}"]
            loss += self.reg * np.sum(W * W)
            grads[f"W{i}"] = cache[i - 1].T @ dout + 2 * self.reg * W
            grads[f"b{i}"] = dout.sum(axis=0)
            if i > 1:
                dout = (dout @ W.T) * (cache[i - 1] > 0)
        return loss, grads


class Solver:
    def __init__(self, model, data, **kwargs):
        self.model = model
        self.X_train = data["X_train"]
        self.y_train = data["y_train"]
        self.X_val = data["X_val"]
        self.y_val = data["y_val"]
        self.update_rule = kwargs.pop("update_rule", "sgd")
        self.optim_config = kwargs.pop("optim_config", {})
        self.lr_decay = kwargs.pop("lr_decay", 1.0)
        self.batch_size = kwargs.pop("batch_size", 100)
        self.num_epochs = kwargs.pop("num_epochs", 10)
        self.verbose = kwargs.pop("verbose", True)
        self.update_rule = {"sgd": sgd, "sgd_momentum": sgd_momentum}[self.update_rule]
        self.loss_history, self.train_acc_history, self.val_acc_history = [], [], []
        self.optim_configs = {p: dict(self.optim_config) for p in self.model.params}

    def _step(self):
        num_train = self.X_train.shape[0]
        mask = np.random.choice(num_train, self.batch_size)
        X_batch = self.X_train[mask]
        y_batch = self.y_train[mask]
        loss, grads = self.model.loss(X_batch, y_batch)
        self.loss_history.append(loss)
        for p, w in self.model.params.items():
            next_w, next_config = self.update_rule(w, grads[p], self.optim_configs[p])
            self.model.params[p] = next_w
            self.optim_configs[p] = next_config

    def check_accuracy(self, X, y, num_samples=None, batch_size=100):
        if num_samples is not None and X.shape[0] > num_samples:
            mask = np.random.choice(X.shape[0], num_samples)
            X, y = X[mask], y[mask]
        y_pred = []
        for start in range(0, len(X), batch_size):
            scores = self.model.loss(X[start : start + batch_size])
            y_pred.append(np.argmax(scores, axis=1))
        return np.mean(np.hstack(y_pred) == y)

    def train(self):
        iterations_per_epoch = max(self.X_train.shape[0] // self.batch_size, 1)
        num_iterations = self.num_epochs * iterations_per_epoch
        for t in range(num_iterations):
            self._step()
            if (t + 1) % iterations_per_epoch == 0:
                for k in self.optim_configs:
                    self.optim_configs[k]["learning_rate"] *= self.lr_decay
                self.train_acc_history.append(self.check_accuracy(self.X_train, self.y_train, num_samples=200))
                self.val_acc_history.append(self.check_accuracy(self.X_val, self.y_val))
