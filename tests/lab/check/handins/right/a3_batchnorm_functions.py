import numpy as np

eps = np.finfo(float).eps


def BatchNormalize(S, mu, v):
    return (S - mu) / np.sqrt(v + eps)


def ForwardPass(X, Ws, bs, gammas, betas, mean=None, var=None):
    k = len(Ws)
    Xs, Ss, S_hats, mus, vs = [X], [], [], [], []
    for i in range(k - 1):
        S = Ws[i] @ Xs[i] + bs[i]
        Ss.append(S)
        if mean is None:
            mu = S.mean(axis=1, keepdims=True)
            v = S.var(axis=1, keepdims=True)
        else:
            mu, v = mean[i], var[i]
        mus.append(mu)
        vs.append(v)
        S_hat = BatchNormalize(S, mu, v)
        S_hats.append(S_hat)
        Xs.append(np.maximum(0, gammas[i] * S_hat + betas[i]))
    S = Ws[-1] @ Xs[-1] + bs[-1]
    e = np.exp(S - S.max(axis=0))
    P = e / e.sum(axis=0)
    return P, Xs, Ss, S_hats, mus, vs


def ComputeCost(X, Y, Ws, bs, gammas, betas, lam):
    P = ForwardPass(X, Ws, bs, gammas, betas)[0]
    return -np.sum(Y * np.log(P)) / X.shape[1] + lam * sum(np.sum(W ** 2) for W in Ws)


def BatchNormBackPass(G, S, mu, v):
    n = S.shape[1]
    s1 = (v + eps) ** -0.5
    s2 = (v + eps) ** -1.5
    G1 = G * s1
    G2 = G * s2
    D = S - mu
    c = np.sum(G2 * D, axis=1, keepdims=True)
    return G1 - np.sum(G1, axis=1, keepdims=True) / n - D * c / n


def ComputeGradients(X, Y, Ws, bs, gammas, betas, lam):
    P, Xs, Ss, S_hats, mus, vs = ForwardPass(X, Ws, bs, gammas, betas)
    k, n = len(Ws), X.shape[1]
    grad_W, grad_b = [None] * k, [None] * k
    grad_gamma, grad_beta = [None] * (k - 1), [None] * (k - 1)
    G = P - Y
    grad_W[k - 1] = G @ Xs[k - 1].T / n + 2 * lam * Ws[k - 1]
    grad_b[k - 1] = np.sum(G, axis=1, keepdims=True) / n
    G = Ws[k - 1].T @ G
    G = G * (Xs[k - 1] > 0)
    for i in range(k - 2, -1, -1):
        grad_gamma[i] = np.sum(G * S_hats[i], axis=1, keepdims=True) / n
        grad_beta[i] = np.sum(G, axis=1, keepdims=True) / n
        G = G * gammas[i]
        G = BatchNormBackPass(G, Ss[i], mus[i], vs[i])
        grad_W[i] = G @ Xs[i].T / n + 2 * lam * Ws[i]
        grad_b[i] = np.sum(G, axis=1, keepdims=True) / n
        if i > 0:
            G = Ws[i].T @ G
            G = G * (Xs[i] > 0)
    return grad_W, grad_b, grad_gamma, grad_beta
