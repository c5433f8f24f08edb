"""DD2424, assignment 3: batch normalisation, everything in lists, running means kept while training."""

import numpy as np

ALPHA = 0.9


def forward_pass(X, Ws, bs, gammas, betas, mu_av=None, var_av=None):
    H, S, S_hat, mus, variances = [X], [], [], [], []
    for l in range(len(Ws) - 1):
        s = Ws[l] @ H[-1] + bs[l]
        if mu_av is None:
            mu, v = s.mean(axis=1, keepdims=True), s.var(axis=1, keepdims=True)
        else:
            mu, v = mu_av[l], var_av[l]
        s_hat = (s - mu) / np.sqrt(v + 1e-8)
        S.append(s)
        S_hat.append(s_hat)
        mus.append(mu)
        variances.append(v)
        H.append(np.maximum(0, gammas[l] * s_hat + betas[l]))
    s = Ws[-1] @ H[-1] + bs[-1]
    e = np.exp(s - s.max(axis=0))
    return e / e.sum(axis=0), H, S, S_hat, mus, variances


def batch_norm_back(G, S, mu, v):
    n = G.shape[1]
    inv = 1 / np.sqrt(v + 1e-8)
    D = S - mu
    c = np.sum(G * inv**3 * D, axis=1, keepdims=True)
    return G * inv - (G * inv).sum(axis=1, keepdims=True) / n - D * c / n


def compute_gradients(X, Y, Ws, bs, gammas, betas, lam, saved):
    P, H, S, S_hat, mus, variances = saved
    n, k = X.shape[1], len(Ws)
    gW, gb, gg, gbe = [None] * k, [None] * k, [None] * (k - 1), [None] * (k - 1)
    G = P - Y
    for l in range(k - 1, -1, -1):
        gW[l] = G @ H[l].T / n + 2 * lam * Ws[l]
        gb[l] = G.sum(axis=1, keepdims=True) / n
        if l > 0:
            G = (Ws[l].T @ G) * (H[l] > 0)
            gg[l - 1] = (G * S_hat[l - 1]).sum(axis=1, keepdims=True) / n
            gbe[l - 1] = G.sum(axis=1, keepdims=True) / n
            G = batch_norm_back(G * gammas[l - 1], S[l - 1], mus[l - 1], variances[l - 1])
    return gW, gb, gg, gbe


def compute_accuracy(X, y, Ws, bs, gammas, betas, mu_av, var_av):
    P = forward_pass(X, Ws, bs, gammas, betas, mu_av, var_av)[0]
    return np.mean(P.argmax(axis=0) == y)


def train_bn(X, Y, y, X_val, Y_val, y_val, Ws, bs, gammas, betas, lam, n_batch, eta_min, eta_max, n_s, n_epochs):
    n, t = X.shape[1], 0
    mu_av = var_av = None
    val_acc = []
    for epoch in range(n_epochs):
        perm = np.random.permutation(n)
        for j in range(n // n_batch):
            idx = perm[j * n_batch : (j + 1) * n_batch]
            Xb, Yb = X[:, idx], Y[:, idx]
            saved = forward_pass(Xb, Ws, bs, gammas, betas)
            if mu_av is None:
                mu_av, var_av = list(saved[4]), list(saved[5])
            for l in range(len(mu_av)):
                mu_av[l] = ALPHA * mu_av[l] + (1 - ALPHA) * saved[4][l]
                var_av[l] = ALPHA * var_av[l] + (1 - ALPHA) * saved[5][l]
            grads = compute_gradients(Xb, Yb, Ws, bs, gammas, betas, lam, saved)
            cycle = t // (2 * n_s)
            if t < (2 * cycle + 1) * n_s:
                eta = eta_min + (t - 2 * cycle * n_s) / n_s * (eta_max - eta_min)
            else:
                eta = eta_max - (t - (2 * cycle + 1) * n_s) / n_s * (eta_max - eta_min)
            for params, gs in zip((Ws, bs, gammas, betas), grads):
                for l in range(len(params)):
                    params[l] = params[l] - eta * gs[l]
            t += 1
        val_acc.append(compute_accuracy(X_val, y_val, Ws, bs, gammas, betas, mu_av, var_av))
    return Ws, bs, gammas, betas, mu_av, var_av, val_acc
