"""ConvNets over the letters of names, whose filters have three axes and which are told how long a name is."""

import pytest

from tests.lab.check.in_process import check
from tests.sizes import size

IN_A_DICT = """
    def mf(F, n_len):
        d, k, nf = F.shape
        out = np.zeros(((n_len - k + 1) * nf, n_len * d))
        for i in range(n_len - k + 1):
            out[i * nf:(i + 1) * nf, i * d:(i + k) * d] = F.reshape(d * k, nf, order="F").T
        return out

    def forward(X, params, n_len):
        X1 = np.maximum(mf(params["F1"], n_len) @ X, 0)
        S = params["W"] @ X1
        P = np.exp(S - S.max(0)) / np.exp(S - S.max(0)).sum(0)
        return X1, P

    def cost(X, Y, params, n_len, lam):
        return -np.mean(np.log(np.sum(Y * forward(X, params, n_len)[1], axis=0))) + lam * np.sum(params["W"] ** 2)

    def gradients(X, Y, params, n_len, lam):
        n = X.shape[1]
        X1, P = forward(X, params, n_len)
        G = (P - Y) / n
        d, k, nf = params["F1"].shape
        grads = {"W": G @ X1.T + 2 * lam * params["W"]}
        G = (params["W"].T @ G) * (X1 > 0)
        dF = np.zeros((d, k, nf))
        for j in range(n):
            x = X[:, j].reshape(d, n_len, order="F")
            g = G[:, j].reshape(n_len - k + 1, nf)
            for i in range(n_len - k + 1):
                dF += x[:, i:i + k, None] * g[i]
        grads["F1"] = dF
        return grads
"""
IN_AN_OBJECT = (
    IN_A_DICT.replace('params["F1"]', "net.F1").replace('params["W"]', "net.W").replace("params", "net")
    + """
    class ConvNet:
        def __init__(self, F1, W):
            self.F1, self.W = F1, W
"""
)
CASES = [(IN_A_DICT, "* (X1 > 0)", "", ["F1"]), (IN_AN_OBJECT, "2 * lam", "lam", ["W"])]


@pytest.mark.parametrize(("text", "right", "mistake", "wrong"), CASES[:: size(2, 1)])
def test_filters_over_letters_are_checked(text, right, mistake, wrong, tmp_path):
    assert right in text
    for source, failing in ((text, []), (text.replace(right, mistake), wrong)):
        report = check(source, "gradients", tmp_path)
        assert not report.problem
        assert [t.name for t in report.report.tensors] == ["F1", "W"]
        assert [t.name for t in report.report.tensors if not t.passed] == failing
