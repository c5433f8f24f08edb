import numpy as np


def vorwaerts_pass(X, netzwerk):
    zwischen = {"S1": netzwerk["W1"] @ X + netzwerk["b1"]}
    zwischen["H"] = np.maximum(zwischen["S1"], 0)
    S = netzwerk["W2"] @ zwischen["H"] + netzwerk["b2"]
    E = np.exp(S - S.max(axis=0))
    zwischen["P"] = E / E.sum(axis=0)
    return zwischen


def verlust(X, Y, netzwerk, lam):
    P = vorwaerts_pass(X, netzwerk)["P"]
    strafe = sum(np.sum(netzwerk[name] ** 2) for name in ("W1", "W2"))
    return -np.sum(Y * np.log(P)) / X.shape[1] + lam * strafe


def ableitungen(X, Y, netzwerk, lam):
    z = vorwaerts_pass(X, netzwerk)
    G = (z["P"] - Y) / X.shape[1]
    abl = {"W2": G @ z["H"].T + 2 * lam * netzwerk["W2"], "b2": G.sum(axis=1, keepdims=True)}
    G = (netzwerk["W2"].T @ G) * (z["S1"] > 0)
    abl["W1"] = G @ X.T + 2 * lam * netzwerk["W1"]
    abl["b1"] = G.sum(axis=1, keepdims=True)
    return abl
