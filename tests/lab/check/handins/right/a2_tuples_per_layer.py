import numpy as np


def softmax(x):
    return np.exp(x) / np.sum(np.exp(x), axis=0)


class ANN_two_layer:
    def __init__(self, input_size, hidden_size, output_size, lamda, eta_params=(1e-5, 1e-1, 500, 2)):
        self.hidden_size = hidden_size
        self.lamda = lamda
        self.eta_min, self.eta_max, self.step_size, self.n_cycles = eta_params
        self.w = [np.random.normal(0, 0.01, (hidden_size, input_size)),
                  np.random.normal(0, 0.01, (output_size, hidden_size))]
        self.b = [np.zeros((hidden_size, 1)), np.zeros((output_size, 1))]
        self.hidden_layer_batch = None

    def evaluate_classifier(self, X):
        self.hidden_layer_batch = np.maximum(self.w[0].dot(X) + self.b[0], 0)
        return softmax(self.w[1].dot(self.hidden_layer_batch) + self.b[1])

    def compute_cost_and_loss(self, X, Y):
        P = self.evaluate_classifier(X)
        entropy = 0
        for i in range(np.size(Y, axis=1)):
            entropy += -np.log(np.dot(Y[:, i], P[:, i]))
        loss = entropy / np.size(X, axis=1)
        return loss + self.lamda * (np.sum(self.w[0] ** 2) + np.sum(self.w[1] ** 2)), loss

    def weight_gradient(self, layer_input, G, batch_size):
        return G.dot(layer_input.T) / batch_size, G.dot(np.ones((batch_size, 1))) / batch_size

    def compute_gradients(self, X_batch, Y_batch, P_batch, batch_size):
        G = -(Y_batch - P_batch)
        dW2, db2 = self.weight_gradient(self.hidden_layer_batch, G, batch_size)
        G = self.w[1].T.dot(G)
        G = G * np.where(self.hidden_layer_batch > 0, 1, 0)
        dW1, db1 = self.weight_gradient(X_batch, G, batch_size)
        first = (dW1 + 2 * self.lamda * self.w[0], db1)
        second = (dW2 + 2 * self.lamda * self.w[1], db2)
        return [first, second]
