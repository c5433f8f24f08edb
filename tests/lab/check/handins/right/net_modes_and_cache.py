import numpy as np


class Model:
    """Rows are examples. forward() keeps what backward() needs; call them in this order."""

    def __init__(self, input_dim, hidden_dim, output_dim, reg=0.01):
        self.params = {
            "W1": np.random.randn(input_dim, hidden_dim) / np.sqrt(input_dim),
            "b1": np.zeros(hidden_dim),
            "gamma": np.ones(hidden_dim),
            "beta": np.zeros(hidden_dim),
            "W2": np.random.randn(hidden_dim, output_dim) / np.sqrt(hidden_dim),
            "b2": np.zeros(output_dim),
        }
        self.grads = {name: np.zeros_like(value) for name, value in self.params.items()}
        self.running = {"mean": np.zeros(hidden_dim), "var": np.ones(hidden_dim)}
        self.reg = reg

    def forward(self, X, mode="train"):
        p = self.params
        z = X @ p["W1"] + p["b1"]
        if mode == "train":
            mean, var = z.mean(axis=0), z.var(axis=0)
            for name, value in (("mean", mean), ("var", var)):
                self.running[name] = 0.9 * self.running[name] + 0.1 * value
        else:
            mean, var = self.running["mean"], self.running["var"]
        std = np.sqrt(var + 1e-5)
        z_hat = (z - mean) / std
        a = p["gamma"] * z_hat + p["beta"]
        h = np.maximum(a, 0)
        scores = h @ p["W2"] + p["b2"]
        self.cache = X, z_hat, std, a, h, scores
        return scores

    def compute_loss(self, X, y, mode="train"):
        scores = self.forward(X, mode)
        m = scores.max(axis=1, keepdims=True)
        logsumexp = m[:, 0] + np.log(np.exp(scores - m).sum(axis=1))
        data = np.mean(logsumexp - scores[np.arange(len(y)), y])
        return data + 0.5 * self.reg * (np.sum(self.params["W1"] ** 2) + np.sum(self.params["W2"] ** 2))

    def backward(self, y):
        p, g = self.params, self.grads
        X, z_hat, std, a, h, scores = self.cache
        n = len(y)
        d = np.exp(scores - scores.max(axis=1, keepdims=True))
        d /= d.sum(axis=1, keepdims=True)
        d[np.arange(n), y] -= 1
        d /= n
        g["W2"] = h.T @ d + self.reg * p["W2"]
        g["b2"] = d.sum(axis=0)
        d = d @ p["W2"].T
        d[a <= 0] = 0
        g["gamma"] = (d * z_hat).sum(axis=0)
        g["beta"] = d.sum(axis=0)
        d = d * p["gamma"]
        d = (d - d.mean(axis=0) - z_hat * (d * z_hat).mean(axis=0)) / std
        g["W1"] = X.T @ d + self.reg * p["W1"]
        g["b1"] = d.sum(axis=0)
        return g
