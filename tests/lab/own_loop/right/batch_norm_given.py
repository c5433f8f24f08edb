import numpy as np
class BNNet:
    def __init__(self, Ws, bs, gammas, betas, alpha=0.9):
        self.Ws, self.bs, self.gammas, self.betas, self.alpha = Ws, bs, gammas, betas, alpha
        self.mu_av = [np.zeros_like(b) for b in bs[:-1]]; self.v_av = [np.ones_like(b) for b in bs[:-1]]
        self.first = True
    def forward(self, X, training=True):
        self.X, self.S, self.Sh, self.mu, self.v = [X], [], [], [], []
        for i in range(len(self.Ws) - 1):
            s = self.Ws[i] @ self.X[-1] + self.bs[i]
            if training:
                mu, v = s.mean(axis=1, keepdims=True), s.var(axis=1, keepdims=True)
                self.mu_av[i] = self.alpha * self.mu_av[i] + (1 - self.alpha) * mu
                self.v_av[i] = self.alpha * self.v_av[i] + (1 - self.alpha) * v
            else:
                mu, v = self.mu_av[i], self.v_av[i]
            sh = (s - mu) / np.sqrt(v + 1e-5)
            self.S.append(s); self.Sh.append(sh); self.mu.append(mu); self.v.append(v)
            self.X.append(np.maximum(0, self.gammas[i] * sh + self.betas[i]))
        s = self.Ws[-1] @ self.X[-1] + self.bs[-1]
        e = np.exp(s - s.max(axis=0))
        return e / e.sum(axis=0)
    def backward(self, P, Y, lam):
        n = Y.shape[1]; k = len(self.Ws)
        gW, gb, gg, gB = [None]*k, [None]*k, [None]*(k-1), [None]*(k-1)
        G = P - Y
        gW[-1], gb[-1] = G @ self.X[-1].T / n + 2*lam*self.Ws[-1], G.mean(axis=1, keepdims=True)
        G = (self.Ws[-1].T @ G) * (self.X[-1] > 0)
        for i in range(k - 2, -1, -1):
            gg[i], gB[i] = (G * self.Sh[i]).mean(axis=1, keepdims=True), G.mean(axis=1, keepdims=True)
            G = G * self.gammas[i]
            s1, s2 = (self.v[i] + 1e-5) ** -0.5, (self.v[i] + 1e-5) ** -1.5
            G1, G2, D = G * s1, G * s2, self.S[i] - self.mu[i]
            G = G1 - G1.mean(axis=1, keepdims=True) - D * (G2 * D).mean(axis=1, keepdims=True)
            gW[i], gb[i] = G @ self.X[i].T / n + 2*lam*self.Ws[i], G.mean(axis=1, keepdims=True)
            if i: G = (self.Ws[i].T @ G) * (self.X[i] > 0)
        return gW, gb, gg, gB
    def cost(self, X, Y, lam):
        return -np.mean(np.log(np.sum(Y * self.forward(X, training=False), axis=0))) + lam * sum(np.sum(W**2) for W in self.Ws)
    def train(self, X, Y, X_val, Y_val, lam, n_batch, eta_min, eta_max, n_s, n_cycles):
        n, t, costs, val_costs = X.shape[1], 0, [], []
        while t < 2 * n_s * n_cycles:
            order = np.random.permutation(n)
            for j in range(n // n_batch):
                if t >= 2 * n_s * n_cycles: break
                idx = order[j*n_batch:(j+1)*n_batch]
                P = self.forward(X[:, idx])
                gW, gb, gg, gB = self.backward(P, Y[:, idx], lam)
                u = t % (2*n_s)
                eta = eta_min + min(u, 2*n_s - u) / n_s * (eta_max - eta_min)
                for i in range(len(self.Ws)):
                    self.Ws[i] = self.Ws[i] - eta * gW[i]; self.bs[i] = self.bs[i] - eta * gb[i]
                for i in range(len(self.gammas)):
                    self.gammas[i] = self.gammas[i] - eta * gg[i]; self.betas[i] = self.betas[i] - eta * gB[i]
                t += 1
            costs.append(self.cost(X, Y, lam)); val_costs.append(self.cost(X_val, Y_val, lam))
        return costs, val_costs
