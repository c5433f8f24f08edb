"""MATLAB files: what their text says of functions, and how Octave runs them. Without Octave only the first."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from lab.check.worker.errors import CodeError
from lab.check.worker.matlab import read_m
from lab.check.worker.octave import Octave, OctaveError
from lab.check.worker.octave_values import Cell, Map, Structs
from tests.lab.check.loader import Loader

OCTAVE = shutil.which("octave-cli") or shutil.which("octave")
needs_octave = pytest.mark.skipif(OCTAVE is None, reason="Octave is not installed")


# Text


@pytest.mark.parametrize(
    ("header", "name", "arguments", "outputs"),
    [
        ("function y = f(x)", "f", ("x",), ("y",)),
        ("function [y]=f ( x , W,b )", "f", ("x", "W", "b"), ("y",)),
        ("function[J, grad_W,grad_b] = ComputeCost(X, Y, lambda)", "ComputeCost", ("X", "Y", "lambda"), None),
        ("function [a b] = f(x)", "f", ("x",), ("a", "b")),
        ("function f", "f", (), ()),
        ("function f()", "f", (), ()),
        ("function f(x) % a comment (with) brackets", "f", ("x",), ()),
        ("function [out, varargout] = f(x, ~, varargin)", "f", ("x", "~", "varargin"), ("out", "varargout")),
        ("function [a, ... first\n   b] = f(x, ... 'more\n   y)", "f", ("x", "y"), ("a", "b")),
        ("  function y=f(x) y=x;", "f", ("x",), ("y",)),
        ("%{\nfunction no(x)\n%}\nfunction y = f(x)", "f", ("x",), ("y",)),
        ("% function no(x)\n\nfunction y = f(x)", "f", ("x",), ("y",)),
    ],
)
def test_headers(header: str, name: str, arguments: tuple[str, ...], outputs: tuple[str, ...] | None):
    (found,) = read_m("f.m", header + "\n y = 1;\n").functions
    assert (found.name, found.arguments) == (name, arguments)
    assert found.outputs == (outputs or found.outputs)


BODY = """    if X(end) > 1, y = X'; else y = 'function end'; end
    for i = 1:numel(X), s.end = X(i); s.if = "don't % stop"; end
    while true; break; end % end
    switch y
      case 'a'
        y = [X(1:end)', X']; x = {X{end}};
      otherwise
        try, error('x'); catch me, end
    end
"""


@pytest.mark.parametrize(
    ("first", "end"),
    [
        *(
            (first, end)
            for first in ("", "1;\n", "% text\n\n")
            for end in ("end", "endfunction", "", "end  % of it", "end;")
        ),
        *(("x = 3;\nplot(x, 'o'); hold on\n", end) for end in ("end", "endfunction")),
    ],
)
def test_functions_of_a_file_end_where_they_end(first: str, end: str):
    text = first + "".join(f"function y = f{i}(X)\n{BODY}{end}\n\n% between\n" for i in range(3))
    file = read_m("f.m", text)
    assert [f.name for f in file.functions] == ["f0", "f1", "f2"]
    assert [text.splitlines()[f.line - 1] for f in file.functions] == [f"function y = f{i}(X)" for i in range(3)]
    assert all(f.text.count("function y") == 1 and "otherwise" in f.text for f in file.functions)
    assert file.script == first.startswith("x")


def test_code_after_functions_makes_a_script():
    assert read_m("f.m", "function y = f(x)\n y = x;\nend\n\ndisp(f(3))\n").script


def test_argument_blocks_that_octave_does_not_know_are_blanked():
    (found,) = read_m("f.m", "function y = f(x)\n  arguments\n    x (1,:) double\n  end\n  y = x;\nend\n").functions
    assert found.text == "function y = f(x)\n\n\n\n  y = x;\nend"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("classdef Net < handle\nend", "f.m defines a class"),
        ("#import <Foundation/Foundation.h>\n@implementation A", "f.m is Objective-C, not MATLAB"),
        ("(* A package *)\nf[x_] := x", "f.m is Mathematica, not MATLAB"),
        ("function = (x)", "line 1: a function without a name"),
    ],
)
def test_what_is_no_file_of_functions(text: str, why: str):
    with pytest.raises(CodeError, match=why):
        read_m("f.m", text)


# Values


@pytest.fixture(scope="module")
def octave() -> Iterator[Octave]:
    octave = Octave("test.m")
    octave.call("eval", "function varargout = identity(varargin)\n varargout = varargin;\nend", outputs=0)
    yield octave
    octave.close()


VALUES = [
    np.arange(6.0).reshape(2, 3),
    np.arange(24.0).reshape(2, 3, 4),
    np.float32([[1.5, 2.5]]),
    np.array([[1 + 2j], [3j]]),
    np.complex64([[1 + 2j]]),
    np.array([[True, False]]),
    np.array([[True]]),
    *(np.array([[1, 2], [3, 100]], dtype) for dtype in ("i1", "i2", "i4", "u1", "u2", "u4", "u8")),
    np.array([[7]], "i4"),
    np.zeros((0, 3)),
    np.array([[np.nan, np.inf, -np.inf, 1e-300]]),
    np.ones((100, 100)),
    "text",
    'it\'s "å"',
    "",
    {"W": np.ones((2, 2)), "b": {"c": "x"}, "empty": {}},
    [np.ones((1, 1)), "x", [np.zeros((2, 1))], {"a": [np.ones((1, 2))]}],
    [],
]


def same(a: object, b: object) -> bool:
    """Equal values of equal types, all the way down."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


