"""Pictures of a network and of its mistakes: their pixels, their files, the terminal."""

import io
import re
from dataclasses import replace

import numpy as np
import pytest
import scipy.special
from PIL import Image
from rich.console import Console

from core.convolution import Conv2D
from core.layers import Dense, Flatten, ReLU
from core.network import Network
from data import packed
from data.sources import MNIST
from lab.runs import run as lab_run
from lab.runs.pictures import Picture, pack, unpack, weight_pictures
from lab.runs.pictures_view import show_pictures
from lab.runs.sheets import sheet
from presets.load import load


def nothing(snapshot):
    """A subscriber that looks away."""


def stretched(weights):
    """Bytes of nested lists of weights, pixel by pixel: the smallest 0, the largest 255."""
    low, high = np.min(weights), np.max(weights)
    return [[[round(255 * float(w - low) / float(high - low)) for w in pixel] for pixel in row] for row in weights]


def one_layer(shape=(2, 3, 3), classes=2):
    network = Network([Flatten(), Dense(classes)], shape)
    network.initialise(np.random.default_rng(4))
    return network


def convolving(channels, filters=4, bias=True):
    network = Network([Conv2D(filters, 3, bias=bias), ReLU(), Flatten(), Dense(2)], (4, 4, channels))
    network.initialise(np.random.default_rng(4))
    return network


def test_templates_are_the_weights_of_each_class_in_the_shape_of_the_image():
    network = one_layer()
    W = network.tensors["W1"].value
    pictures = weight_pictures(network, ["cat", "dog"])["templates"]
    assert [picture.caption for picture in pictures] == ["cat", "dog"]
    for k, picture in enumerate(pictures):
        weights = [[[W[(row * 3 + column) * 3 + c, k] for c in range(3)] for column in range(3)] for row in range(2)]
        assert picture.pixels.dtype == np.uint8
        assert picture.pixels.tolist() == stretched(weights)


def test_templates_of_grey_images_are_grey():
    network = one_layer((2, 2, 1))
    network.tensors["W1"].value[:, 1] = [-1, 3, 1, 0]
    dog = weight_pictures(network, ["cat", "dog"])["templates"][1]
    assert dog.pixels.tolist() == [[[0] * 3, [255] * 3], [[128] * 3, [64] * 3]]


@pytest.mark.parametrize("bias", [True, False])
def test_kernels_are_those_of_the_first_layer(bias):
    network = convolving(channels=3, bias=bias)
    W = network.tensors["W1"].value
    pictures = weight_pictures(network, ["cat", "dog"])["kernels"]
    assert [picture.caption for picture in pictures] == ["kernel 1", "kernel 2", "kernel 3", "kernel 4"]
    for k, picture in enumerate(pictures):
        weights = [[[W[i, j, c, k] for c in range(3)] for j in range(3)] for i in range(3)]
        assert picture.pixels.tolist() == stretched(weights)


def test_a_kernel_without_numbers_is_left_out_and_one_of_equal_numbers_is_black():
    network = convolving(channels=1)
    W = network.tensors["W1"].value
    W[..., 0], W[1, 1, 0, 1], W[1, 2, 0, 2] = 7, np.nan, np.inf
    W[0, 0, 0, 3], W[0, 1, 0, 3] = 3e38, -3e38  # their difference is too large for float32
    pictures = weight_pictures(network, ["cat", "dog"])["kernels"]
    assert [picture.caption for picture in pictures] == ["kernel 1", "kernel 4"]
    assert not pictures[0].pixels.any()
    assert pictures[1].pixels[0, :2, 0].tolist() == [255, 0]


@pytest.mark.parametrize(
    "network",
    [
        Network([Flatten(), Dense(4), ReLU(), Dense(2)], (2, 3, 3)),
        convolving(channels=2),
        Network([Dense(2)], (5,)),
    ],
    ids=["a hidden layer", "neither grey nor coloured", "no images"],
)
def test_other_networks_have_no_pictures_of_weights(network):
    assert weight_pictures(network, ["cat", "dog"]) == {}


def test_packed_pictures_come_back_without_pickle():
    named = {"kernels": [Picture("kernel 1", np.arange(27, dtype=np.uint8).reshape(3, 3, 3))] * 2}
    named["misclassified"] = [Picture("true ö\nguessed b", np.zeros((2, 4, 3), np.uint8))]
    file = io.BytesIO()
    np.savez(file, **pack(named))
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        found = unpack(arrays)
    assert list(found) == list(named)
    for name, group in named.items():
        for mine, theirs in zip(group, found[name], strict=True):
            assert mine.caption == theirs.caption
            np.testing.assert_array_equal(mine.pixels, theirs.pixels)


# What a run leaves


