import numpy as np

rng2 = np.random.default_rng(42)


def networkInitialize(K, d, m):
    net = {'W': {}, 'b': {}}
    net['W'][0] = rng2.standard_normal(size=(m, d)) / np.sqrt(d)
    net['b'][0] = np.zeros((m, 1))
    net['W'][1] = rng2.standard_normal(size=(K, m)) / np.sqrt(m)
    net['b'][1] = np.zeros((K, 1))
    return net


def Apply2LayerNetwork(X, network):
    H = np.maximum(0, network['W'][0] @ X + network['b'][0])
    s = network['W'][1] @ H + network['b'][1]
    P = np.exp(s - s.max(axis=0, keepdims=True))
    return P / P.sum(axis=0, keepdims=True)


def ComputeLoss(P, y):
    return -np.mean(np.log(P[y, np.arange(P.shape[1])]))


def Compute2LayerCost(loss, network, lam):
    return loss + lam * np.sum(network['W'][0] ** 2) + lam * np.sum(network['W'][1] ** 2)


def Backward2LayerPass(X, Y, P, network, lam):
    grads = {'W': {}, 'b': {}}
    nb = X.shape[1]
    H = np.maximum(network['W'][0] @ X + network['b'][0], 0)
    G = -(Y - P)
    grads['W'][1] = G @ H.T / nb + 2 * lam * network['W'][1]
    grads['b'][1] = np.mean(G, axis=1, keepdims=True)
    G = (network['W'][1].T @ G) * (H > 0)
    grads['W'][0] = G @ X.T / nb + 2 * lam * network['W'][0]
    grads['b'][0] = np.mean(G, axis=1, keepdims=True)
    return grads
