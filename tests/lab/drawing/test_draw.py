"""Drawings, read back from their cells."""

import csv
import re
from dataclasses import replace
from itertools import pairwise
from math import inf, nan
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lab.drawing.axes import label, log_ticks, nice_ticks, some_ticks
from lab.drawing.draw import draw, x_at
from lab.drawing.figure import Curve, Event, Figure, short_names
from lab.drawing.heading import foot, heading
from lab.drawing.look import ON_DARK, WEIGHTS, Look
from tests.lab.drawing.cells import dots, peaks, texts

EXPONENTIAL = tuple((float(x), 10.0**x) for x in range(1, 31))
RAMP = tuple((float(x), float(x)) for x in range(101))
LOOKS = {"braille": Look(), "ascii": Look(ascii=True)}
AT_80X24 = (36, 14)  # cells of one of the two plots in Train
PLOT_COLOURS = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in ON_DARK]


def recorded() -> list[dict[str, float]]:
    """metrics.csv of a run of a2-setting2 on all of CIFAR-10, seed 1."""
    with (Path(__file__).parent / "a2-setting2.csv").open() as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def accuracies() -> Figure:
    rows = recorded()
    curves = [
        Curve(tuple((row["update"], row[f"{split}_accuracy"]) for row in rows), style, split)
        for style, split in enumerate(("train", "validation"))
    ]
    return Figure("accuracy", tuple(curves), (0, 4800), percent=True, x_title="update")


@pytest.mark.parametrize("split", [0, 1], ids=["train", "validation"])
def test_the_three_cycles_of_a2_setting2_can_be_counted_at_80x24(split):
    drawn = dots(draw(accuracies(), *AT_80X24, Look()))[PLOT_COLOURS[split]]
    columns = sorted({x for x, _ in drawn})
    heights = [-sum(y for x, y in drawn if x == column) / sum(x == column for x, _ in drawn) for column in columns]
    assert peaks(heights, prominence=2.0) == 3


def test_train_and_validation_are_told_apart_without_colour_at_80x24():
    lines = draw(accuracies(), *AT_80X24, Look())
    by_colour = dots(lines)
    thick = [
        sum(any({(x - i, y - j), (x - i + 1, y - j), (x - i, y - j + 1), (x - i + 1, y - j + 1)} <= drawn
                for i in (0, 1) for j in (0, 1)) for x, y in drawn) / len(drawn)
        for drawn in (by_colour[PLOT_COLOURS[0]], by_colour[PLOT_COLOURS[1]])
    ]  # fmt: skip
    assert thick[0] < 0.2  # of the dots are part of a square of four
    assert thick[1] > 0.9
    ends = [line[-1] for line in texts(lines) if len(line) == AT_80X24[0] and line[-1] in "tv"]
    assert ends == ["t", "v"]


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (12, 5), (8, 3), (3, 1), (1, 1)], ids=str)
@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
@pytest.mark.parametrize("log", [False, True], ids=["linear", "log"])
def test_any_size_can_be_drawn(size, look, log):
    curves = (Curve(EXPONENTIAL, 0, "up"), Curve(EXPONENTIAL[::-1], 1, "down"))
    band = tuple((x, y / 2, 2 * y) for x, y in EXPONENTIAL)
    lines = draw(
        Figure("loss", curves, log=log, band=band, events=(Event(7, "eta"),), cursor=9, references=(5.0,)), *size, look
    )
    assert len(lines) == size[1]
    assert all(len(text) <= size[0] for text in texts(lines))


def test_ascii_is_ascii():
    figure = Figure("loss", (Curve(RAMP, 0, "a"), Curve(RAMP[::-1], 1, "b")), references=(3.0,), cursor=9, x_title="x")
    assert "".join(texts(draw(figure, 60, 20, LOOKS["ascii"]))).isascii()
    assert "".join(text for text, _ in heading(figure, LOOKS["ascii"], 60)).isascii()
    assert foot(Figure(band_name="batches", reference_name="reported"), LOOKS["ascii"]).isascii()


