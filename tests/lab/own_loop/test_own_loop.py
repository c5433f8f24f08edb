"""Training loops of students: right ones agree with the preset, planted mistakes are named with update and tensor."""

import numpy as np
import pytest

from lab.own_loop.printed import printed_series
from tests.lab.own_loop.programs import RIGHT, dataset, looked_at, one_of_each, right


@pytest.mark.parametrize(("file", "settings"), right(), ids=lambda v: v if isinstance(v, str) else "")
def test_a_right_loop_agrees_in_every_update(file, settings):
    compared, findings = looked_at(RIGHT / f"{file}.py", settings, rest=7 * (len(file) % 2))
    assert len(compared.steps) >= 12
    assert compared.first is None
    assert not [f for f in findings if f.wrong]


@pytest.mark.parametrize("bug", one_of_each(), ids=str)
def test_a_planted_mistake_is_named_with_its_first_update_and_tensor(bug, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(bug.text())
    _, findings = looked_at(path, bug.settings)
    places = [" ".join([str(f.update), *f.tensors[:1]]) for f in findings if f.wrong and f.key in bug.wanted]
    assert places, [f.sentence for f in findings]
    assert bug.first in ("-", *places)


def test_a_rest_that_fills_no_batch_is_a_note_and_no_mistake():
    _, findings = looked_at(RIGHT / "columns_dicts.py", ("a2-setting1",), rest=7)
    assert [(f.key, f.wrong) for f in findings] == [("rest-dropped", False)]


def test_printed_lines_become_series():
    text = "epoch 1 loss 2.30 val_acc 10.5 %\nhello\nepoch 2 loss 2.10 val_acc 20.5 %\n"
    assert printed_series(text) == {"loss": [2.3, 2.1], "val_acc": [0.105, 0.205]}


def test_the_small_data_can_be_told_apart():
    assert np.ptp(dataset().train.x) > 1