@needs_octave
@pytest.mark.parametrize("value", VALUES, ids=lambda v: repr(v)[:30].replace("\n", " "))
def test_values_come_back_as_they_were(octave: Octave, value: object):
    for _ in range(2):
        (back,) = octave.call("identity", value)
        assert same(value, back)


@needs_octave
@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (3, "3:double"),
        (2.5, "2.5000:double"),
        (True, "1:logical"),
        (None, "[](0x0):double"),
        (np.float64(2), "2:double"),
        (np.int64(2), "2:double"),
        (np.arange(3), "0\n1\n2:double"),
        (np.arange(3.0)[:, None] * 2, "0\n2\n4:double"),
        (np.float16([[2]]), "2:double"),
        ((1, 2), "{\n}:cell"),
    ],
)
def test_what_octave_sees(octave: Octave, value: object, seen: str):
    shown, kind = octave.call("disp", value)[0], octave.call("class", value)[0]
    told = "\n".join(line.strip() for line in shown.strip().splitlines() if "=" not in line and "[" not in line[1:])
    assert f"{told}:{kind}" == seen


@needs_octave
@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1:3", np.array([[1.0, 2, 3]])),
        ("eye(2)", np.eye(2)),
        ("2 * eye(2)", 2 * np.eye(2)),
        ("eye(3)([2 1 3], :)", np.eye(3)[[1, 0, 2]]),
        ("sparse([1 0; 0 2])", np.diag([1.0, 2])),
        ("single(3)", np.float32([[3]])),
        ("3 > 2", np.array([[True]])),
        ("1i", np.array([[1j]])),
        ("single(1i)", np.complex64([[1j]])),
        ("int32(3)", np.int32([[3]])),
        ("[]", np.zeros((0, 0))),
        ("''", ""),
        ("['ab'; 'cd']", ["ab", "cd"]),
        ("struct('a', {1, 2})", [{"a": np.ones((1, 1))}, {"a": 2 * np.ones((1, 1))}]),
        ("{1:3, eye(2)}", [np.array([[1.0, 2, 3]]), np.eye(2)]),
        ("containers.Map({'a'}, {3})", {"a": np.array([[3.0]])}),
        ("struct('m', eye(2), 'r', 1:2)", {"m": np.eye(2), "r": np.array([[1.0, 2]])}),
        ("ones(200) * 3", 3 * np.ones((200, 200))),  # of these Octave packs the numbers
    ],
)
def test_what_octave_gives(octave: Octave, expression: str, value: object):
    (given,) = octave.call("eval", expression)
    assert same(value, given)


@needs_octave
def test_shapes_of_cells_and_structs_and_what_stays_in_octave(octave: Octave):
    (cell,) = octave.call("eval", "{1, 2; 3, 4; 5, 6}")
    assert isinstance(cell, Cell)
    assert cell.shape == octave.call("identity", cell)[0].shape == (3, 2)
    (structs,) = octave.call("eval", "struct('a', {1; 2})")
    assert isinstance(structs, Structs)
    assert octave.call("size", structs)[0].tolist() == [[2, 1]]
    (net,) = octave.call("eval", "struct('act', @(x) x + 1, 'map', containers.Map({'k'}, {5}))")
    assert isinstance(net["map"], Map)
    assert octave.call(net["act"], 3)[0] == 4
    assert octave.call("feval", net["act"], 3)[0] == 4
    (again,) = octave.call("identity", net)
    assert octave.call("feval", again["act"], 4)[0] == 5
    assert octave.call("isobject", again["map"])[0]


