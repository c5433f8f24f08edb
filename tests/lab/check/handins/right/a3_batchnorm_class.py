import numpy as np


class Network:
    """k layers; batch_norm=True puts batch normalisation between the affine map and the ReLU."""

    def __init__(self, layers, lamda=0.005, batch_norm=False, alpha=0.9, seed=None):
        self.rng = np.random.default_rng(seed)
        self.lamda = lamda
        self.batch_norm = batch_norm
        self.alpha = alpha
        self.W, self.b, self.gamma, self.beta = [], [], [], []
        self.mu_av, self.var_av = [], []
        for n_in, n_out in zip(layers, layers[1:]):
            self.W.append(self.rng.normal(0, np.sqrt(2 / n_in), (n_out, n_in)))
            self.b.append(np.zeros((n_out, 1)))
        for n_out in layers[1:-1]:
            self.gamma.append(np.ones((n_out, 1)))
            self.beta.append(np.zeros((n_out, 1)))
            self.mu_av.append(np.zeros((n_out, 1)))
            self.var_av.append(np.ones((n_out, 1)))

    def forward(self, X, training=False):
        self.X, self.S, self.S_hat, self.mu, self.var, self.pre = [X], [], [], [], [], []
        for l in range(len(self.W) - 1):
            s = self.W[l] @ self.X[-1] + self.b[l]
            self.S.append(s)
            if self.batch_norm:
                if training:
                    mu, var = np.mean(s, axis=1, keepdims=True), np.var(s, axis=1, keepdims=True)
                    self.mu_av[l] = self.alpha * self.mu_av[l] + (1 - self.alpha) * mu
                    self.var_av[l] = self.alpha * self.var_av[l] + (1 - self.alpha) * var
                else:
                    mu, var = self.mu_av[l], self.var_av[l]
                self.mu.append(mu)
                self.var.append(var)
                self.S_hat.append((s - mu) / np.sqrt(var + 1e-12))
                s = self.gamma[l] * self.S_hat[-1] + self.beta[l]
            self.pre.append(s)
            self.X.append(np.maximum(0, s))
        s = self.W[-1] @ self.X[-1] + self.b[-1]
        e = np.exp(s - np.max(s, axis=0))
        return e / np.sum(e, axis=0)

    def compute_cost(self, X, Y, training=False):
        P = self.forward(X, training)
        loss = -np.mean(np.log(np.sum(Y * P, axis=0)))
        return loss + self.lamda * sum(np.sum(w * w) for w in self.W)

    def compute_gradients(self, X, Y):
        P = self.forward(X, training=True)
        n = X.shape[1]
        grads = {"W": [], "b": [], "gamma": [], "beta": []}
        G = P - Y
        for l in reversed(range(len(self.W))):
            if l < len(self.W) - 1:
                G = G * (self.pre[l] > 0)
                if self.batch_norm:
                    grads["gamma"].insert(0, np.mean(G * self.S_hat[l], axis=1, keepdims=True))
                    grads["beta"].insert(0, np.mean(G, axis=1, keepdims=True))
                    G = G * self.gamma[l]
                    inv = 1 / np.sqrt(self.var[l] + 1e-12)
                    G = inv * (G - np.mean(G, axis=1, keepdims=True)
                               - self.S_hat[l] * np.mean(G * self.S_hat[l], axis=1, keepdims=True))
            grads["W"].insert(0, G @ self.X[l].T / n + 2 * self.lamda * self.W[l])
            grads["b"].insert(0, np.mean(G, axis=1, keepdims=True))
            G = self.W[l].T @ G
        return grads
