import numpy as np


def one_hot(labels, n_class=10):
    Y = np.zeros((n_class, len(labels)))
    Y[labels, np.arange(len(labels))] = 1
    return Y


class TwoLayerNeuralNetwork:
    def __init__(self, n_features=3072, n_hidden=50, n_class=10):
        self.W_mats = [np.random.randn(n_hidden, n_features) / np.sqrt(n_features),
                       np.random.randn(n_class, n_hidden) / np.sqrt(n_hidden)]
        self.b_vecs = [np.zeros((n_hidden, 1)), np.zeros((n_class, 1))]

    def forward(self, X_mat):
        h_mat = X_mat
        self.hidden_output = [h_mat]
        for W_mat, b_vec in zip(self.W_mats, self.b_vecs):
            z_mat = W_mat.dot(h_mat) + b_vec
            h_mat = np.maximum(z_mat, 0)
            self.hidden_output.append(h_mat)
        return z_mat

    def backward(self, logits, labels, weight_decay=0.0):
        n_data = labels.shape[0]
        e = np.exp(logits - logits.max(axis=0))
        g_mat = e / e.sum(axis=0) - one_hot(labels)
        grad_Ws, grad_bs = [None, None], [None, None]
        for l in (1, 0):
            grad_bs[l] = np.mean(g_mat, axis=1)[:, np.newaxis]
            grad_Ws[l] = g_mat.dot(self.hidden_output[l].T) / n_data + 2 * weight_decay * self.W_mats[l]
            g_mat = self.W_mats[l].T.dot(g_mat) * (self.hidden_output[l] > 0)
        return grad_Ws, grad_bs


def cross_entropy(logits, labels):
    shifted = logits - logits.max(axis=0)
    logp = shifted - np.log(np.sum(np.exp(shifted), axis=0))
    return -np.mean(logp[labels, np.arange(len(labels))])


def cost(net, X_mat, labels, weight_decay=0.0):
    return cross_entropy(net.forward(X_mat), labels) + weight_decay * sum(np.sum(W ** 2) for W in net.W_mats)
