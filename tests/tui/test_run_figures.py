"""What stands behind the curves of a run."""

import pytest

from core.trainer import Snapshot
from lab.expected.curves import expected
from tests.tui.recorded import record
from tui.run_figures import CurvesView, accuracy_figure, eta_figure, measure_figure
from tui.training import saved


@pytest.mark.parametrize(("variant", "stands"), [("full", True), ("mini", False)])
def test_the_presets_own_curves_stand_behind_those_of_a_students_code(variant, stands):
    store = record("20260102-030405-a2-setting1-00aa", variant=variant)
    names = [curve.label for curve in accuracy_figure(saved(store), CurvesView()).curves]
    assert names == ["train", "validation"]
    store.save_code({"name": "Net", "preset": "a2-setting1", "files": [{"path": "mine.py", "sha256": ""}]})
    run = saved(store)
    figures = [accuracy_figure(run, CurvesView()), measure_figure(run, CurvesView(epochs=True))]
    for figure in figures:
        behind = [curve.label for curve in figure.curves[2:]]
        assert behind == (["train of a2-setting1", "validation of a2-setting1"] if stands else [])
    assert len(measure_figure(run, CurvesView(measure="cost")).curves) == 2
    if stands:
        mean, band = expected("a2-setting1").curve("validation_accuracy")
        assert (figures[0].curves[3].points, figures[0].curves[3].band) == (tuple(mean), tuple(band))
        assert figures[1].curves[2].points[-1][0] == mean[-1][0] / run.per_epoch


def test_where_a_run_was_best_is_marked_in_its_curves_and_not_in_eta():
    run = saved(record("20260102-030405-a2-setting1-00aa"))
    run.points[-2]["validation_accuracy"] = 0.99
    for figure in (measure_figure, accuracy_figure):
        assert [event.text for event in figure(run, CurvesView()).events] == ["best 99.0%"]
    assert eta_figure(run, CurvesView()).events == ()


def test_the_eta_of_now_ends_its_curve():
    run = saved(record("20260102-030405-a2-setting1-00aa"))
    for update in range(1001, 1500):  # more than there are stretches: each is the mean of several
        run.etas.add(update, update / 1000)
    run.snapshot = Snapshot(1499, 15.0, 1.499, 1.4, {})
    assert eta_figure(run, CurvesView()).curves[0].points[-1] == (1499, 1.499)
