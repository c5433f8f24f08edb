"""Normalisation over groups of channels: how many groups there are is an argument."""

import pytest

from tests.lab.check.in_process import check

PAIR = """
def {stem}_forward(x, gamma, beta, {settings}):
    count, channels, height, width = x.shape
    parts = x.reshape(count, {groups}, channels // {groups}, height, width)
    centred = parts - parts.mean(axis=(2, 3, 4), keepdims=True)
    spread = np.sqrt((centred ** 2).mean(axis=(2, 3, 4), keepdims=True) + {eps})
    z = (centred / spread).reshape(x.shape)
    return z * {gamma} + {beta}, (z, spread, gamma, {groups})

def {stem}_backward(dout, cache):
    z, spread, gamma, groups = cache
    back = (dout * {gamma}).reshape(len(dout), groups, -1)
    parts = z.reshape(back.shape)
    through = back - {mean} - parts * (back * parts).mean(axis=2, keepdims=True)
    dx = (through / spread[:, :, :, 0, 0]).reshape(dout.shape)
    dgamma = (dout * z).sum(axis=(0, 2, 3)).reshape(gamma.shape)
    return dx, dgamma, dout.sum(axis=(0, 2, 3)).reshape(gamma.shape)
"""
MEAN = "back.mean(axis=2, keepdims=True)"
AS_GIVEN = {"gamma": "gamma", "beta": "beta"}
PER_CHANNEL = {"gamma": "gamma[:, None, None]", "beta": "beta[:, None, None]"}
STYLES = {
    "G and gn_param": ("spatial_groupnorm", "G, gn_param", "G", 'gn_param.get("eps", 1e-5)', AS_GIVEN),
    "eps must be told": ("spatial_groupnorm_quick", "G, gn_param", "G", 'gn_param["eps"]', AS_GIVEN),
    "num_groups": ("group_norm", "num_groups, eps=1e-5", "num_groups", "eps", AS_GIVEN),
    "a gamma for each channel": ("groupnorm", "groups, eps=1e-5", "groups", "eps", PER_CHANNEL),
}


@pytest.mark.parametrize("style", STYLES)
def test_a_right_one_passes_and_one_without_the_part_through_the_mean_fails(style, tmp_path):
    stem, settings, groups, eps, shapes = STYLES[style]
    written = {"stem": stem, "settings": settings, "groups": groups, "eps": eps, **shapes}
    passed = check(PAIR.format(mean=MEAN, **written), stem, tmp_path)
    assert passed.passed, f"{passed.problem} {passed.report}"
    failed = check(PAIR.format(mean="0", **written), stem, tmp_path)
    assert [t.name for t in failed.report.tensors if not t.passed] == ["x"]
