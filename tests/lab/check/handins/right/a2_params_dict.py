import numpy as np

rng = np.random.RandomState(123)


def init(sizes):
    params = {}
    for k in range(1, len(sizes)):
        params[f"W{k}"] = rng.randn(sizes[k], sizes[k - 1]) * np.sqrt(2 / sizes[k - 1])
        params[f"b{k}"] = np.zeros((sizes[k], 1))
    return params


def forward_pass(X, params):
    cache = {"h0": X}
    L = len(params) // 2
    for k in range(1, L):
        cache[f"s{k}"] = params[f"W{k}"] @ cache[f"h{k-1}"] + params[f"b{k}"]
        cache[f"h{k}"] = np.clip(cache[f"s{k}"], 0, None)
    s = params[f"W{L}"] @ cache[f"h{L-1}"] + params[f"b{L}"]
    exp_s = np.exp(s - s.max(0))
    cache["p"] = exp_s / exp_s.sum(0)
    return cache


def compute_cost(X, Y, params, lambda_):
    p = forward_pass(X, params)["p"]
    penalty = sum(np.linalg.norm(w) ** 2 for name, w in params.items() if name.startswith("W"))
    return -(Y * np.log(p)).sum() / X.shape[1] + lambda_ * penalty


def backward_pass(X, Y, cache, params, lambda_):
    L = len(params) // 2
    grads = {}
    g = (cache["p"] - Y) / X.shape[1]
    for k in range(L, 0, -1):
        grads[f"W{k}"] = g @ cache[f"h{k-1}"].T + 2 * lambda_ * params[f"W{k}"]
        grads[f"b{k}"] = g.sum(1, keepdims=True)
        if k > 1:
            g = (params[f"W{k}"].T @ g) * (cache[f"s{k-1}"] > 0)
    return grads
