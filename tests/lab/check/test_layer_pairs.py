"""Layers as two functions: several ways back from one forward, settings at which only some code is right."""

import pytest

from lab.check.worker.recognise import recognised
from tests.lab.check.in_process import check, load

NORM = """
    def batchnorm_forward(x, gamma, beta, bn_param):
        v = 1 / np.sqrt(x.var(0) + 1e-5)
        u = (x - x.mean(0)) * v
        return gamma * u + beta, (u, gamma, v)

    def batchnorm_backward(dout, cache):
        u, gamma, v = cache
        g = dout * gamma
        return v * (g - g.mean(0) - u * (g * u).mean(0)), (dout * u).sum(0), dout.sum(0)

    def batchnorm_backward_alt(dout, cache):
        u, gamma, v = cache
        n = len(u)
        g = dout * gamma
        return v / n * (n * g - g.sum(0) - u * (g * u).sum(0)), (dout * u).sum(0), dout.sum(0)
"""
CONV = """
    def conv_forward_naive(x, w, b, conv_param):
        s, pad = conv_param["stride"], conv_param["pad"]
        padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::s, ::s]
        out = np.einsum("nchwij,fcij->nfhw", windows, w) + b[:, None, None]
        return out, (x, w, b, conv_param)

    def conv_backward_naive(dout, cache):
        x, w, b, conv_param = cache
        s, pad = conv_param["stride"], conv_param["pad"]
        padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        dx, dw = np.zeros_like(padded), np.zeros_like(w)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                at = (slice(None), slice(None), slice(i * s, i * s + w.shape[2]), slice(j * s, j * s + w.shape[3]))
                dx[at] += np.einsum("nf,fcij->ncij", dout[:, :, i, j], w)
                dw += np.einsum("nf,ncij->fcij", dout[:, :, i, j], padded[at])
        return dx[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]], dw, dout.sum((0, 2, 3))
"""


def test_every_way_back_from_a_forward_is_recognised_and_checked(tmp_path):
    assert [found.name for found in recognised(load(NORM, tmp_path))] == [
        "batchnorm",
        "batchnorm_alt",
    ]
    for name in ("batchnorm", "batchnorm_alt"):
        report = check(NORM, name, tmp_path)
        assert not report.problem
        assert report.passed


@pytest.mark.parametrize(
    ("name", "old"), [("batchnorm", "- u * (g * u).mean(0)"), ("batchnorm_alt", "- u * (g * u).sum(0)")]
)
def test_only_the_way_back_with_the_mistake_fails(name, old, tmp_path):
    text = NORM.replace(old, "")
    assert text != NORM
    assert {n: check(text, n, tmp_path).passed for n in ("batchnorm", "batchnorm_alt")} == {
        n: n != name for n in ("batchnorm", "batchnorm_alt")
    }


def test_an_edge_cut_off_with_minus_pad_is_wrong_without_padding(tmp_path):
    assert check(CONV, "conv_naive", tmp_path).passed
    text = CONV.replace("pad : pad + x.shape[2], pad : pad + x.shape[3]", "pad:-pad, pad:-pad")
    assert text != CONV
    report = check(text, "conv_naive", tmp_path)
    assert not report.passed
    assert "pad 0" in " ".join(tensor.verdict for tensor in report.report.tensors)


def test_code_that_stops_without_padding_is_no_mistake_where_the_file_never_goes_without(tmp_path):
    end = "return dx[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]], dw"
    assert end in CONV
    cut = "inner = np.zeros_like(x)\n        inner[:] = dx[:, :, pad:-pad, pad:-pad]\n        return inner, dw"
    text = CONV.replace(end, cut)
    report = check(text, "conv_naive", tmp_path)
    assert report.passed
    assert any("pad = 0 cannot be used" in note for note in report.report.notes)
    report = check(text + '\n    settings = {"stride": 1, "pad": 0}\n', "conv_naive", tmp_path)
    assert not report.passed


def test_a_layer_that_refuses_rows_with_a_type_error_is_given_other_shapes(tmp_path):
    text = """
    def scale_forward(x, gamma):
        if x.shape[1] != 3 or x.ndim != 4:
            raise TypeError("images, please")
        return x * gamma[:, None, None], (x, gamma)

    def scale_backward(dout, cache):
        x, gamma = cache
        return dout * gamma[:, None, None], (dout * x).sum((0, 2, 3))
    """
    report = check(text, "scale", tmp_path)
    assert not report.problem
    assert report.passed


POOL = """
    def max_pool_forward(x, pool_param):
        h, w, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
        windows = np.lib.stride_tricks.sliding_window_view(x, (h, w), axis=(2, 3))[:, :, ::s, ::s]
        return windows.max((4, 5)), (x, h, w, s)

    def max_pool_backward(dout, cache):
        x, h, w, s = cache
        dx = np.zeros_like(x)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                at = (slice(None), slice(None), slice(i * s, i * s + h), slice(j * s, j * s + w))
                largest = x[at] == x[at].max((2, 3), keepdims=True)
                dx[at] += largest * dout[:, :, i, j][:, :, None, None]
        return dx
"""


def test_all_of_dy_for_every_one_of_equal_pixels_is_a_note(tmp_path):
    report = check(POOL, "max_pool", tmp_path)
    assert report.passed
    assert [note for note in report.report.notes if "each gets all of dy" in note]


@pytest.mark.parametrize(
    ("text", "name", "old", "new", "key"),
    [
        (POOL, "max_pool", "dx[at] += largest", "dx[at] = largest", "overwritten"),
        (CONV, "conv_naive", "dx[at] += ", "dx[at] = ", "overwritten"),
        (CONV, "conv_naive", "np.zeros_like(w)\n", "np.zeros_like(w)\n        s = 1\n", "conv-stride"),
    ],
)
def test_a_mistake_that_only_shows_with_other_settings_is_named(text, name, old, new, key, tmp_path):
    assert text.count(old) == 1
    report = check(text.replace(old, new), name, tmp_path)
    assert not report.passed
    assert key in {cause.key for cause in report.causes}


def test_a_batch_normalisation_that_divides_says_nothing_about_a_loss_that_does_not(tmp_path):
    loss = """
    def softmax_loss(x, y):
        P = np.exp(x) / np.exp(x).sum(1, keepdims=True)
        n = len(x)
        return -np.log(P[np.arange(n), y]).mean(), (P - np.eye(x.shape[1])[y]){}
    """
    norm = NORM.replace(
        "def batchnorm_backward(dout, cache):", "def batchnorm_backward(dout, cache):\n        n = len(dout)"
    )
    norm = norm.replace(
        "dout * gamma\n        return v * (g - g.mean(0)", "dout * gamma\n        return v * (g - g.sum(0) / n"
    )
    assert check(norm + loss.format(" / n"), "softmax_loss", tmp_path).passed
    report = check(norm + loss.format(""), "softmax_loss", tmp_path)
    assert not report.passed
    assert [cause.key for cause in report.causes] == ["not-divided-by-n"]
