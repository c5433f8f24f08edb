import pickle

import matplotlib.pyplot as plt
import numpy as np


def LoadBatch(filename):
    with open('Datasets/cifar-10-batches-py/' + filename, 'rb') as fo:
        data = pickle.load(fo, encoding='bytes')
    X = data[b'data'].T / 255
    y = np.array(data[b'labels'])
    Y = np.zeros((10, len(y)))
    Y[y, np.arange(len(y))] = 1
    return X, Y, y


def softmax(s):
    e = np.exp(s - np.max(s, axis=0))
    return e / np.sum(e, axis=0)


def EvaluateClassifier(X, W, b):
    s = np.dot(W, X) + b
    return softmax(s)


def ComputeCost(X, Y, W, b, lamda):
    P = EvaluateClassifier(X, W, b)
    n = X.shape[1]
    loss = -np.sum(Y * np.log(P)) / n
    return loss + lamda * np.sum(W ** 2)


def ComputeAccuracy(X, y, W, b):
    P = EvaluateClassifier(X, W, b)
    return np.mean(np.argmax(P, axis=0) == y)


def ComputeGradients(X, Y, P, W, lamda):
    n = X.shape[1]
    G = -(Y - P)
    grad_W = np.dot(G, X.T) / n + 2 * lamda * W
    grad_b = np.dot(G, np.ones((n, 1))) / n
    return grad_W, grad_b


def MiniBatchGD(X, Y, n_batch, eta, n_epochs, W, b, lamda):
    for epoch in range(n_epochs):
        for j in range(X.shape[1] // n_batch):
            inds = slice(j * n_batch, (j + 1) * n_batch)
            P = EvaluateClassifier(X[:, inds], W, b)
            grad_W, grad_b = ComputeGradients(X[:, inds], Y[:, inds], P, W, lamda)
            W = W - eta * grad_W
            b = b - eta * grad_b
    return W, b


trainX, trainY, trainy = LoadBatch('data_batch_1')
trainX = (trainX - trainX.mean(axis=1, keepdims=True)) / trainX.std(axis=1, keepdims=True)
np.random.seed(400)
W = 0.01 * np.random.randn(10, 3072)
b = 0.01 * np.random.randn(10, 1)
W, b = MiniBatchGD(trainX, trainY, 100, 0.001, 40, W, b, 0.1)
print('train accuracy', ComputeAccuracy(trainX, trainy, W, b))
plt.imshow(W[0].reshape(3, 32, 32).transpose(1, 2, 0))
plt.show()
