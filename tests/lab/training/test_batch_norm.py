"""Batch normalisation in a student's code: what is learnt without a gradient is kept, evaluated with, and resumed."""

import numpy as np
import pytest

from tests.lab.training.in_process import losses, reference

CHANGES = ["n_s=4", "hidden=[7,6]", "updates=8"]
NETWORK = """
import numpy as np

class Network:
    def __init__(self, sizes, lam=0.0):
        self.W = [np.random.randn(d, m) / np.sqrt(d) for d, m in zip(sizes, sizes[1:])]
        self.b = [np.zeros(m) for m in sizes[1:]]
        self.gamma = [np.ones(m) for m in sizes[1:-1]]
        self.beta = [np.zeros(m) for m in sizes[1:-1]]
        self.mean = [np.zeros(m) for m in sizes[1:-1]]
        self.var = [np.ones(m) for m in sizes[1:-1]]
        self.lam, self.training = lam, True

    def forward(self, X):
        self.hs, self.norms = [X], []
        for i, (W, b) in enumerate(zip(self.W, self.b)):
            s = self.hs[-1] @ W + b
            if i == len(self.W) - 1:
                break
            mu, var = s.mean(axis=0), s.var(axis=0)
            if self.training:
                self.mean[i] = 0.9 * self.mean[i] + 0.1 * mu
                self.var[i] = 0.9 * self.var[i] + 0.1 * var
            else:
                mu, var = self.mean[i], self.var[i]
            hat = (s - mu) / np.sqrt(var + 1e-5)
            self.norms.append((hat, var))
            self.hs.append(np.maximum(self.gamma[i] * hat + self.beta[i], 0))
        e = np.exp(s - s.max(axis=1, keepdims=True))
        self.P = e / e.sum(axis=1, keepdims=True)
        return self.P

    def cost(self, X, y):
        P = self.forward(X)
        return -np.log(P[np.arange(len(y)), y]).mean() + self.lam * sum((W ** 2).sum() for W in self.W)

    def backward(self, y):
        n = len(y)
        G = self.P.copy()
        G[np.arange(n), y] -= 1
        G /= n
        k = len(self.W)
        self.dW, self.db, self.dgamma, self.dbeta = [0] * k, [0] * k, [0] * (k - 1), [0] * (k - 1)
        for i in range(k - 1, -1, -1):
            self.dW[i] = self.hs[i].T @ G + 2 * self.lam * self.W[i]
            self.db[i] = G.sum(axis=0)
            if i == 0:
                break
            G = (G @ self.W[i].T) * (self.hs[i] > 0)
            hat, var = self.norms[i - 1]
            self.dgamma[i - 1], self.dbeta[i - 1] = (G * hat).sum(axis=0), G.sum(axis=0)
            G = G * self.gamma[i - 1]
            G = (G - G.mean(axis=0) - hat * (G * hat).mean(axis=0)) / np.sqrt(var + 1e-5)
"""


def test_running_statistics_train_as_our_own(trained):
    preset, dataset, trainer = trained(NETWORK, "Network", "a3-3layer-bn", *CHANGES)
    np.testing.assert_allclose(losses(trainer), losses(reference(preset, dataset)), rtol=1e-7)
    sentence = trainer.agreement.document()["sentence"]
    assert sentence == "Updates 1 to 8 agree with Gradlab's own network. So does its evaluation."


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("self.mean[i] = 0.9 * self.mean[i] + 0.1 * mu", "pass", "are its running statistics others?"),
        ("mu, var = self.mean[i], self.var[i]", "pass", "it uses the statistics of the examples at hand"),
        ("0.9 * self.mean[i] + 0.1 * mu", "0.5 * self.mean[i] + 0.5 * mu", "are its running statistics others?"),
        ("if self.training:", "if True:", "it uses the statistics of the examples at hand"),
    ],
)
def test_a_mistake_of_the_evaluation_is_told_though_every_update_agrees(sentence, right, wrong, told):
    assert right in NETWORK
    said = sentence(NETWORK.replace(right, wrong), "Network", "a3-3layer-bn", *CHANGES)
    assert said.startswith("Updates 1 to 8 agree with Gradlab's own network. Its evaluation does not:")
    assert told in said


