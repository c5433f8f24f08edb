import numpy as np


def embed_forward(x, W):
    return W[x], (x, W)


def embed_backward(dout, cache):
    x, W = cache
    dW = np.zeros_like(W)
    np.add.at(dW, x, dout)
    return dW


class Lookup:
    def __init__(self, vocab, dim):
        self.W = 0.1 * np.random.randn(vocab, dim)

    def forward(self, words):
        self.words = words
        return self.W[words]

    def backward(self, dout):
        self.dW = np.zeros(self.W.shape)
        for word, row in zip(self.words.reshape(-1), dout.reshape(-1, dout.shape[-1])):
            self.dW[word] += row
