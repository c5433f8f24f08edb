import numpy as np
def forward_pass(X, net, p=0.0):
    H = np.maximum(0, net["W"][0] @ X + net["b"][0])
    H = H * (np.random.rand(*H.shape) >= p) / (1 - p)
    s = net["W"][1] @ H + net["b"][1]
    P = np.exp(s - np.max(s, 0)); P /= P.sum(0)
    return {"H": H, "P": P}
def backward_pass(X, Y, fp, net, lam):
    n = X.shape[1]
    G = fp["P"] - Y
    gW2 = G @ fp["H"].T / n + 2*lam*net["W"][1]; gb2 = G.sum(1, keepdims=True) / n
    G = net["W"][1].T @ G; G[fp["H"] <= 0] = 0
    return {"W": [G @ X.T / n + 2*lam*net["W"][0], gW2], "b": [G.sum(1, keepdims=True) / n, gb2]}
def cost(X, Y, net, lam):
    fp = forward_pass(X, net)
    return -np.mean(np.log((Y * fp["P"]).sum(0))) + lam * sum((w**2).sum() for w in net["W"])
def accuracy(X, y, net):
    return np.mean(forward_pass(X, net)["P"].argmax(0) == y)
def cyclic(t, eta_min, eta_max, n_s):
    u = t % (2 * n_s)
    return eta_min + (eta_max - eta_min) * (u / n_s if u <= n_s else 2 - u / n_s)
def train(trainX, trainY, valX, valY, valy, net, lam, n_batch, eta_min, eta_max, n_s, n_cycles, seed=42):
    rng = np.random.RandomState(seed)
    n = trainX.shape[1]; t = 0; hist = {"train_cost": [], "val_cost": [], "val_acc": []}
    while t < 2 * n_s * n_cycles:
        order = rng.permutation(n)
        for j in range(n // n_batch):
            idx = order[j*n_batch:(j+1)*n_batch]
            eta = cyclic(t, eta_min, eta_max, n_s)
            g = backward_pass(trainX[:, idx], trainY[:, idx], forward_pass(trainX[:, idx], net), net, lam)
            for k in ("W", "b"):
                for i in range(2):
                    net[k][i] = net[k][i] - eta * g[k][i]
            t += 1
            if t == 2 * n_s * n_cycles: break
        hist["train_cost"].append(cost(trainX, trainY, net, lam)); hist["val_cost"].append(cost(valX, valY, net, lam)); hist["val_acc"].append(accuracy(valX, valy, net))
    return net, hist