@pytest.fixture(params=[(), ("normalise=mean-pixel",)], ids=["zscore", "mean-pixel"])
def left(request, start):
    """A finished run of one layer, and its result."""
    run = start("updates=20", "hidden=", *request.param)
    return run, run.go(nothing)


def test_a_result_lists_the_surest_mistakes(left):
    run, result = left
    x, y = run.dataset.test.x, run.dataset.test.y
    W, b = (tensor.value.astype(float) for tensor in run.trainer.network.tensors.values())
    probabilities = scipy.special.softmax(x.reshape(len(x), -1) @ W + b, axis=1)
    mistakes = [(-max(p), i) for i, p in enumerate(probabilities) if max(range(10), key=lambda k: p[k]) != y[i]]
    assert len(result["misclassified"]) == 12
    for found, (certainty, i) in zip(result["misclassified"], sorted(mistakes)[:12], strict=True):
        assert found["index"] == i
        assert found["probability"] == pytest.approx(-certainty, rel=1e-4)
        assert (found["true"], found["predicted"]) == (str(y[i]), str(probabilities[i].argmax()))
        assert found["text"] is None


def test_a_run_leaves_its_templates_and_the_very_pixels_of_its_mistakes(left):
    run, result = left
    assert result["pictures"] == "pictures.npz"
    found = unpack(run.store.pictures())
    assert list(found) == ["templates", "misclassified"]
    W = run.store.checkpoint()["network.theta"][: 784 * 10].reshape(28, 28, 10)
    for k, picture in enumerate(found["templates"]):
        assert picture.caption == str(k)
        assert picture.pixels.tolist() == np.repeat(stretched(W[:, :, k, np.newaxis]), 3, axis=2).tolist()
    pixels = packed.read(MNIST).x_test
    for each, picture in zip(result["misclassified"], found["misclassified"], strict=True):
        np.testing.assert_array_equal(picture.pixels, np.repeat(pixels[each["index"]], 3, axis=2))
        percent = f"{100 * each['probability']:.1f}%"
        assert picture.caption == f"true {each['true']}\nguessed {each['predicted']}, {percent}"


def test_a_convolutional_run_leaves_kernels_and_the_parameters_of_every_layer(tmp_path):
    changes = ["split=60/40/test", "updates=2", "convolutions=[{filters=16, size=5, pool=4}]"]
    run = lab_run.start(load("mnist-cnn", changes), "mini", tmp_path, 1)
    result = run.go(nothing)
    assert run.store.pictures()["kernels"].shape == (16, 5, 5, 3)
    assert [(layer["layer"], tuple(layer["output"]), layer["parameters"]) for layer in result["layers"]] == [
        ("Conv2D", (28, 28, 16), 5 * 5 * 16 + 16),
        ("MaxPool", (7, 7, 16), 0),
        ("ReLU", (7, 7, 16), 0),
        ("Flatten", (784,), 0),
        ("Dense", (10,), 784 * 10 + 10),
    ]


def test_examples_that_are_texts_stand_in_the_result_and_not_among_the_pictures(start):
    run = start("updates=3")
    run.dataset = replace(run.dataset, show=lambda x: f"sum {x.sum():.4f}")
    result = run.go(nothing)
    for each in result["misclassified"]:
        assert each["text"] == f"sum {run.dataset.test.x[each['index']].sum():.4f}"
    assert result["pictures"] is None
    assert run.store.pictures() == {}


def test_pictures_of_an_interrupted_run_are_gone_once_it_goes_on(start):
    run = start("updates=20", "hidden=")

    def stop(snapshot):
        if snapshot.update == 5:
            run.trainer.stop()

    assert run.go(stop)["state"] == "interrupted"
    before = run.store.pictures()["templates"]
    second = lab_run.resume(run.store, threads=1)
    assert second.go(lambda snapshot: pytest.fail("left over") if run.store.pictures() else None)["state"] == "done"
    assert (second.store.pictures()["templates"] != before).any()


def test_a_run_that_diverged_to_no_numbers_lists_no_mistakes_and_leaves_no_pictures(start):
    run = start("updates=200", "hidden=", "eta=1e5", "schedule.kind=constant")
    run.trainer.network.theta[...] = np.nan
    result = run.go(nothing)
    assert (result["state"], result["misclassified"], result["pictures"]) == ("diverged", [], None)
    assert run.store.pictures() == {}


# PNG files


def random_pictures(count, height, width, caption="x"):
    rng = np.random.default_rng(0)
    return [Picture(caption, rng.integers(0, 256, (height, width, 3)).astype(np.uint8)) for _ in range(count)]


