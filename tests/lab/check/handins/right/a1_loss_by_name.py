import numpy as np


class Classifier:
    def __init__(self, dim_images, num_labels):
        np.random.seed(400)
        self.W = np.random.normal(0, 0.01, size=(num_labels, dim_images))
        self.b = np.random.normal(0, 0.01, size=(num_labels, 1))

    def predict(self, X, loss_function):
        s = self.W @ X + self.b
        if loss_function == 'svm':
            return s
        return np.exp(s) / np.sum(np.exp(s), axis=0)

    def compute_cost(self, X, labels, prediction, loss_function, lambda_reg=0.0):
        n = X.shape[1]
        if loss_function == 'cross-entropy':
            losses = -np.log(np.sum(labels * prediction, axis=0))
        elif loss_function == 'svm':
            right = np.sum(labels * prediction, axis=0)
            losses = np.sum(np.maximum(0, prediction - right + 1) * (1 - labels), axis=0)
        return np.sum(losses) / n + lambda_reg * np.sum(np.square(self.W))

    def compute_gradients(self, X, labels, predictions, loss_function, lambda_reg):
        n = X.shape[1]
        if loss_function == 'cross-entropy':
            g = predictions - labels
        elif loss_function == 'svm':
            right = np.sum(labels * predictions, axis=0)
            g = (predictions - right + 1 > 0) * (1.0 - labels)
            g = g - labels * g.sum(axis=0)
        grad_W = g @ X.T / n + 2 * lambda_reg * self.W
        grad_b = g @ np.ones((n, 1)) / n
        return grad_W, grad_b
