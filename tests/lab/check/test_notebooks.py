"""Notebooks load cell by cell, in every format, and lines are told as cell and line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.check.student import check_file
from tests.lab.check.loader import Loader

DEFINITIONS = "def grads(X, W):\n    return X.T @ W\n\nclass Net:\n    def loss(self):\n        return 1.0"


def book(*cells: str, form: int = 4, joined: bool = False, language: str = "python") -> str:
    """A notebook with these cells of code, each below a cell of text."""
    both = []
    for cell in cells:
        source: str | list[str] = cell if joined else cell.splitlines(keepends=True)
        key = "source" if form == 4 else "input"
        both += [{"cell_type": "markdown", "source": ["# text\n", "x = 1 / 0"]}, {"cell_type": "code", key: source}]
    metadata = {"kernelspec": {"language": language, "name": language}}
    if form == 4:
        return json.dumps({"cells": both, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})
    return json.dumps({"worksheets": [{"cells": both}], "metadata": metadata, "nbformat": form})


@pytest.mark.parametrize("form", [2, 3, 4])
@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("name", ["net.ipynb", "my notebook.IPYNB", "net.py"])
def test_code_cells_run_in_order_and_know_their_lines(loader: Loader, write, form: int, joined: bool, name: str):
    text = book(
        "import numpy as np\nlam = 1", "", DEFINITIONS, "lam += 1\nx = np.ones(2) * lam", form=form, joined=joined
    )
    answer = loader(write({name: text}), "x.tolist()", "Net().loss()", "grads", "Net", "Net.loss")
    assert answer.values[:2] == ("[2.0, 2.0]", "1.0")
    assert answer.wheres[2:] == ("cell 3, line 1", "cell 3, line 4", "cell 3, line 5")
    assert answer.notes == ()


@pytest.mark.parametrize(
    "cell",
    [
        "%matplotlib inline\nx = 1",
        "x = 1\n%load_ext autoreload\n%autoreload 2",
        "!pip install tqdm \\\n  --quiet \\\n  pandas\nx = 1",
        "import os\nif os.sep:\n    !ls\nx = 1",
        "files = !ls\nx = 1",
        "t = %timeit -o sum([1])\nx = 1",
        "x = 1\nx?",
        "?sum\nx = 1",
        "import os\nx = 1\nos.path.join??",
        "%%time\nx = 1",
        "\n%%capture out\nx = 1",
        "x = 1\n%time y = [x\n",
        "x = 1\nget_ipython().run_line_magic('matplotlib', 'inline')\ndisplay(x)",
        "for i in range(1):\n    %time x = 1\nx = 1",
        "from __future__ import print_function\nx = 1",
        "a = ('%d'\n% 3)\nx = 1",
    ],
)
def test_magics_and_shell_lines_are_left_out(loader: Loader, write, cell: str):
    answer = loader(write({"net.ipynb": book("a = 0", cell, DEFINITIONS)}), "x", "Net")
    assert answer.values[0] == "1"
    assert answer.wheres[1] == "cell 3, line 4"
    assert answer.note == ""


@pytest.mark.parametrize("magic", ["bash", "html", "javascript", "writefile layers.py", "R", "sh -e", "latex", "!"])
def test_cells_of_another_language_are_left_out(loader: Loader, write, magic: str):
    answer = loader(write({"net.ipynb": book(f"%%{magic}\nx = 5\n<p>", DEFINITIONS)}), "Net")
    assert answer.wheres == ("cell 2, line 1",) or answer.wheres == ("cell 2, line 4",)
    assert "x" not in answer.names


def test_cells_that_fail_ask_or_do_not_end_are_reduced_to_definitions(loader: Loader, write):
    text = book(
        "import numpy as np\nX = np.load('x.npy')\ndef mean():\n    return X.mean()",
        "n = input()\nW = 3",
        "for k in range(10**12):\n    pass\n",
        "for epoch in range(3):\n    print(epoch)\nlam = 0.5\n" + DEFINITIONS,
    )
    answer = loader(write({"net.ipynb": text}), "mean()", "lam", "W", patience=0.2)
    why = "cell 1, line 2 is left out (reads x.npy, which is not there)"
    assert answer.values == (f"NameError: X is not there: {why}", "0.5", "3")
    assert "cell 1, line 2 (reads x.npy, which is not there), cell 2, line 1 (asks for input)" in answer.note
    assert "cell 3, line 1 (takes longer than 0.2 s)" in answer.note
    assert answer.prints == ""


def test_a_cell_that_is_no_python_is_left_out_and_told(loader: Loader, write):
    answer = loader(
        write({"net.ipynb": book("a = 1\nprint 'x'", "some words of text", DEFINITIONS, "return 3")}), "Net"
    )
    assert answer.wheres == ("cell 3, line 4",)
    assert "a cell is left out: Python 2: print without parentheses, cell 1, line 2: print 'x'" in answer.notes
    assert "a cell is left out: this is not Python (invalid syntax), cell 2, line 1: some words of text" in answer.notes
    assert "cell 4, line 1" in answer.note


def test_where_no_cell_is_python_the_reasons_are_the_error(loader: Loader, write):
    assert "Python 2: print" in loader(write({"net.ipynb": book("print 'x'")})).error


def test_the_last_of_two_definitions_counts(loader: Loader, write):
    again = "class Net:\n    x = 3\n\n    def loss(self):\n        return 2.0\n\ndef grads():\n    return 2"
    answer = loader(write({"net.ipynb": book(DEFINITIONS, again)}), "Net", "grads", "Net().loss()")
    assert (answer.wheres[0], answer.wheres[1], answer.values[2]) == ("cell 2, line 1", "cell 2, line 7", "2.0")


def test_the_text_of_functions_can_be_looked_at(loader: Loader, write):
    answer = loader(
        write({"net.ipynb": book("import inspect", "%time\n" + DEFINITIONS)}),
        "inspect.getsource(grads)",
        "inspect.getsource(Net)",
    )
    assert answer.values[0] == repr("def grads(X, W):\n    return X.T @ W\n")
    assert answer.values[1].startswith("'class Net:")


@pytest.mark.parametrize("run", ["%run other.py", "%run 'other.ipynb'", "%run -i ./other.py", "%run other.ipynb -n 3"])
def test_files_that_the_notebook_runs_are_run(loader: Loader, write, run: str):
    other = "import nothere\nX = open('x')\n" + DEFINITIONS
    path = write({"net.ipynb": book(run, "y = Net().loss()"), "other.py": other, "other.ipynb": book(other)})
    answer = loader(path, "y")
    assert answer.value == "1.0"
    assert "(reads x, which is not there)" in answer.note


def test_a_file_to_run_that_is_not_there(loader: Loader, write):
    answer = loader(write({"net.ipynb": book("%run gone.py", DEFINITIONS)}), "Net().loss()")
    assert answer.value == "1.0"
    assert "cell 1, line 1 (there is no file" in answer.note


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"cells": [', "net.ipynb is damaged, it is not JSON"),
        ("not json", "net.ipynb is damaged, it is not JSON"),
        pytest.param("[" * 100_000, "net.ipynb is damaged, it is not JSON", id="deep"),
        ("", "net.ipynb is empty"),
        ('{"a": 1}', "net.ipynb is JSON and no notebook: it has no cells"),
        ("[1, 2]", "net.ipynb is JSON and no notebook: it has no cells"),
        ('{"cells": {"a": 1}}', "net.ipynb is JSON and no notebook: it has no cells"),
        ('{"cells": []}', "net.ipynb has no cells of code"),
        ('{"cells": [3, null, {"cell_type": "code"}], "metadata": 3}', "net.ipynb has no cells of code"),
        ('{"worksheets": [{"x": 1}, 4]}', "net.ipynb has no cells of code"),
        (book("x = 1").replace('"# text', '\n<<<<<<< HEAD\n"# text'), "net.ipynb: a merge conflict is not resolved"),
        (book("x <- 1", language="R"), "net.ipynb is a notebook of r, not of Python"),
        (book("x = 1", language="julia"), "net.ipynb is a notebook of julia, not of Python"),
    ],
)
def test_what_is_no_notebook_is_said_in_a_sentence(loader: Loader, write: Callable[..., Path], text: str, error: str):
    assert loader(write({"net.ipynb": text})).error.startswith(error)


def test_a_report_names_the_cell(write):
    code = """class Square:
    def __init__(self):
        self.params = {"W": np.ones((2, 3))}

    def loss(self):
        return float(np.sum(self.params["W"] ** 2))

    def grads(self):
        return {"W": 2 * self.params["W"][:1]}"""
    report = check_file(write({"net.ipynb": book("import numpy as np", "%time\n" + code)}), "Square").report
    assert not report.passed
    assert "(grads(), cell 2, line 9)" in report.tensors[0].diagnosis