@needs_octave
def test_octave_has_nothing_like_it_and_is_fine_after_an_error(octave: Octave):
    with pytest.raises(TypeError, match="nothing like a object"):
        octave.call("identity", object())
    with pytest.raises(OctaveError, match="not_there"):
        octave.call("not_there")
    assert octave.call("identity", 1, 2, outputs=2) == [1, 2]


@needs_octave
@pytest.mark.parametrize("factor", [0.5, np.float64(0.5), np.array([[0.5]]), 0.5j])
def test_a_number_times_a_matrix(octave: Octave, factor: object):
    assert same(octave.call("mtimes", factor, np.ones((3, 5)))[0], np.full((3, 5), np.ravel(factor)[0]))


# Files

DENSE = {
    "ComputeGradients.m": """
        % Gradients
        function [grad_W, grad_b] = ComputeGradients(X, Y, P, W, lambda)
          n = size(X, 2);
          G = -(Y - P);
          grad_W = G * X' / n + twice(lambda) * W;
          grad_b = G * ones(n, 1) / n;

        function y = twice(x)
          y = 2 * x;
        """,
    "EvaluateClassifier.m": """
        function P = EvaluateClassifier(X, W, b)
          S = W * X + b;
          P = exp(S) ./ sum(exp(S), 1);
        end
        """,
}


@needs_octave
def test_a_file_of_functions_and_those_beside_it(loader: Loader, write):
    given = "np.ones((2, 3)), np.ones((1, 3)), np.zeros((1, 3)), np.ones((1, 2)), 1"
    answer = loader(
        write(DENSE),
        f"[a.tolist() for a in ComputeGradients({given})]",
        "str(ComputeGradients.__signature__)",
        "ComputeGradients.outputs",
        "twice(4.0).tolist()",
        "EvaluateClassifier(np.zeros((2, 1)), np.zeros((2, 2)), np.zeros((2, 1))).tolist()",
        "[f.__module__ for f in (ComputeGradients, twice, EvaluateClassifier)]",
        "twice",
        "EvaluateClassifier",
    )
    assert answer.values[:6] == (
        "[[[1.0, 1.0]], [[-1.0]]]",
        "'(X, Y, P, W, lambda, /)'",
        "('grad_W', 'grad_b')",
        "[[8.0]]",
        "[[0.5], [0.5]]",
        "['ComputeGradients', 'ComputeGradients', 'EvaluateClassifier']",
    )
    assert answer.wheres[6:] == ("line 9", "")
    assert answer.notes == ()


@needs_octave
def test_a_script_is_not_run_and_its_functions_are_there(loader: Loader, write):
    script = """
        clear all; close all
        [X, Y] = load_batch('data_batch_1.mat');
        n = input('epochs? ');
        while true
        end
        function J = cost(W)
          J = sum(W(:) .^ 2);
        end
        """
    answer = loader(write({"Assignment 1.m": script}), "cost(np.ones((2, 2))).tolist()", "cost")
    assert answer.values[0] == "[[4.0]]"
    assert answer.wheres[1] == "line 7"
    assert answer.notes == ("the script is not run: only its functions are there",)
    beside = loader(write({"run_all.m": "W = 1;\ncost(W)", **DENSE}), "[f.__module__ for f in (ComputeGradients,)]")
    assert beside.value == "['run_all']"
    assert beside.notes == ("the script is not run: only the functions of the files beside it are there",)


@needs_octave
def test_fewer_outputs_where_a_function_sets_only_some(loader: Loader, write):
    code = """
        function [a, b, c] = some(x)
          a = x; b = 2 * x;
          if nargout > 2 && x < 0
            c = 3;
          end
        end
        function varargout = many(varargin)
          varargout = varargin;
        end
        function none(x)
          disp(x);
        end
        """
    some = ("[v.item() for v in some(1)]", "some(1, nargout=1).item()")
    many = ("many(5).item()", "many(1, 2, nargout=2)[1].item()")
    answer = loader(write({"some.m": code}), *some, *many, "none('hello')")
    assert answer.values == ("[1.0, 2.0]", "1.0", "5.0", "2.0", "None")
    assert "hello" in answer.prints


