"""The commented example file that `gradlab check --template` writes."""


def template() -> str:
    """A file with one right example of each form that can be checked."""
    return TEMPLATE


TEMPLATE = '''"""Check your own code with Gradlab. Every form below is checked by its name:

    gradlab check FILE.py:my_network
    gradlab check FILE.py:Dense
    gradlab check FILE.py:relu

You can import your own modules: this file's folder comes first on the path, so `import layers` is your layers.py.
"""

import numpy as np

# 1. Any code at all: a function that makes an object with params (a dict of arrays), loss() and grads().
#    Five lines wrap whatever you have; here X holds the examples as columns.


class my_network:
    def __init__(self):
        rng = np.random.default_rng(0)  # a fixed seed: loss() must give the same value every time
        self.X = rng.normal(size=(6, 8))
        self.Y = np.eye(3)[:, rng.integers(0, 3, 8)]
        self.lam = 0.1
        self.params = {"W": 0.1 * rng.normal(size=(3, 6)), "b": np.zeros((3, 1))}

    def probabilities(self):
        # read the parameters from self.params: the check changes them there
        s = self.params["W"] @ self.X + self.params["b"]
        return np.exp(s) / np.exp(s).sum(axis=0)

    def loss(self):
        p = (self.Y * self.probabilities()).sum(axis=0)
        return -np.log(p).mean() + self.lam * np.sum(self.params["W"] ** 2)

    def grads(self):
        G = (self.probabilities() - self.Y) / self.X.shape[1]
        return {"W": G @ self.X.T + 2 * self.lam * self.params["W"], "b": G.sum(axis=1, keepdims=True)}


# 2. A layer class: forward(x), backward(dy) -> dx, params and grads. x is made to fit params["W"];
#    if yours needs another, write Dense_example() returning it. Sizes are filled in if __init__ wants them.


class Dense:
    def __init__(self, inputs, outputs):
        rng = np.random.default_rng(0)
        self.params = {"W": rng.normal(size=(inputs, outputs)), "b": rng.normal(size=outputs)}
        self.grads = {}

    def forward(self, x):
        self.x = x
        return x @ self.params["W"] + self.params["b"]

    def backward(self, dy):
        self.grads = {"W": self.x.T @ dy, "b": dy.sum(axis=0)}
        return dy @ self.params["W"].T


# 3. A pair of functions, as in CS231n. Arguments are made from their names (x, w, b, gamma, beta, conv_param, ...);
#    if yours are called otherwise, write relu_example() returning a tuple of them.


def relu_forward(x):
    return np.maximum(0, x), x


def relu_backward(dout, cache):
    return dout * (cache > 0)
'''
