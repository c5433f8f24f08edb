"""A class whose fit() holds everything between its lines."""

import numpy as np


class NeuralNetwork:
    def __init__(self, n_inputs, n_hidden, n_outputs):
        self.W1 = np.random.randn(n_inputs, n_hidden) * np.sqrt(2 / n_inputs)
        self.b1 = np.zeros((1, n_hidden))
        self.W2 = np.random.randn(n_hidden, n_outputs) * np.sqrt(2 / n_hidden)
        self.b2 = np.zeros((1, n_outputs))

    def predict(self, X):
        H = np.maximum(0, X @ self.W1 + self.b1)
        S = H @ self.W2 + self.b2
        E = np.exp(S - S.max(axis=1, keepdims=True))
        return E / E.sum(axis=1, keepdims=True)

    def fit(self, X, Y, X_val, Y_val, epochs=10, batch_size=32, lr=0.01, reg=0.0):
        n = len(X)
        for epoch in range(epochs):
            order = np.arange(n)
            np.random.shuffle(order)
            X, Y = X[order], Y[order]
            for start in range(0, n, batch_size):
                xb = X[start : start + batch_size]
                yb = Y[start : start + batch_size]
                H = np.maximum(0, xb @ self.W1 + self.b1)
                S = H @ self.W2 + self.b2
                E = np.exp(S - S.max(axis=1, keepdims=True))
                P = E / E.sum(axis=1, keepdims=True)
                dS = (P - yb) / len(xb)
                dW2 = H.T @ dS + 2 * reg * self.W2
                db2 = dS.sum(axis=0, keepdims=True)
                dH = (dS @ self.W2.T) * (H > 0)
                dW1 = xb.T @ dH + 2 * reg * self.W1
                db1 = dH.sum(axis=0, keepdims=True)
                self.W1 -= lr * dW1
                self.b1 -= lr * db1
                self.W2 -= lr * dW2
                self.b2 -= lr * db2
            P = self.predict(X)
            loss = -np.mean(np.log(np.sum(P * Y, axis=1)))
            acc = np.mean(self.predict(X_val).argmax(axis=1) == Y_val.argmax(axis=1))
            print(f"epoch {epoch} loss {loss:.4f} val_acc {acc:.4f}")
