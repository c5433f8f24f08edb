"""Event files that tensorboardX 2 and TensorBoard 2 wrote; what they hold is known from the program that wrote them."""

import math
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.watch.events import LARGEST, masked_crc, scalars
from tests.lab.watch.test_text import read, rows_of

SIMPLE = (Path(__file__).parent / "tensorboardX.tfevents").read_bytes()  # with a histogram and a picture
TENSORS = (Path(__file__).parent / "tensorboard.tfevents").read_bytes()


def column(log, name):
    """{step: value} of a column."""
    return {row["step"]: row[name] for row in rows_of(log) if name in row}


def test_simple_values_beside_pictures():
    log = read(SIMPLE)
    assert set(log.columns) == {"step", "loss/train", "Accuracy/val"}
    steps = range(0, 50, 10)
    assert column(log, "loss/train") == pytest.approx({step: 2 / (step + 1) for step in steps} | {50: 0.03125})
    assert column(log, "Accuracy/val") == pytest.approx({step: step / 100 for step in steps})
    assert (log.skipped, log.notes) == (0, [])


def test_tensors_of_one_number():
    log = read(TENSORS)
    assert set(log.columns) == {"step", "epoch_loss", "accuracy", "int32", "int64"}
    assert column(log, "epoch_loss") == pytest.approx({step: 3 / (step + 1) for step in range(4)})
    assert column(log, "accuracy") == {step: 0.25 * step for step in range(4)}
    assert column(log, "int32") == {step: step - 7 for step in range(4)}
    assert column(log, "int64") == {step: 10**12 - step for step in range(4)}


def test_the_checksum_is_that_of_crc_32c():
    crc = (masked_crc(b"123456789") - 0xA282EAD8) & 0xFFFFFFFF
    assert (crc << 15 | crc >> 17) & 0xFFFFFFFF == 0xE3069283  # the check value of CRC-32C


@pytest.mark.parametrize("whole", [SIMPLE, TENSORS], ids=["simple", "tensors"])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_pieces_give_the_rows_of_the_whole(whole, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    pieces, log = read(whole, *cuts), read(whole)
    assert rows_of(pieces) == rows_of(log)
    assert pieces.notes == log.notes


@settings(max_examples=60, deadline=None)
@given(at=st.integers(12, len(TENSORS) - 1), flip=st.integers(1, 255))
def test_a_damaged_record_ends_the_reading_with_a_note(at, flip):
    damaged = bytearray(TENSORS)
    damaged[at] ^= flip
    log, whole = read(bytes(damaged)), rows_of(read(TENSORS))
    assert rows_of(log) == whole[: log.rows]
    assert log.notes


def test_half_a_record_at_the_end_waits():
    log = read(SIMPLE[:-5])
    assert log.notes == ["the last record is not complete"]
    assert log.rows == len(rows_of(read(SIMPLE))) - 1


@pytest.mark.parametrize("cuts", [(), (100, 70_000, 100_000), (len(SIMPLE) + 5, len(SIMPLE) + 13)])
def test_a_large_record_is_passed_over(cuts):
    length = struct.pack("<Q", LARGEST + 1)
    large = length + struct.pack("<I", masked_crc(length)) + bytes(LARGEST + 1 + 4)
    assert rows_of(read(SIMPLE + large + SIMPLE, *cuts)) == rows_of(read(SIMPLE)) * 2


@given(st.binary(max_size=60))
def test_any_bytes_are_an_event_or_refused(event):
    try:
        row = scalars(event)
    except (ValueError, IndexError, struct.error):
        return
    assert all(isinstance(value, int | float) for value in row.values())


def test_what_is_not_finite_is_kept():
    def field(place, content):
        return bytes([place << 3 | 2, len(content)]) + content

    value = field(1, b"loss") + b"\x15" + struct.pack("<f", math.nan)
    assert math.isnan(scalars(b"\x10\x07" + field(5, field(1, value)))["loss"])
