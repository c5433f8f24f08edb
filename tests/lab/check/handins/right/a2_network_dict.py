import copy

import numpy as np


def InitNetwork(d, m, K, seed=42):
    rng = np.random.default_rng()
    BitGen = type(rng.bit_generator)
    rng.bit_generator.state = BitGen(seed).state
    net_params = {}
    net_params['W'] = [None] * 2
    net_params['b'] = [None] * 2
    net_params['W'][0] = (1 / np.sqrt(d)) * rng.standard_normal(size=(m, d))
    net_params['W'][1] = (1 / np.sqrt(m)) * rng.standard_normal(size=(K, m))
    net_params['b'][0] = np.zeros((m, 1))
    net_params['b'][1] = np.zeros((K, 1))
    return net_params


def ApplyNetwork(X, net_params):
    W, b = net_params['W'], net_params['b']
    fp_data = {}
    fp_data['s1'] = W[0] @ X + b[0]
    fp_data['h'] = np.maximum(0, fp_data['s1'])
    fp_data['s'] = W[1] @ fp_data['h'] + b[1]
    e = np.exp(fp_data['s'] - np.max(fp_data['s'], axis=0, keepdims=True))
    fp_data['P'] = e / np.sum(e, axis=0, keepdims=True)
    return fp_data


def ComputeLoss(P, y):
    n = P.shape[1]
    return -np.mean(np.log(P[y, np.arange(n)]))


def ComputeCost(P, y, net_params, lam):
    return ComputeLoss(P, y) + lam * sum(np.sum(W ** 2) for W in net_params['W'])


def ComputeAccuracy(P, y):
    return np.mean(np.argmax(P, axis=0) == y)


def BackwardPass(X, Y, fp_data, net_params, lam):
    n = X.shape[1]
    grads = {'W': [None, None], 'b': [None, None]}
    G = fp_data['P'] - Y
    grads['W'][1] = G @ fp_data['h'].T / n + 2 * lam * net_params['W'][1]
    grads['b'][1] = np.sum(G, axis=1, keepdims=True) / n
    G = net_params['W'][1].T @ G
    G = G * (fp_data['s1'] > 0)
    grads['W'][0] = G @ X.T / n + 2 * lam * net_params['W'][0]
    grads['b'][0] = np.sum(G, axis=1, keepdims=True) / n
    return grads


def MiniBatchGD(X, Y, y, GDparams, init_net, lam, rng):
    trained_net = copy.deepcopy(init_net)
    n = X.shape[1]
    for _ in range(GDparams['n_epochs']):
        order = rng.permutation(n)
        for j in range(n // GDparams['n_batch']):
            inds = order[j * GDparams['n_batch']:(j + 1) * GDparams['n_batch']]
            fp_data = ApplyNetwork(X[:, inds], trained_net)
            grads = BackwardPass(X[:, inds], Y[:, inds], fp_data, trained_net, lam)
            for kind in ['W', 'b']:
                for i in range(2):
                    trained_net[kind][i] -= GDparams['eta'] * grads[kind][i]
    return trained_net


def ComputeGradsWithTorch(X, y, net_params, lam):
    import torch

    Xt = torch.from_numpy(X)
    W = [torch.tensor(w, requires_grad=True) for w in net_params['W']]
    b = [torch.tensor(v, requires_grad=True) for v in net_params['b']]
    scores = W[1] @ torch.relu(W[0] @ Xt + b[0]) + b[1]
    P = torch.softmax(scores, dim=0)
    cost = torch.mean(-torch.log(P[y, np.arange(X.shape[1])])) + lam * sum(torch.sum(w * w) for w in W)
    cost.backward()
    return {'W': [w.grad.numpy() for w in W], 'b': [v.grad.numpy() for v in b]}