@pytest.mark.parametrize(
    ("count", "height", "width", "times", "columns"),
    [(1, 5, 5, 32, 1), (10, 32, 32, 5, 5), (16, 5, 5, 32, 4), (12, 28, 28, 5, 4), (3, 7, 400, 1, 3), (7, 3, 2, 53, 4)],
)
def test_a_sheet_holds_every_picture_enlarged_without_blurring(count, height, width, times, columns):
    group = random_pictures(count, height, width)
    file = io.BytesIO()
    sheet(group).save(file, format="PNG")
    file.seek(0)
    pixels = np.asarray(Image.open(file))
    found = []
    for picture in group:
        large = picture.pixels.repeat(times, axis=0).repeat(times, axis=1)
        windows = np.lib.stride_tricks.sliding_window_view(pixels[..., 0], large.shape[:2])
        candidates = np.argwhere((windows[:, :, 0, 0] == large[0, 0, 0]) & (windows[:, :, -1, -1] == large[-1, -1, 0]))
        places = [(y, x) for y, x in candidates if (pixels[y:, x:][: len(large), : large.shape[1]] == large).all()]
        assert len(places) == 1
        found += places
    assert found == sorted(found)  # in reading order
    assert len({x for _, x in found}) == columns


def test_captions_are_written_below_their_pictures_and_make_room_for_themselves():
    black = np.zeros((5, 5, 3), np.uint8)
    plain, long = sheet([Picture("", black)]), sheet([Picture("true automobile\nguessed automobile " * 3, black)])
    assert long.width > plain.width
    assert long.height > plain.height
    below = np.asarray(long)[12 + 160 :]
    assert (below < 128).any()
    assert (below[:, -10:] == 255).all()  # nothing reaches the edge
    assert (below[-10:] == 255).all()
    assert (np.asarray(plain)[12 + 160 :] == 255).all()


# The terminal


def shown(named, width=80, color_system="truecolor", no_color=False):
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, color_system=color_system, width=width, no_color=no_color)
    show_pictures(console, named)
    return file.getvalue()


def half_cells(text):
    """The rows of pixels of lines of half cells, two of each line, a row being columns of three."""
    cell = re.compile(r"\x1b\[38;2;(\d+);(\d+);(\d+);48;2;(\d+);(\d+);(\d+)m▄")
    rows = []
    for line in text.splitlines():
        if cells := [[int(v) for v in match.groups()] for match in cell.finditer(line)]:
            rows += [[c[3:] for c in cells], [c[:3] for c in cells]]
    return rows


def test_half_cells_show_every_pixel():
    (picture,) = random_pictures(1, 12, 30, "true cat\nguessed dog")
    text = shown({"misclassified": [picture]})
    np.testing.assert_array_equal(half_cells(text), picture.pixels)
    assert re.search(r"true cat *\n.*guessed dog", text)


def test_pictures_stand_side_by_side_as_far_as_there_is_room():
    group = random_pictures(5, 12, 30)
    group = [Picture(each.caption, each.pixels // (i + 1)) for i, each in enumerate(group)]
    rows = half_cells(shown({"misclassified": group}, width=94))  # 3 x 30 and two gaps of 2
    np.testing.assert_array_equal(rows[:12], np.hstack([picture.pixels for picture in group[:3]]))
    np.testing.assert_array_equal(rows[12:], np.hstack([picture.pixels for picture in group[3:]]))
    assert len(half_cells(shown({"misclassified": group}, width=93))) == 3 * 12


def test_small_kernels_are_enlarged_in_true_proportion():
    (picture,) = random_pictures(1, 5, 5)
    pixels = half_cells(shown({"kernels": [picture]}))
    np.testing.assert_array_equal(pixels, picture.pixels.repeat(2, axis=0).repeat(2, axis=1))


@pytest.mark.parametrize("surroundings", [{"no_color": True}, {"color_system": None}, {"color_system": "standard"}])
def test_without_colours_pictures_are_shades(surroundings):
    pixels = np.zeros((12, 12, 3), np.uint8)
    pixels[:6], pixels[6:, 6:] = 255, (0, 128, 128)
    text = shown({"templates": [Picture("cat", pixels)]}, **surroundings)
    lines = re.sub(r"\x1b\[[\d;]*m", "", text).splitlines()
    assert "▄" not in text
    assert [line.rstrip() for line in lines[2:6]] == ["@" * 12, "@" * 12, "@" * 12, " " * 6 + "-" * 6]
    assert "cat" in lines[8]


@pytest.mark.parametrize("width", [1, 7, 20, 27])
@pytest.mark.parametrize("color_system", ["truecolor", None])
def test_a_narrow_terminal_gets_smaller_pictures(width, color_system):
    text = shown({"misclassified": random_pictures(2, 28, 28, "true a\nguessed b")}, width, color_system)
    lines = re.sub(r"\x1b\[[\d;]*m", "", text).splitlines()
    assert max(map(len, lines)) <= width
    if color_system:
        assert {len(row) for row in half_cells(text)} == {width}
