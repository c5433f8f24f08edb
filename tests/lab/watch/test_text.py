"""Tables as people's programs write them."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.watch.log import Log
from lab.watch.reader import Reader
from lab.watch.text import LONGEST, number


def rows_of(log: Log) -> list[dict[str, float]]:
    rows: list[dict[str, float]] = [{} for _ in range(log.rows)]
    for name, column in log.columns.items():
        for row, value in zip(column.rows, column.values, strict=True):
            rows[row][name] = value
    return rows


def read(data: str | bytes, *cuts: int) -> Log:
    data = data.encode() if isinstance(data, str) else data
    log = Log()
    reader = Reader(log)
    for start, end in zip((0, *cuts), (*cuts, len(data)), strict=True):
        reader.feed(data[start:end])
    reader.feed(b"", last=True)
    return log


EXPECTED = [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25}]
SAME = {
    "commas": "step,loss\n1,0.5\n2,0.25\n",
    "no end of the last line": "step,loss\n1,0.5\n2,0.25",
    "Windows": "step,loss\r\n1,0.5\r\n2,0.25\r\n",
    "old Mac": "step,loss\r1,0.5\r2,0.25\r",
    "blanks after commas": "step, loss\n1, 0.5\n2, 0.25\n",
    "quotes": '"step","loss"\n"1","0.5"\n"2","0.25"\n',
    "semicolons": "step;loss\n1;0.5\n2;0.25\n",
    "Swedish Excel": "step;loss\r\n1;0,5\r\n2;0,25\r\n",
    "Swedish with tabs": "step\tloss\n1\t0,5\n2\t0,25\n",
    "quoted decimal commas": 'step,loss\n1,"0,5"\n2,"0,25"\n',
    "empty cells at the end": "step;loss;;\n1;0,5;;\n2;0,25;;\n",
    "byte-order mark": "\ufeffstep,loss\n1,0.5\n2,0.25\n",
    "spaces in columns": "  step   loss\n     1    0.5\n     2   0.25\n",
    "savetxt": "# step loss\n1.000e+00 5.0e-01\n2.000e+00 2.5e-01\n",
    "MATLAB comment": "% step,loss\n1,0.5\n2,0.25\n",
    "Fortran": "step loss\n1 5.0D-01\n2 2.5D-01\n",
    "greeting": "Reading 3 files\nhello\n\nstep,loss\n1,0.5\n2,0.25\n",
    "late header": "1,0.5\nstep,loss\n2,0.25\n",
    "header twice": "step,loss\n1,0.5\nstep,loss\n2,0.25\n",
    "units": "step,loss\n(updates),(nats)\n1,0.5\n2,0.25\n",
    "remarks between": "step,loss\n1,0.5\nsaved a checkpoint\n2,0.25\n# done\n",
    "torn line": "step,loss\n1,0.5\n2\n1,0.5,2,0.25\n2,0.25\n",
    "zeros before": "\0\0\0\0step,loss\n1,0.5\n2,0.25\n",
    "wrapped numbers": "step,loss\n1,np.float64(0.5)\n2,tensor(0.25)\n",
    "JSON lines": '{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.25}\n',
    "JSON array": '[{"step": 1, "loss": 0.5},\n {"step": 2, "loss": 0.25}]\n',
    "JSON with text": '{"step": 1, "loss": "0.5", "ok": true, "x": [1]}\n{"step": 2, "loss": 0.25, "note": null}\n',
    "damaged JSON": '{"step": 1, "loss": 0.5}\n{"step": 2, "lo\n{"step": 2, "loss": 0.25}\n',
    "deep JSON": '{"step": 1, "loss": 0.5}\n{"a":' + "[" * 100_000 + '\n{"step": 2, "loss": 0.25}\n',
    "long line": f"step,loss\n1,0.5\n{'9' * (LONGEST + 1)}\n2,0.25\n",
}


@pytest.mark.parametrize("text", SAME.values(), ids=SAME.keys())
def test_the_same_table_however_it_is_written(text):
    assert rows_of(read(text)) == EXPECTED


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_names_keep_their_letters(encoding):
    assert "träning loss" in read("epoch,träning loss\n1,2.3\n2,2.1\n".encode(encoding)).columns


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings(encoding):
    text = "step,loss,förlust\n1,0.5,3\n2,0.25,4\n"
    assert [{name: row[name] for name in ("step", "loss")} for row in rows_of(read(text.encode(encoding)))] == EXPECTED


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-3", 1e-3), (" .5 ", 0.5), ("45.5%", 0.455), ("-Inf", -math.inf), ("Infinity", math.inf), ("1.#INF", math.inf)]
    + [("1,234", 1234.0), ("1,234.5", 1234.5), ("0,5", 0.5), ("1e999", math.inf), ("+3", 3.0)]
    + [(text, None) for text in ("", "-", "N/A", "None", "1_000", "0x10", "12:30", "2026-11-27", "٣", "1e", "train")],
)
def test_numbers(text, value):
    assert number(text) == value


@pytest.mark.parametrize("text", ["nan", "NaN", "-nan", "-nan(ind)", "-1.#IND", "1.#QNAN", "#NUM!", "#DIV/0!"])
def test_what_is_no_number_is_kept_as_nan(text):
    assert math.isnan(number(text))


@pytest.mark.parametrize(("text", "value"), [("1,234", 1.234), ("1.234,5", 1234.5), ("1 234,5", 1234.5)])
def test_between_semicolons_a_comma_is_the_decimal_one(text, value):
    assert number(text, ";") == value


def test_missing_values_leave_no_point_and_nan_does():
    rows = rows_of(read("epoch,step,train_loss,val_loss\n0,9,nan,\n0,19,,0.5\n"))
    assert rows[1] == {"epoch": 0, "step": 19, "val_loss": 0.5}
    assert math.isnan(rows[0].pop("train_loss"))
    assert rows[0] == {"epoch": 0, "step": 9}


@pytest.mark.parametrize(
    "text",
    [
        "epoch,phase,loss\n1,train,0.5\n1,val,0.25\n",
        '{"epoch": 1, "mode": "train", "loss": 0.5}\n{"epoch": 1, "mode": "val", "loss": 0.25}\n',
    ],
)
def test_a_column_may_say_of_which_part_a_row_is(text):
    assert rows_of(read(text)) == [{"epoch": 1, "train loss": 0.5}, {"epoch": 1, "validation loss": 0.25}]


def test_objects_in_objects():
    assert rows_of(read('{"step": 1, "train": {"loss": 0.5}}\n')) == [{"step": 1, "train/loss": 0.5}]


@pytest.mark.parametrize(
    "text", ['[{"step": 1, "loss": 2}, {"step": 2, "loss": 1}]\n', "{'step': 1, 'loss': 2}, {'step': 2, 'loss': 1}\n"]
)
def test_several_objects_in_a_line(text):
    assert rows_of(read(text.encode())) == [{"step": 1.0, "loss": 2.0}, {"step": 2.0, "loss": 1.0}]


def test_a_new_header_adds_columns():
    rows = rows_of(read("step,loss\n1,0.5\nstep,loss,acc\n2,0.25,0.9\n"))
    assert rows == [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25, "acc": 0.9}]


def test_names_that_are_alike_or_missing():
    assert rows_of(read(",loss,loss\n0,1,2\n")) == [{"column 1": 0, "loss": 1, "loss (column 3)": 2}]


TABLES = [line for text in SAME.values() if len(text) < 200 for line in text.splitlines()]
LINES = st.sampled_from([*TABLES, "", "hej då", "nan,inf", "1,2,3", "\0\0", "epoch,phase,acc", "1,train,0.5", "åäö;ö"])


@settings(max_examples=150, deadline=None)
@given(data=st.data(), lines=st.lists(LINES, max_size=12), end=st.sampled_from(["\n", "\r\n"]))
def test_any_pieces_of_a_file_give_the_rows_of_the_whole(data, lines, end):
    whole = end.join(lines).encode(data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    log, pieces = read(whole), read(whole, *cuts)
    assert json.dumps(rows_of(pieces)) == json.dumps(rows_of(log))
    assert (pieces.skipped, pieces.notes) == (log.skipped, log.notes)


@settings(max_examples=100, deadline=None)
@given(data=st.data(), whole=st.binary(max_size=200))
def test_any_bytes_can_be_read_in_any_pieces(data, whole):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=4)))
    assert json.dumps(rows_of(read(whole, *cuts))) == json.dumps(rows_of(read(whole)))


@pytest.mark.parametrize("separator", [",", ";", "\t", " "])
@pytest.mark.parametrize(
    "odd", ["", "nan,1,2", "a word", "1,2", "1,,3", "1_0,2,3", "1,2,3,", "# 1,2,3", "1.5d0,2,3", "1e400,2,3"]
)
def test_a_table_that_is_read_at_once_is_as_line_by_line(separator, odd):
    lines = [f"{i},{i / 7:.5f},{-i}e-3" for i in range(1500)]
    text = "\n".join(["step,loss,acc", *lines, odd, *lines, "7,0.5,"]).replace(",", separator)
    at_once, piecewise = read(text, 40), read(text, *range(40, len(text), 5000))
    assert (str(rows_of(at_once)), at_once.skipped) == (str(rows_of(piecewise)), piecewise.skipped)  # nan is not nan
    assert at_once.rows >= 3000