def test_what_grows_exponentially_is_a_straight_line_on_a_logarithmic_axis():
    lines = draw(Figure("loss", (Curve(EXPONENTIAL, 0),), log=True), 80, 24, Look())
    drawn = dots(lines)[PLOT_COLOURS[0]]
    steepness = [(a, max(y for x, y in drawn if x == a)) for a in sorted({x for x, _ in drawn})][::20]
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(steepness)]
    assert max(slopes) - min(slopes) < 0.1
    labels = [text.partition("┤")[0].strip() for text in texts(lines) if "┤" in text]
    assert labels == ["1e+30", "1e+25", "1e+20", "1e+15", "1e+10", "100,000", "1"]


def test_a_constant_is_one_row_of_dots_without_a_gap():
    constant = Figure("eta", (Curve(((0, 0.001), (4000, 0.001)), 2, "eta"),), (0, 4000))
    drawn = dots(draw(constant, 60, 10, Look()))[PLOT_COLOURS[2]]
    assert len({y for _, y in drawn}) == 1
    xs = sorted(x for x, _ in drawn)
    assert xs == list(range(xs[0], xs[-1] + 1))


def test_six_series_are_told_apart_by_weight_alone():
    patterns = set()
    for k in range(len(WEIGHTS)):
        curves = (Curve(((0, 0.0), (100, 0.0)), k), Curve(((0, 9.0), (100, 9.0)), 0))
        drawn = dots(draw(Figure("", curves), 60, 12, Look()))
        its = {(x, y) for x, y in drawn[PLOT_COLOURS[k]] if y > 20}  # the lower line, at y = 0
        left, top = min(x for x, _ in its), min(y for _, y in its)
        patterns.add(frozenset((x - left, y - top) for x, y in its if x - left < 40))
    assert len(patterns) == len(WEIGHTS)


def test_a_gap_is_where_a_value_is_not_finite():
    points = ((0, 1.0), (40, 1.0), (50, nan), (60, inf), (70, 1.0), (100, 1.0))
    drawn = dots(draw(Figure("", (Curve(points),), (0, 100)), 60, 10, Look()))[PLOT_COLOURS[0]]
    xs = sorted({x for x, _ in drawn})
    assert sum(b - a > 2 for a, b in pairwise(xs)) == 1


def test_no_spike_is_lost_however_many_points_there_are():
    points = tuple((x, 50.0 if x == 7777 else 1.0) for x in range(20_000))
    drawn = dots(draw(Figure("", (Curve(points),)), 40, 12, Look()))[PLOT_COLOURS[0]]
    assert min(y for _, y in drawn) <= 3


def test_nothing_to_draw_is_an_empty_frame():
    lines = texts(draw(Figure("loss", (Curve(((0.0, nan), (1.0, inf))),)), 40, 10, Look()))
    assert not any(0x2800 < ord(sign) < 0x2900 for line in lines for sign in line)
    assert "└" in "".join(lines)


def test_before_anything_is_known_of_a_figure_there_are_no_axes():
    assert not "".join(texts(draw(Figure("eta"), 40, 10, Look()))).strip()
    assert "1,000" in "".join(texts(draw(Figure("eta", span=(0, 1000)), 40, 10, Look())))


def test_curves_hide_the_band_and_the_band_hides_the_grid():
    band = tuple((x, 0.0, 100.0) for x, _ in RAMP)
    alone = dots(draw(Figure("", (Curve(RAMP),)), 60, 20, Look()))[PLOT_COLOURS[0]]
    assert dots(draw(Figure("", (Curve(RAMP),), band=band), 60, 20, Look()))[PLOT_COLOURS[0]] == alone


@pytest.mark.parametrize("width", [34, 58, 120])
def test_the_x_axis_has_more_than_one_tick(width):
    labels = texts(draw(accuracies(), width, 14, Look()))[-1].replace("update", "").split()
    assert len(labels) >= 2


@pytest.mark.parametrize("height", [5, 6, 7])
def test_no_number_on_the_axis_is_written_over_another(height):
    for low in (1 + k / 16 for k in range(16)):
        figure = Figure("loss", (Curve(((0.0, low + 0.9), (1.0, low))),))
        numbers = [float(text[0]) for row in texts(draw(figure, 12, height, Look())) if (text := row.split("┤"))[1:]]
        assert numbers == sorted(numbers, reverse=True)


