"""Assignment 3, the dictionary with everything in it is handed round as in the Matlab hints."""
import numpy as np


def init_net(dims, use_bn):
    NetParams = {"W": [], "b": [], "use_bn": use_bn, "gammas": [], "betas": []}
    for a, c in zip(dims[:-1], dims[1:]):
        NetParams["W"].append(np.random.randn(c, a) * np.sqrt(2.0 / a))
        NetParams["b"].append(np.zeros((c, 1)))
    for c in dims[1:-1]:
        NetParams["gammas"].append(np.ones((c, 1)))
        NetParams["betas"].append(np.zeros((c, 1)))
    return NetParams


def evaluate(X, NetParams):
    data = {"X": [X], "S": [], "S_norm": [], "mu": [], "v": []}
    h = X
    for i, (W, b) in enumerate(zip(NetParams["W"], NetParams["b"])):
        s = np.dot(W, h) + b
        if i == len(NetParams["W"]) - 1:
            break
        if NetParams["use_bn"]:
            mu = np.mean(s, axis=1).reshape(-1, 1)
            v = np.mean((s - mu) ** 2, axis=1).reshape(-1, 1)
            s_norm = np.dot(np.diag(1 / np.sqrt(v + 1e-10).flatten()), s - mu)
            for key, value in zip(("S", "S_norm", "mu", "v"), (s, s_norm, mu, v)):
                data[key].append(value)
            s = NetParams["gammas"][i] * s_norm + NetParams["betas"][i]
        h = np.maximum(s, 0)
        data["X"].append(h)
    p = np.exp(s)
    data["P"] = p / np.sum(p, axis=0)
    return data


def cost(X, Y, NetParams, lam):
    P = evaluate(X, NetParams)["P"]
    J = -np.trace(np.log(P.T @ Y)) / X.shape[1]
    for W in NetParams["W"]:
        J += lam * np.sum(W ** 2)
    return J


def bn_back(g, s, mu, v):
    n = s.shape[1]
    v = v + 1e-10
    dv = -0.5 * np.sum(g * v ** (-3 / 2) * (s - mu), axis=1, keepdims=True)
    dmu = -np.sum(g * v ** (-1 / 2), axis=1, keepdims=True)
    return g * v ** (-1 / 2) + 2 / n * dv * (s - mu) + dmu / n


def compute_grads(X, Y, data, NetParams, lam):
    n = X.shape[1]
    W = NetParams["W"]
    grads = {"W": [0] * len(W), "b": [0] * len(W)}
    if NetParams["use_bn"]:
        grads["gammas"] = [0] * (len(W) - 1)
        grads["betas"] = [0] * (len(W) - 1)
    g = data["P"] - Y
    for i in range(len(W) - 1, -1, -1):
        grads["W"][i] = np.dot(g, data["X"][i].T) / n + 2 * lam * W[i]
        grads["b"][i] = np.sum(g, axis=1, keepdims=True) / n
        if i == 0:
            break
        g = np.dot(W[i].T, g)
        g = g * (data["X"][i] > 0)
        if NetParams["use_bn"]:
            grads["gammas"][i - 1] = np.sum(g * data["S_norm"][i - 1], axis=1, keepdims=True) / n
            grads["betas"][i - 1] = np.sum(g, axis=1, keepdims=True) / n
            g = g * NetParams["gammas"][i - 1]
            g = bn_back(g, data["S"][i - 1], data["mu"][i - 1], data["v"][i - 1])
    return grads