@needs_octave
def test_errors_say_the_line_of_the_students_file(loader: Loader, write):
    files = {
        "net.m": """
            % comments
            function y = net(x)
              y = inner(x);
            end

            function y = inner(x)
              y = x * ones(7, 2);
            end

            function y = missing(x)
              y = no_such_thing(x);
            end

            function y = outside(x)
              y = helper(x);
            end
            """,
        "helper.m": "function y = helper(x)\n\n  error('my:id', 'bad %d', x);\nend",
    }
    answer = loader(write(files), "net(np.ones((2, 3)))", "missing(1)", "outside(4)", "net()")
    why = "(no variable, and no function that Octave or the folder has)"
    assert answer.values[0].startswith("OctaveError: line 8, in inner: operator *: nonconformant arguments")
    assert answer.values[1] == (f"OctaveError: line 12, in missing: 'no_such_thing' undefined {why}")
    assert answer.values[2] == "OctaveError: helper.m, line 3: bad 4"
    assert answer.values[3] == f"OctaveError: line 4, in net: 'x' undefined {why}"


@needs_octave
@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("input('?')", "asks for input"),
        ("keyboard", "asks for input"),
        ("exit(2)", "Octave has ended (exit code 2)"),
        ("quit", "Octave has ended (exit code 0)"),
    ],
)
def test_functions_that_ask_or_end(loader: Loader, write, call: str, says: str):
    assert says in loader(write({"f.m": f"function y = f()\n y = 1;\n {call};\nend"}), "f()").value


@needs_octave
def test_plots_are_not_drawn_and_functions_of_matlab_are_there(loader: Loader, write):
    code = """
        function y = f(x)
          figure(1); plot(x, x); title('a'); drawnow; pause(100);
          y = [heaviside(-1) heaviside(0) heaviside(2) sumsqr([1 2]) sum(softmax([1; 1]))];
        end
        """
    assert loader(write({"f.m": code}), "f(1).tolist()").value == "[[0.0, 0.5, 1.0, 5.0, 1.0]]"
    every = """
        function y = f(x)
          y = [sum(x, 'all'), max(x, [], 'all'), sum(sum(x, 1)), sum(x(:)), prod(x, "all")];
        end
        """
    assert (
        loader(write({"f.m": every}), "f(np.array([[1, 2], [3, 4]])).tolist()").value
        == "[[10.0, 4.0, 10.0, 10.0, 24.0]]"
    )
    own = {"f.m": "function y = f(x)\n y = softmax(x);\nend", "softmax.m": "function y = softmax(x)\n y = 7;\nend"}
    assert loader(write(own), "f(1).item()").value == "7.0"


@needs_octave
@pytest.mark.parametrize("place", ["layers/relu.m", "a/b/relu.m", "../relu.m"])
def test_functions_of_other_folders_are_found(loader: Loader, write, place: str):
    path = write({"hw/f.m": "function y = f(x)\n y = relu(x);\nend"})
    (path.parent / place).parent.mkdir(parents=True, exist_ok=True)
    (path.parent / place).write_text("function y = relu(x)\n y = max(x, 0);\nend")
    assert loader(path, "f(-1).item()").value == "0.0"


@needs_octave
def test_what_octave_cannot_read_is_left_out(loader: Loader, write):
    bad = "function y = bad(x)\n  z = 1;\n  y = (x;\nend\n"
    good = "function y = f(x)\n  y = x;\nend\n\n"
    answer = loader(write({"script.m": f"x = 3;\n{good}{bad}"}), "f(2).item()")
    assert answer.value == "2.0"
    assert "bad is left out: Octave cannot read line 8: y = (x;" in answer.notes
    assert loader(write({"f.m": good + bad})).error == "f.m: bad is left out: Octave cannot read line 7: y = (x;"


@needs_octave
def test_a_script_alone_has_nothing_to_check(loader: Loader, write):
    assert loader(write({"only.m": "x = 3\n"})).error == "only.m has no functions, and there are none beside it"


def test_without_octave_one_sentence_says_so(write):
    path = write(DENSE)
    code = f"from pathlib import Path; from lab.check.worker.loading import load; load(Path({str(path)!r}))"
    result = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PATH": ""}, capture_output=True, text=True, check=False
    )
    assert result.stderr.strip().endswith(
        "ComputeGradients.m needs Octave, which is not installed here (Debian: octave)"
    )


@needs_octave
def test_a_call_takes_few_milliseconds(octave: Octave):
    import time

    net = {"W": [np.ones((5, 4)), np.ones((3, 5))], "b": [np.ones((5, 1)), np.ones((3, 1))]}
    octave.call("identity", net)
    begun = time.perf_counter()
    for _ in range(100):
        octave.call("identity", net)
    assert time.perf_counter() - begun < 1.5  # 0.03 to 0.1 on a machine of its own
