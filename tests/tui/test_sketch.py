"""The sketch of a network."""

import pytest

from lab.library.plan import Block
from tui.widgets.sketch import sketch

BLOCKS = (Block("2x2", "4 values"), Block("dense 3 ReLU", "15 parameters"), Block("softmax", "3 classes"))


def test_boxes_where_they_have_room():
    assert sketch(BLOCKS, 49, ascii_only=True).plain.splitlines() == [
        " +----------+  +---------------+  +-----------+",
        " |   2x2    |->|  dense 3 ReLU |->|  softmax  |",
        " | 4 values |  | 15 parameters |  | 3 classes |",
        " +----------+  +---------------+  +-----------+",
    ]


@pytest.mark.parametrize("width", [20, 34, 45])
def test_words_where_they_have_not(width):
    told = sketch(BLOCKS, width).plain
    assert " ".join(told.split()) == "2x2 (4 values) → dense 3 ReLU (15 parameters) → softmax (3 classes)"
    assert max(map(len, told.splitlines())) <= max(width, len(" → dense 3 ReLU (15 parameters)"))
