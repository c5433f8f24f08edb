"""Ways to hand results on that differ from the course's: each is checked, and a mistake in it is caught."""

import pytest

from tests.lab.check.in_process import check

WEIGHTS_IN_A_DICT = """
    def run(x, weights):
        h = np.tanh(x @ weights["w1"] + weights["b1"])
        s = h @ weights["w2"] + weights["b2"]
        e = np.exp(s - s.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        return p, {"x": x, "h": h, "p": p}

    def forward_pass(x, weights):
        return run(x, weights)

    def compute_loss(x, y, weights):
        return -np.sum(y * np.log(forward_pass(x, weights)[0])) / len(x)

    def backward_pass(y, memory, weights):
        ds = (memory["p"] - y) / len(y)
        dh = ds @ weights["w2"].T * (1 - memory["h"] ** 2)
        return {"w1": memory["x"].T @ dh, "b1": dh.sum(axis=0), "w2": memory["h"].T @ ds, "b2": ds.sum(axis=0)}
"""
LEFT_IN_THE_OBJECT = """
    class Affine:
        def __init__(self, n_inputs, n_neurons):
            self.weights = np.random.randn(n_inputs, n_neurons)
            self.biases = np.zeros((1, n_neurons))

        def forward(self, inputs):
            self.inputs = inputs
            self.output = inputs @ self.weights + self.biases

        def backward(self, dvalues):
            self.dweights = self.inputs.T @ dvalues
            self.dbiases = dvalues.sum(axis=0, keepdims=True)
            self.dinputs = dvalues @ self.weights.T
"""
LOSS_OF_ITS_OUTPUT = """
    class SoftmaxLoss:
        def forward(self, inputs, y_true):
            e = np.exp(inputs - inputs.max(axis=1, keepdims=True))
            self.output = e / e.sum(axis=1, keepdims=True)
            return -np.log(self.output[range(len(inputs)), y_true]).mean()

        def backward(self, dvalues, y_true):
            self.dinputs = dvalues.copy()
            self.dinputs[range(len(dvalues)), y_true] -= 1
            self.dinputs = self.dinputs / len(dvalues)
"""
CALLED_LOSS = """
    class SquaredLoss:
        def __call__(self, prediction, target):
            self.gap = prediction - target
            return np.mean(self.gap ** 2)

        def backward(self):
            return 2 * self.gap / self.gap.size
"""
UNITS_FIRST = """
    class Dense:
        def __init__(self, units, input_dim):
            self.kernel = np.random.randn(input_dim, units) / np.sqrt(units + input_dim)
            self.bias = np.zeros(units)

        def forward(self, inputs):
            self.inputs = inputs
            return inputs @ self.kernel + self.bias

        def backward(self, grad_output):
            self.grad_kernel = self.inputs.T @ grad_output
            self.grad_bias = grad_output.sum(axis=0)
            return grad_output @ self.kernel.T
"""
VALUE_AND_GRADIENT = """
    class Variable:
        def __init__(self, value):
            self.value, self.grad = value, np.zeros_like(value)

    class Linear:
        def __init__(self, n_in, n_out):
            self.weight, self.bias = Variable(np.random.randn(n_in, n_out)), Variable(np.zeros(n_out))

        def zero_grad(self):
            for each in (self.weight, self.bias):
                each.grad[...] = 0

        def forward(self, x):
            self.x = x
            return x @ self.weight.value + self.bias.value

        def backward(self, dout):
            self.weight.grad += self.x.T @ dout
            self.bias.grad += dout.sum(axis=0)
            return dout @ self.weight.value.T
"""
THETA = """
    def cost_function(theta, X, y, lam):
        h = 1 / (1 + np.exp(-(X @ theta)))
        J = -np.mean(y * np.log(h) + (1 - y) * np.log(1 - h)) + lam / (2 * len(y)) * np.sum(theta[1:] ** 2)
        grad = X.T @ (h - y) / len(y)
        grad[1:] += lam / len(y) * theta[1:]
        return J, grad
"""
GIVEN_W = """
    class LogisticRegression:
        def __init__(self, C=0.1):
            self.C, self.w = C, None

        def _loss(self, w, X, y):
            p = 1 / (1 + np.exp(-X @ w))
            return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)) + 0.5 * self.C * np.sum(w ** 2)

        def _gradient(self, w, X, y):
            p = 1 / (1 + np.exp(-X @ w))
            return X.T @ (p - y) / len(y) + self.C * w
"""
UNROLLED = """
    def nn_cost(nn_params, input_layer_size, hidden_layer_size, num_labels, X, y, lam):
        split = hidden_layer_size * (input_layer_size + 1)
        W1 = nn_params[:split].reshape(hidden_layer_size, input_layer_size + 1)
        W2 = nn_params[split:].reshape(num_labels, hidden_layer_size + 1)
        ones = np.ones((len(X), 1))
        a1 = np.hstack([ones, X])
        a2 = np.hstack([ones, 1 / (1 + np.exp(-a1 @ W1.T))])
        h = 1 / (1 + np.exp(-a2 @ W2.T))
        Y = np.eye(num_labels)[y]
        J = -np.sum(Y * np.log(h) + (1 - Y) * np.log(1 - h)) / len(X)
        J += lam / (2 * len(X)) * (np.sum(W1[:, 1:] ** 2) + np.sum(W2[:, 1:] ** 2))
        d3 = (h - Y) / len(X)
        d2 = (d3 @ W2 * a2 * (1 - a2))[:, 1:]
        g1, g2 = d2.T @ a1, d3.T @ a2
        g1[:, 1:] += lam / len(X) * W1[:, 1:]
        g2[:, 1:] += lam / len(X) * W2[:, 1:]
        return J, np.concatenate([g1.ravel(), g2.ravel()])
"""
RECURRENT = """
    def rnn_forward(x, h0, Wx, Wh, b):
        states = [h0]
        for t in range(x.shape[1]):
            states.append(np.tanh(x[:, t] @ Wx + states[-1] @ Wh + b))
        return np.stack(states[1:], axis=1), (x, states, Wx, Wh)

    def rnn_backward(dh, cache):
        x, states, Wx, Wh = cache
        dx, dWx, dWh, db, back = np.zeros_like(x), np.zeros_like(Wx), np.zeros_like(Wh), 0, np.zeros_like(states[0])
        for t in reversed(range(x.shape[1])):
            da = (dh[:, t] + back) * (1 - states[t + 1] ** 2)
            dx[:, t] = da @ Wx.T
            dWx += x[:, t].T @ da
            dWh += states[t].T @ da
            db = db + da.sum(axis=0)
            back = da @ Wh.T
        return dx, back, dWx, dWh, db
"""
FORMS = {  # text, NAME, a line of it, a mistake in that line, the tensor that is wrong then
    "weights in a dict": (WEIGHTS_IN_A_DICT, "backward_pass", '(1 - memory["h"] ** 2)', '(1 - memory["h"])', "w1"),
    "left in the object": (LEFT_IN_THE_OBJECT, "Affine", "dvalues.sum(", "dvalues.mean(", "biases"),
    "dx left in the object": (LEFT_IN_THE_OBJECT, "Affine", "dvalues @ self", "2 * dvalues @ self", "x"),
    "a loss of its own output": (LOSS_OF_ITS_OUTPUT, "SoftmaxLoss", "self.dinputs / len(dvalues)", "self.dinputs", "x"),
    "a loss that is called": (CALLED_LOSS, "SquaredLoss", "2 * self.gap", "self.gap", "x"),
    "units before inputs": (UNITS_FIRST, "Dense", "grad_output.sum", "grad_output.max", "bias"),
    "a vector theta": (THETA, "cost_function", "grad[1:] += lam", "grad[1:] += 2 * lam", "theta"),
    "methods that are given w": (GIVEN_W, "LogisticRegression", "len(y) + self.C * w", "len(y) + self.C", "w"),
    "unrolled weights": (UNROLLED, "nn_cost", "* a2 * (1 - a2)", "* a2", "nn_params"),
    "a recurrent layer": (RECURRENT, "rnn", "dWh += states[t].T", "dWh += states[t + 1].T", "Wh"),
    "value and gradient": (VALUE_AND_GRADIENT, "Linear", "+= dout.sum(axis=0)", "+= dout[0]", "bias.value"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_right_one_passes_and_a_mistake_is_caught(form, tmp_path):
    text, name, right, wrong, tensor = FORMS[form]
    assert right in text
    passed = check(text, name, tmp_path)
    assert passed.passed, f"{passed.problem} {passed.report}"
    failed = check(text.replace(right, wrong), name, tmp_path)
    assert not failed.problem
    assert tensor in {t.name for t in failed.report.tensors if not t.passed}, failed.report
