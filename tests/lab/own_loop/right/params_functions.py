"""Functions over a dict of parameters that the file makes itself; batches from a generator; momentum."""

import numpy as np


def initialize_parameters(n_x, n_h, n_y, seed=1):
    rng = np.random.default_rng(seed)
    return {
        "W1": rng.normal(0, np.sqrt(2 / n_x), (n_x, n_h)),
        "b1": np.zeros((1, n_h)),
        "W2": rng.normal(0, np.sqrt(2 / n_h), (n_h, n_y)),
        "b2": np.zeros((1, n_y)),
    }


def forward_propagation(X, parameters):
    Z1 = X @ parameters["W1"] + parameters["b1"]
    A1 = np.maximum(0, Z1)
    Z2 = A1 @ parameters["W2"] + parameters["b2"]
    E = np.exp(Z2 - Z2.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True), (A1,)


def backward_propagation(X, Y, A2, cache, parameters, lambd):
    m = X.shape[0]
    (A1,) = cache
    dZ2 = (A2 - Y) / m
    dZ1 = (dZ2 @ parameters["W2"].T) * (A1 > 0)
    return {
        "dW1": X.T @ dZ1 + 2 * lambd * parameters["W1"],
        "db1": dZ1.sum(axis=0, keepdims=True),
        "dW2": A1.T @ dZ2 + 2 * lambd * parameters["W2"],
        "db2": dZ2.sum(axis=0, keepdims=True),
    }


def update_parameters(parameters, grads, velocity, learning_rate, beta):
    for key in parameters:
        velocity[key] = beta * velocity[key] + grads["d" + key]
        parameters[key] = parameters[key] - learning_rate * velocity[key]
    return parameters, velocity


def minibatches(X, Y, size):
    order = np.random.permutation(len(X))
    for start in range(0, len(X), size):
        pick = order[start : start + size]
        yield X[pick], Y[pick]


def compute_cost(A2, Y):
    return -np.mean(np.sum(Y * np.log(A2), axis=1))


def fit_model(X, Y, X_val, Y_val, parameters, learning_rate, momentum, lambd, batch_size, num_epochs):
    velocity = {key: np.zeros_like(value) for key, value in parameters.items()}
    costs, val_costs = [], []
    for epoch in range(num_epochs):
        for X_mini, Y_mini in minibatches(X, Y, batch_size):
            A2, cache = forward_propagation(X_mini, parameters)
            grads = backward_propagation(X_mini, Y_mini, A2, cache, parameters, lambd)
            parameters, velocity = update_parameters(parameters, grads, velocity, learning_rate, momentum)
        costs.append(compute_cost(forward_propagation(X, parameters)[0], Y))
        val_costs.append(compute_cost(forward_propagation(X_val, parameters)[0], Y_val))
    return parameters, costs, val_costs