def test_an_event_is_a_line_with_words_beside_it():
    text = texts(draw(Figure("", (Curve(RAMP),), events=(Event(50, "eta 0.001"),)), 80, 20, Look()))
    assert any("eta 0.001" in line for line in text)


def test_a_column_is_read_back_as_its_x():
    figure = Figure("loss", (Curve(RAMP, 0, "a"),), cursor=50)
    lines = draw(figure, 60, 20, Look())
    (column,) = {x // 2 for x, _ in dots(lines)[""]}
    assert abs(x_at(figure, 60, 20, Look(), column) - 50) < 2
    assert x_at(figure, 60, 20, Look(), 0) is None


def test_a_heading_has_the_values_last_and_under_the_cursor():
    figure = accuracies()
    last, rows = recorded()[-1], recorded()

    def text(figure, width=80):
        return "".join(piece for piece, _ in heading(figure, Look(), width))

    assert f"train {last['train_accuracy']:.1%}" in text(figure)
    assert f"train {rows[5]['train_accuracy']:.1%}" in text(
        Figure("accuracy", figure.curves, percent=True, cursor=rows[5]["update"] + 3)
    )
    assert "v 46.7%" in text(figure, 40)
    assert "v 46.7%" in text(figure, 30)
    assert text(figure, 20) == "accuracy  ─t  ━v", "a number without its end is another number"
    tensors = Figure("errors", tuple(Curve(RAMP, k, name) for k, name in enumerate(("W[0]", "W[1]"))))
    assert text(tensors, 24) == "errors  ─ W[0]  ━ W[1]", "two are never called the same"
    read = replace(figure, cursor=last["update"])
    assert text(read, 40) == "accuracy at 4,800  ─t 72.2%  ━v 46.7%"
    assert text(read, 30) == "accuracy  ─t 72.2%  ━v 46.7%", "they are what the cursor is for"


@pytest.mark.parametrize(
    ("labels", "letters"),
    [(("train", "validation"), "tv"), (("1", "10"), ("1", "10")), (("0.01", "1e-05"), ("0.01", "1e-05"))],
)
def test_a_name_at_the_end_of_a_curve_is_whole_or_a_letter(labels, letters):
    curves = tuple(Curve(tuple((x, y * (k + 1)) for x, y in RAMP), k, name) for k, name in enumerate(labels))
    seen = set()
    for width in range(20, 160):
        rows = texts(draw(Figure("", curves), width, 12, Look()))[:-2]
        ends = {end[0] for end in (re.search(r"[a-z0-9.-]+$", row.rstrip()) for row in rows) if end}
        assert ends in (set(labels), set(letters)), width
        seen.add(frozenset(ends))
    assert seen == {frozenset(labels), frozenset(letters)}


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (("network.batch_norm true", "network.batch_norm false"), ("t", "f")),
        (("optimiser.kind adam, bias true", "optimiser.kind sgd, bias true"), ("a", "sgd")),
        (("kind adam, bias true", "kind adam, bias false", "kind adagrad, bias true"), ("adamt", "adamf", "adagt")),
        (("A a2-setting1-77c2", "B a2-setting1-04ab"), ("A", "B")),
        (("train", "validation", "train of mine", "validation of mine"), ("t", "v", "tof", "vof")),
        (("W[0]", "W[1]"), ("W[0]", "W[1]")),
        (("relu", "relu6"), ("relu", "relu6")),
        (("eta",), ("eta",)),
        (("validation",), ("v",)),
        ((), ()),
    ],
)
def test_labels_that_begin_alike_are_called_by_what_tells_them_apart(labels, names):
    assert short_names(labels) == dict(zip(labels, names, strict=True))


@given(st.lists(st.text("ab 0.-/", min_size=1, max_size=9), max_size=6))
def test_no_two_labels_are_called_the_same(labels):
    names = short_names(labels)
    assert names.keys() == set(labels)
    assert len({*names.values()}) == len(names)
    assert all(names.values())