def test_another_eps_is_no_mistake(sentence):
    assert "agree with Gradlab's own network, with eps = 1e-08" in sentence(
        NETWORK.replace("1e-5", "1e-8"), "Network", "a3-3layer-bn", *CHANGES
    )


def test_running_statistics_are_resumed(trained):
    """A trainer restored half-way ends where one that was never stopped ends."""
    *_, whole = trained(NETWORK, "Network", "a3-3layer-bn", *CHANGES)
    *_, half = trained(NETWORK, "Network", "a3-3layer-bn", *CHANGES)
    *_, again = trained(NETWORK, "Network", "a3-3layer-bn", *CHANGES)
    for snapshot in half.run():
        if snapshot.update == 3:
            break
    again.restore(half.state())
    assert losses(again) == losses(whole)[1:]


def test_functions_are_given_the_running_statistics_that_they_take(trained):
    """use_avg with mu_av and var_av: kept for them, as our own network keeps its own."""
    text = """
    import numpy as np

    def Evaluate(X, Ws, bs, gammas, betas, mu_av=None, var_av=None, use_avg=False):
        h, hs, hats, mus, vars = X, [X], [], [], []
        for i in range(len(Ws) - 1):
            s = Ws[i] @ h + bs[i]
            mu, var = s.mean(axis=1, keepdims=True), s.var(axis=1, keepdims=True)
            if use_avg:
                mu, var = mu_av[i], var_av[i]
            hat = (s - mu) / np.sqrt(var + 1e-5)
            h = np.maximum(gammas[i] * hat + betas[i], 0)
            hs.append(h)
            hats.append(hat)
            mus.append(mu)
            vars.append(var)
        s = Ws[-1] @ h + bs[-1]
        P = np.exp(s - s.max(axis=0))
        return P / P.sum(axis=0), hs, hats, mus, vars

    def ComputeCost(X, Y, Ws, bs, gammas, betas, lam, mu_av=None, var_av=None, use_avg=False):
        P = Evaluate(X, Ws, bs, gammas, betas, mu_av, var_av, use_avg)[0]
        return -np.log((Y * P).sum(axis=0)).mean() + lam * sum((W ** 2).sum() for W in Ws)

    def ComputeGradients(X, Y, Ws, bs, gammas, betas, lam):
        P, hs, hats, mus, vars = Evaluate(X, Ws, bs, gammas, betas)
        n, k = X.shape[1], len(Ws)
        gW, gb, ggamma, gbeta = [0] * k, [0] * k, [0] * (k - 1), [0] * (k - 1)
        G = (P - Y) / n
        for i in range(k - 1, -1, -1):
            gW[i] = G @ hs[i].T + 2 * lam * Ws[i]
            gb[i] = G.sum(axis=1, keepdims=True)
            if i == 0:
                break
            G = (Ws[i].T @ G) * (hs[i] > 0)
            hat = hats[i - 1]
            ggamma[i - 1] = (G * hat).sum(axis=1, keepdims=True)
            gbeta[i - 1] = G.sum(axis=1, keepdims=True)
            G = G * gammas[i - 1]
            means = G.mean(axis=1, keepdims=True), (G * hat).mean(axis=1, keepdims=True)
            G = (G - means[0] - hat * means[1]) / np.sqrt(vars[i - 1] + 1e-5)
        return gW, gb, ggamma, gbeta
    """
    preset, dataset, trainer = trained(text, "ComputeGradients", "a3-3layer-bn", *CHANGES)
    np.testing.assert_allclose(losses(trainer), losses(reference(preset, dataset)), rtol=1e-7)
