"""What is drawn over what."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.watch.series import STRETCHES, Series, drawn
from lab.watch.view import figures
from tests.lab.watch.test_text import read


def curves(text, *wanted):
    return {series.column: list(series.points) for series in drawn(read(text), wanted).series}


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("epoch,step,loss\n0,10,1\n1,20,2\n", "step"),
        ("epoch,loss\n0,1\n1,2\n", "epoch"),
        ("loss,acc\n1,0\n2,0\n", "row"),
        ("epoch,batch,loss\n0,0,9\n0,1,8\n0,2,8\n1,0,7\n1,1,6\n1,2,6\n", "row"),  # an epoch for many rows
        ("epoch,iter,loss\n0,0,9\n0,1,8\n1,0,7\n1,1,6\n2,0,5\n2,1,4\n", "row"),  # it begins again with each epoch
        ("epoch,phase,loss\n0,train,3\n0,val,4\n1,train,1\n1,val,2\n", "epoch"),
        ("step,epoch,loss\n,0,3\n,1,4\n,2,4\n", "epoch"),
    ],
)
def test_what_the_curves_stand_over(text, x):
    assert drawn(read(text)).x.name == x


def test_a_run_that_is_begun_again_replaces_what_it_repeats():
    assert curves("step,loss\n1,5\n2,4\n3,3\n2,8\n3,7\n") == {"loss": [(1, 5), (2, 8), (3, 7)]}


def test_columns_that_are_written_apart_do_not_touch_each_other():
    text = '{"step": 9, "train_loss": 1}\n{"step": 5, "val_loss": 2}\n{"step": 10, "train_loss": 0}\n'
    assert curves(text) == {"train_loss": [(9, 1), (10, 0)], "val_loss": [(5, 2)]}


def test_percentages_become_shares_and_shares_stay():
    assert curves("step,val_acc,acc\n1,10,0.1\n2,45.5,0.9\n") == {
        "acc": [(1, 0.1), (2, 0.9)],
        "val_acc": [(1, 0.1), (2, 0.455)],
    }


def test_of_two_columns_for_one_curve_that_with_the_plainer_name_is_drawn():
    log = drawn(read("step,loss_cls,loss,loss_box,lr\n1,1,3,2,0\n"))
    assert [series.column for series in log.series] == ["loss"]
    assert log.others == ("loss_cls", "loss_box", "lr")


def test_others_are_drawn_when_asked_for():
    assert curves("step,loss,lr\n1,3,0.1\n", "lr") == {"loss": [(1, 3)], "lr": [(1, 0.1)]}


def test_last_and_best():
    loss, accuracy = drawn(read("step,loss,acc\n1,3,0.1\n2,1,0.9\n3,nan,0.8\n4,2,nan\n")).series
    assert (loss.last, loss.best) == ((4, 2), (2, 1))
    assert accuracy.best == (2, 0.9)
    assert accuracy.last[1] != accuracy.last[1]


@pytest.mark.parametrize(
    ("header", "splits"),
    [
        ("loss,val_loss", ["train", "validation"]),
        ("loss,train_loss,val_loss", [None, "train", "validation"]),
        ("loss,val_acc", [None, "validation"]),
    ],
)
def test_a_loss_beside_a_validation_loss_is_that_of_the_training(header, splits):
    log = drawn(read(f"{header}\n{','.join('1' * len(splits))}\n"))
    assert [series.split for series in log.series] == splits


@pytest.mark.parametrize(
    ("columns", "styles"),
    [
        ("train_loss,val_loss,val_acc", [[0, 1], [1]]),
        ("loss,val_loss,test_loss,test_acc", [[0, 1, 2], [2]]),
        ("loss,acc", [[0], [0]]),
    ],
)
def test_a_split_is_drawn_alike_in_every_plot(columns, styles):
    rows = "\n".join(",".join(["1", *["0.5"] * (columns.count(",") + 1)]) for _ in range(2))
    plots = figures(drawn(read(f"step,{columns}\n{rows}\n")), None)
    assert [[curve.style for curve in plot.curves] for plot in plots] == styles


@given(st.lists(st.integers(0, 6), min_size=1, max_size=12))
def test_where_the_step_goes_back_what_stood_there_is_dropped(steps):
    kept = []
    for value, step in enumerate(steps):
        if kept and step < kept[-1][0]:
            kept = [point for point in kept if point[0] < step]
        kept.append((step, value))
    seen = drawn(read("lr,step,loss\n" + "".join(f"0,{s},{i}\n" for i, s in enumerate(steps))))
    if seen.x.name == "step":
        assert seen.series[0].points == kept


def test_of_very_many_points_the_outline_keeps_ends_and_gaps():
    rng = np.random.default_rng(0)
    values = rng.normal(size=10 * STRETCHES + 7)
    values[[5, 20_000]] = np.nan
    series = Series("loss", "loss", None, np.arange(len(values)), values)
    at, shown = np.array(series.outline).T
    assert len(at) < 3 * STRETCHES
    np.testing.assert_array_equal(shown, values[at.astype(int)])
    assert {5, 20_000, 0, len(values) - 1, np.nanargmin(values), np.nanargmax(values)} <= set(at)
    assert series.best == (np.nanargmin(values), np.nanmin(values))
    assert series.lost == 5