def test_ticks_are_round_numbers_inside_and_not_too_many():
    assert nice_ticks(0.0, 1.0, 5) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert some_ticks(0.0, 4800.0, 2) == pytest.approx([0, 2000, 4000])
    assert log_ticks(0.5, 2e4, 6) == [1, 10, 100, 1000, 10000]
    assert log_ticks(1e-3, 1e30, 4) == [1, 1e10, 1e20, 1e30]
    assert log_ticks(1.3, 2.4, 4) == pytest.approx([1.5, 2.0])
    assert log_ticks(2.8e-4, 5.7e-3, 8) == pytest.approx([5e-4, 1e-3, 2e-3, 5e-3]), "one line alone makes no scale"


@pytest.mark.parametrize("last", [2, 3, 5, 9, 40])
def test_where_x_is_a_whole_number_so_are_its_ticks(last):
    figure = Figure("", (Curve(tuple((float(x), float(x)) for x in range(1, last + 1))),), (1, last), whole=True)
    ticks = texts(draw(figure, 60, 12, Look()))[-1].split()
    assert len(ticks) >= 2
    assert all(tick.isdigit() and 1 <= int(tick) <= last for tick in ticks)


@given(st.floats(1e-30, 1e30), st.floats(1.0, 1e40), st.integers(1, 20))
@example(1.0, 1.0000000000000002, 3)
def test_ticks_of_a_logarithmic_axis_have_logarithms(low, factor, most):
    ticks = log_ticks(low, low * factor, most)
    assert all(low * 0.999 <= tick <= low * factor * 1.001 for tick in ticks)
    assert len(ticks) <= most + 1


Y = st.floats(-1e300, 1e300, allow_subnormal=False) | st.just(nan)


@given(st.lists(st.tuples(st.floats(0, 1e9, allow_subnormal=False), Y), max_size=20), st.booleans())
def test_whatever_the_points_there_is_a_drawing(points, log):
    assert len(draw(Figure("", (Curve(tuple(points)),), log=log), 40, 10, Look())) == 10


def test_labels_stay_short():
    assert [label(v) for v in (0.25, 1000.0, 250_000.0, 5e20)] == ["0.25", "1,000", "250,000", "5e+20"]
    assert label(0.4588, percent=True) == "45.9%"


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_the_band_of_a_curve_lies_around_it_in_a_paler_colour_and_widens_the_axis(look):
    curve = Curve(((0, 1.0), (10, 1.0)), 1, "mean", band=((0, 1.0, 1.0), (10, 0.0, 3.0)))
    lines = draw(Figure("y", (curve,), (0, 10)), 40, 20, look)
    assert any("3" in line[:4] for line in texts(lines)), "the axis reaches what the band reaches"
    if look.ascii:
        columns = ["".join(line[k] for line in texts(lines) if len(line) > k).count(":") for k in (10, 30)]
    else:
        drawn = dots(lines)["#" + bytes(look.pale(1)).hex()]
        assert len({y for _, y in dots(lines)[PLOT_COLOURS[1]]}) == 1, "the mean stands out"
        left, right = ([y for x, y in drawn if x == at] for at in (20, 66))
        columns = [max(left) - min(left), max(right) - min(right)]
    assert columns[1] > 1.5 * columns[0] > 0


@pytest.mark.parametrize("style", [0, 1], ids=["thin", "thick"])
def test_a_curve_of_one_point_is_a_spot_that_is_seen(style):
    curves = (Curve(((0.0, 2.0),), style, "train"), Curve(((0.0, 3.0), (50.0, 1.0)), 2, "other"))
    drawn = dots(draw(Figure("loss", curves, (0, 100)), 40, 12, Look()))[PLOT_COLOURS[style]]
    assert len(drawn) >= 4


def test_what_stands_below_a_plot_is_never_cut():
    figure = Figure("accuracy", band_name="batches", reference_name="reported 52.54% (validation, full data)")
    seen = [foot(figure, Look(), width) for width in range(60)]
    assert all(len(text) <= width for width, text in enumerate(seen))
    assert [*dict.fromkeys(seen)] == [
        "",
        "╌ reported 52.54%",
        "▒ batches  ╌ reported 52.54%",
        "▒ batches  ╌ reported 52.54% (validation, full data)",
    ]
