import numpy as np


class ConvNet:
    """Two convolutions over the letters of a name (d letters, n_len places), then one dense layer. No biases."""

    def __init__(self, d=28, n_len=19, n1=20, k1=5, n2=20, k2=3, K=18):
        self.n_len = n_len
        self.n_len1 = n_len - k1 + 1
        self.n_len2 = self.n_len1 - k2 + 1
        self.F = [np.random.normal(0, np.sqrt(2 / (d * k1)), (d, k1, n1)),
                  np.random.normal(0, np.sqrt(2 / (n1 * k2)), (n1, k2, n2))]
        self.W = np.random.normal(0, np.sqrt(2 / (n2 * self.n_len2)), (K, n2 * self.n_len2))


def MakeMFMatrix(F, n_len):
    dd, k, nf = F.shape
    places = n_len - k + 1
    MF = np.zeros((places * nf, n_len * dd))
    VF = F.reshape(dd * k, nf, order='F').T
    for i in range(places):
        MF[i * nf:(i + 1) * nf, i * dd:(i + k) * dd] = VF
    return MF


def MakeMXMatrix(x, d, k, nf):
    n_len = x.size // d
    X = x.reshape(d, n_len, order='F')
    rows = [np.kron(np.eye(nf), X[:, i:i + k].reshape(1, -1, order='F')) for i in range(n_len - k + 1)]
    return np.concatenate(rows, axis=0)


def forward(X_batch, ConvNet):
    MF1 = MakeMFMatrix(ConvNet.F[0], ConvNet.n_len)
    MF2 = MakeMFMatrix(ConvNet.F[1], ConvNet.n_len1)
    X1 = np.maximum(MF1 @ X_batch, 0)
    X2 = np.maximum(MF2 @ X1, 0)
    S = ConvNet.W @ X2
    P = np.exp(S) / np.sum(np.exp(S), axis=0)
    return X1, X2, P, MF2


def ComputeLoss(X_batch, Y_batch, ConvNet):
    P = forward(X_batch, ConvNet)[2]
    return -np.sum(Y_batch * np.log(P)) / X_batch.shape[1]


def ComputeGradients(X_batch, Y_batch, ConvNet):
    n = X_batch.shape[1]
    X1, X2, P, MF2 = forward(X_batch, ConvNet)
    F = ConvNet.F
    G = -(Y_batch - P)
    dW = G @ X2.T / n
    G = ConvNet.W.T @ G * (X2 > 0)
    dF2 = np.zeros(F[1].size)
    for j in range(n):
        M = MakeMXMatrix(X1[:, j], *F[1].shape)
        dF2 += G[:, j] @ M / n
    G = MF2.T @ G * (X1 > 0)
    dF1 = np.zeros(F[0].size)
    for j in range(n):
        M = MakeMXMatrix(X_batch[:, j], *F[0].shape)
        dF1 += G[:, j] @ M / n
    return dF1.reshape(F[0].shape, order='F'), dF2.reshape(F[1].shape, order='F'), dW
