import numpy as np
def get_batches(X, Y, size, rng):
    order = rng.permutation(X.shape[1])
    for s in range(0, X.shape[1] - size + 1, size):
        yield X[:, order[s:s+size]], Y[:, order[s:s+size]]
def predict(X, W1, b1, W2, b2):
    h = np.maximum(0, W1 @ X + b1)
    s = W2 @ h + b2
    e = np.exp(s - s.max(axis=0, keepdims=True))
    return h, e / e.sum(axis=0, keepdims=True)
def loss_fn(X, Y, W1, b1, W2, b2):
    return -np.mean(np.log(np.sum(Y * predict(X, W1, b1, W2, b2)[1], axis=0)))
def run_training(X_tr, Y_tr, X_va, Y_va, X_te, Y_te, W1, b1, W2, b2, lam, n_epochs, batch_size, eta_min, eta_max, n_s):
    rng, t, losses, val_losses, test_losses = np.random.default_rng(0), 0, [], [], []
    for epoch in range(n_epochs):
        for xb, yb in get_batches(X_tr, Y_tr, batch_size, rng):
            l = t // (2*n_s)
            eta = eta_min + (t - 2*l*n_s)/n_s*(eta_max-eta_min) if t < (2*l+1)*n_s else eta_max - (t-(2*l+1)*n_s)/n_s*(eta_max-eta_min)
            h, p = predict(xb, W1, b1, W2, b2)
            g = (p - yb) / xb.shape[1]
            dW2, db2 = g @ h.T + 2*lam*W2, g.sum(axis=1, keepdims=True)
            g = (W2.T @ g) * (h > 0)
            dW1, db1 = g @ xb.T + 2*lam*W1, g.sum(axis=1, keepdims=True)
            W1 = W1 - eta*dW1; b1 = b1 - eta*db1; W2 = W2 - eta*dW2; b2 = b2 - eta*db2
            t += 1
        losses.append(loss_fn(X_tr, Y_tr, W1, b1, W2, b2)); val_losses.append(loss_fn(X_va, Y_va, W1, b1, W2, b2))
    test_losses.append(loss_fn(X_te, Y_te, W1, b1, W2, b2))
    return W1, b1, W2, b2, losses, val_losses
