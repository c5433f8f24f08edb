from dataclasses import dataclass, field
import numpy as np


@dataclass
class Config:
    sizes: tuple = (6, 5, 3)
    l2: float = 0.01
    seed: int = 0


class Net:
    def __init__(self, config: Config):
        self.cfg = config
        rng = np.random.default_rng(config.seed)
        self.Ws = [rng.normal(0, 1 / np.sqrt(a), (b, a)) for a, b in zip(config.sizes, config.sizes[1:])]
        self.bs = [np.zeros((b, 1)) for b in config.sizes[1:]]

    def forward(self, X):
        self.hs = [X]
        for W, b in zip(self.Ws[:-1], self.bs[:-1]):
            self.hs.append(np.maximum(0, W @ self.hs[-1] + b))
        s = self.Ws[-1] @ self.hs[-1] + self.bs[-1]
        e = np.exp(s - s.max(axis=0))
        return e / e.sum(axis=0)

    def cost(self, X, Y):
        return -np.mean(np.log(np.sum(Y * self.forward(X), axis=0))) + self.cfg.l2 * sum(np.sum(W ** 2) for W in self.Ws)

    def backward(self, X, Y):
        g = (self.forward(X) - Y) / X.shape[1]
        self.gWs, self.gbs = [], []
        for W, h in zip(reversed(self.Ws), reversed(self.hs)):
            self.gWs.insert(0, g @ h.T + 2 * self.cfg.l2 * W)
            self.gbs.insert(0, g.sum(axis=1, keepdims=True))
            g = (W.T @ g) * (h > 0)


if __name__ == "__main__":
    cfg = Config(sizes=(6, 5, 3))
    net = Net(cfg)
