import numpy as np
import time


def im2patches(X, f):
    """X is (32, 32, 3, n); gives MX (n_p, f*f*3, n) for a patchify layer with stride f."""
    side = X.shape[0] // f
    n = X.shape[3]
    MX = np.zeros((side * side, f * f * 3, n))
    for i in range(n):
        for r in range(side):
            for c in range(side):
                MX[r * side + c, :, i] = X[r * f:(r + 1) * f, c * f:(c + 1) * f, :, i].reshape(f * f * 3, order='C')
    return MX


def ForwardPass(MX, params):
    n_p, _, n = MX.shape
    nf = params['Fs'].shape[1]
    cache = {}
    conv = np.einsum('ijn,jl->iln', MX, params['Fs'], optimize=True)
    h = np.fmax(conv.reshape((n_p * nf, n), order='C'), 0)
    s1 = params['W1'] @ h + params['b1']
    x1 = np.fmax(s1, 0)
    s = params['W2'] @ x1 + params['b2']
    P = np.exp(s - s.max(axis=0))
    P /= P.sum(axis=0)
    cache['conv_flat'], cache['x1'], cache['P'] = h, x1, P
    return P, cache


def ComputeCost(MX, Y, params, lam):
    P, _ = ForwardPass(MX, params)
    reg = lam * (np.sum(params['Fs'] ** 2) + np.sum(params['W1'] ** 2) + np.sum(params['W2'] ** 2))
    return -np.sum(Y * np.log(P)) / Y.shape[1] + reg


def BackwardPass(MX, Y, cache, params, lam):
    n_p, _, n = MX.shape
    nf = params['Fs'].shape[1]
    grads = {}
    G = cache['P'] - Y
    grads['W2'] = G @ cache['x1'].T / n + 2 * lam * params['W2']
    grads['b2'] = G.sum(axis=1, keepdims=True) / n
    G = params['W2'].T @ G
    G = G * (cache['x1'] > 0)
    grads['W1'] = G @ cache['conv_flat'].T / n + 2 * lam * params['W1']
    grads['b1'] = G.sum(axis=1, keepdims=True) / n
    G = params['W1'].T @ G
    G = G * (cache['conv_flat'] > 0)
    GG = G.reshape((n_p, nf, n), order='C')
    grads['Fs'] = np.einsum('ijn,iln->jl', MX, GG, optimize=True) / n + 2 * lam * params['Fs']
    return grads


start = time.time()
X = np.load('debug_conv_info.npz')['X']
print('patches made in', time.time() - start)
