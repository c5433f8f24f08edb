import numpy as np
import cv2


class NeuralNet:
    def __init__(self, n_features, n_hidden, n_classes, alpha=0.0):
        self.w1 = np.random.normal(0, 0.1, (n_features, n_hidden))
        self.b1 = np.zeros((1, n_hidden))
        self.w2 = np.random.normal(0, 0.1, (n_hidden, n_classes))
        self.b2 = np.zeros((1, n_classes))
        self.alpha = alpha

    def forward(self, X):
        self.z1 = X @ self.w1 + self.b1
        self.a1 = np.maximum(self.z1, 0)
        logits = self.a1 @ self.w2 + self.b2
        e = np.exp(logits - logits.max(1, keepdims=True))
        self.probs = e / e.sum(1, keepdims=True)
        return self.probs

    def loss(self, X, y_onehot):
        p = self.forward(X)
        ce = -np.sum(y_onehot * np.log(p + 1e-8)) / X.shape[0]
        return ce + self.alpha * (np.sum(self.w1 ** 2) + np.sum(self.w2 ** 2)) / 2

    def backward(self, X, y_onehot):
        self.forward(X)
        n = X.shape[0]
        dz2 = (self.probs - y_onehot) / n
        self.dw2 = self.a1.T @ dz2 + self.alpha * self.w2
        self.db2 = np.sum(dz2, axis=0)
        dz1 = (dz2 @ self.w2.T) * (self.z1 > 0)
        self.dw1 = self.X_T(X) @ dz1 + self.alpha * self.w1
        self.db1 = np.sum(dz1, axis=0)

    @staticmethod
    def X_T(X):
        return np.transpose(X)


def read_image(path):
    return cv2.resize(cv2.imread(path), (32, 32)).reshape(-1) / 255.0
