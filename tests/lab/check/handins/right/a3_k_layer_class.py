import numpy as np
import json


class KLayer:
    def __init__(self, sizes, lam=0.0, init="he"):
        self.sizes = sizes
        self.lam = lam
        self.layers = []
        for n_in, n_out in zip(sizes, sizes[1:]):
            sigma = np.sqrt(2 / n_in) if init == "he" else 1e-3
            self.layers.append({"W": np.random.normal(0, sigma, (n_out, n_in)), "b": np.zeros((n_out, 1))})

    def forward(self, X):
        for layer in self.layers:
            layer["x"] = X
            layer["s"] = layer["W"] @ X + layer["b"]
            X = np.maximum(layer["s"], 0)
        s = self.layers[-1]["s"]
        s = np.exp(s - s.max(axis=0))
        self.P = s / s.sum(axis=0)
        return self.P

    def cost(self, X, Y):
        P = self.forward(X)
        entropy = -np.log((Y * P).sum(axis=0)).mean()
        return entropy + self.lam * sum((layer["W"] ** 2).sum() for layer in self.layers)

    def backward(self, X, Y):
        self.forward(X)
        G = (self.P - Y) / X.shape[1]
        for i, layer in reversed(list(enumerate(self.layers))):
            if i < len(self.layers) - 1:
                G = G * (layer["s"] > 0)
            layer["grad_W"] = G @ layer["x"].T + 2 * self.lam * layer["W"]
            layer["grad_b"] = G.sum(axis=1, keepdims=True)
            G = layer["W"].T @ G

    def save(self, path):
        with open(path, "w") as f:
            json.dump([{k: v.tolist() for k, v in layer.items()} for layer in self.layers], f)
