import numpy as np
import matplotlib
matplotlib.use("TkAgg")
import matplotlib.pyplot as plt


def softmax(s):
    return np.exp(s) / np.dot(np.ones(np.shape(s)[0]), np.exp(s))


def EvaluateClassifier(X, Ws, bs, gammas, betas, mu_av=None, var_av=None, use_avg=False):
    layers = len(Ws)
    h = X
    hs, ss, shats, mus, variances = [X], [], [], [], []
    for i in range(layers - 1):
        s = np.dot(Ws[i], h) + bs[i]
        if use_avg:
            mu, var = mu_av[i], var_av[i]
        else:
            mu = np.mean(s, axis=1, keepdims=True)
            var = np.var(s, axis=1, keepdims=True)
        shat = (s - mu) / np.sqrt(var + 1e-8)
        h = np.maximum(gammas[i] * shat + betas[i], 0)
        ss.append(s)
        shats.append(shat)
        mus.append(mu)
        variances.append(var)
        hs.append(h)
    P = softmax(np.dot(Ws[-1], h) + bs[-1])
    return P, hs, ss, shats, mus, variances


def ComputeCost(X, Y, Ws, bs, gammas, betas, lamda, mu_av=None, var_av=None, use_avg=False):
    P = EvaluateClassifier(X, Ws, bs, gammas, betas, mu_av, var_av, use_avg)[0]
    loss = -np.sum(np.log(np.sum(Y * P, axis=0))) / X.shape[1]
    J = loss
    for W in Ws:
        J += lamda * np.sum(np.square(W))
    return loss, J


def ComputeGradients(X, Y, Ws, bs, gammas, betas, lamda):
    P, hs, ss, shats, mus, variances = EvaluateClassifier(X, Ws, bs, gammas, betas)
    n = X.shape[1]
    ones = np.ones((n, 1))
    grads_W, grads_b, grads_gamma, grads_beta = [], [], [], []
    G = P - Y
    for i in reversed(range(len(Ws))):
        if i < len(Ws) - 1:
            G = G * (hs[i + 1] > 0)
            grads_gamma.append(np.dot(G * shats[i], ones) / n)
            grads_beta.append(np.dot(G, ones) / n)
            G = G * np.dot(gammas[i], ones.T)
            sigma1 = 1 / np.sqrt(variances[i] + 1e-8)
            sigma2 = sigma1 ** 3
            G1 = G * np.dot(sigma1, ones.T)
            G2 = G * np.dot(sigma2, ones.T)
            D = ss[i] - mus[i]
            c = np.dot(G2 * D, ones)
            G = G1 - np.dot(np.dot(G1, ones), ones.T) / n - D * np.dot(c, ones.T) / n
        grads_W.append(np.dot(G, hs[i].T) / n + 2 * lamda * Ws[i])
        grads_b.append(np.dot(G, ones) / n)
        G = np.dot(Ws[i].T, G)
    for grads in (grads_W, grads_b, grads_gamma, grads_beta):
        grads.reverse()
    return grads_W, grads_b, grads_gamma, grads_beta


fig = plt.figure()
