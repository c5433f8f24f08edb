"""What a verdict costs: counted in costs asked for, whatever the machine does beside."""

from collections import Counter

from lab.check.student import Check
from tests.lab.check.in_process import InProcess, load

LOOPS = """
    def conv_forward(x, w, b, conv_param):
        stride, pad = conv_param["stride"], conv_param["pad"]
        xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        size = w.shape[2]
        rows, columns = (xp.shape[2] - size) // stride + 1, (xp.shape[3] - size) // stride + 1
        out = np.zeros((len(x), len(w), rows, columns))
        for i in range(rows):
            for j in range(columns):
                window = xp[:, :, i * stride : i * stride + size, j * stride : j * stride + size]
                out[:, :, i, j] = np.tensordot(window, w, ([1, 2, 3], [1, 2, 3])) + b
        return out, (x, w, b, conv_param)

    def conv_backward(dout, cache):
        x, w, b, conv_param = cache
        stride, pad = conv_param["stride"], conv_param["pad"]
        xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        dxp, dw, size = np.zeros_like(xp), np.zeros_like(w), w.shape[2]
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                at = np.s_[:, :, i * stride : i * stride + size, j * stride : j * stride + size]
                dw += np.tensordot(dout[:, :, i, j], xp[at], ([0], [0]))
                dxp[at] += np.tensordot(dout[:, :, i, j], w, ([1], [0]))
        dx = dxp[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]]
        return dx, dw, dout.sum(axis=(0, 2, 3))
"""


def costs_asked(text, folder):
    """Does it pass, and for how many costs was it asked?"""
    worker, asked = InProcess(), Counter()
    worker.session.namespace = load(text, folder)
    ask = worker.ask

    def counted(do, arrays=None, **head):
        asked[do] += 1
        return ask(do, arrays, **head)

    worker.ask = counted
    return Check("mine.py", "central", 5, None, 0, None).one(worker, "conv", 0.0).passed, asked["cost"]


def test_a_wrong_convolution_is_diagnosed_with_few_more_costs_than_a_right_one(tmp_path):
    right, usual = costs_asked(LOOPS, tmp_path)
    wrong, more = costs_asked(
        LOOPS.replace("dxp[:, :, pad :", "dxp[:, :, 0 :").replace("pad + x.shape[2], pad : pad + ", "x.shape[2], 0 : "),
        tmp_path,
    )
    assert right
    assert not wrong
    assert more < 3 * usual, (usual, more)
