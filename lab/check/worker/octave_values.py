"""Values of Octave in its binary format: what `save -binary` writes and `load -binary` reads.

A file is "Octave-1-L", a byte for the format of floats, and named values. A value is its name, a text about it, whether
it is global, the name of its type and what the type has: libinterp/corefcn/ls-oct-binary.cc and ov-*.cc of Octave. Of
the types that Octave has for matrices of special forms none is read: UnknownError asks for plain ones.
"""

import struct
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

HEAD = b"Octave-1-L\0"
SIZES = ("u1", "u2", "u4", "i1", "i2", "i4", "f4", "f8")  # how numbers may be packed, by Octave's code
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


class UnknownError(Exception):
    """A type that is not read here."""


class Cell(list[Any]):
    """A cell: its elements, the first axis fastest, and its `shape`."""

    shape: tuple[int, ...] = ()


class Structs(list[dict[str, Any]]):
    """An array of structs: its elements, the first axis fastest, and its `shape`."""

    shape: tuple[int, ...] = ()


class Kept(dict[str, Any]):
    """A function or an object that stays in Octave."""


class Map(dict[str, Any]):
    """A containers.Map."""


def encode(name: str, value: Any) -> bytes:
    """A file with one value. Vectors of one axis become columns, as X(:) would be; lists cells with one row; dicts
    structs; Python's integers double, as all numbers are in Octave. Raises TypeError for what Octave has nothing like.
    """
    return HEAD + _named(name, value)


def holds_kept(value: Any) -> bool:
    """Is there something in it that Octave keeps?"""
    if isinstance(value, (Kept, Map)):
        return True
    if isinstance(value, Mapping):
        return any(map(holds_kept, value.values()))
    return isinstance(value, (list, tuple)) and any(map(holds_kept, value))


def _named(name: str, value: Any) -> bytes:
    kind, content = _typed(value)
    return b"".join((_text(name), _text(""), b"\0\xff", _text(kind), content))


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<i", len(data)) + data


def _axes(shape: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(shape) + 1}i", -len(shape), *shape)


def _typed(value: Any) -> tuple[str, bytes]:
    """The type of a value and its bytes."""
    if isinstance(value, str):
        data = value.encode()
        return "sq_string", _axes((min(len(data), 1), len(data))) + data
    if isinstance(value, SimpleNamespace):
        value = vars(value)
    if isinstance(value, Map):
        value = {"gradlab_names": list(value), "gradlab_values": list(value.values())}
    if isinstance(value, Mapping):
        fields = b"".join(_named(str(name), part) for name, part in value.items())
        return "scalar struct", struct.pack("<i", len(value)) + fields
    if isinstance(value, Structs):
        names = list(value[0]) if value else []
        columns = b"".join(_named(name, _cell([part[name] for part in value], value.shape)) for name in names)
        return "struct", _axes(value.shape) + struct.pack("<i", len(names)) + columns
    if isinstance(value, (list, tuple)):
        shape = getattr(value, "shape", ())
        shape = shape if shape and np.prod(shape) == len(value) else (1, len(value))
        return "cell", _axes(shape) + b"".join(_named("<cell-element>", part) for part in value)
    array = np.zeros((0, 0)) if value is None else np.asarray(value)
    if array.dtype.kind not in "fciub":
        raise TypeError(f"Octave has nothing like a {type(value).__name__}")
    return _matrix(array)


def _cell(parts: list[Any], shape: tuple[int, ...]) -> Cell:
    cell = Cell(parts)
    cell.shape = shape
    return cell


def _matrix(array: Any) -> tuple[str, bytes]:
    shape = _axes(array.shape if array.ndim > 1 else (array.size, 1))
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind == "b":
        return "bool matrix", shape + array.tobytes("F")
    if kind in "iu" and array.dtype != np.int64:
        return f"{array.dtype.name} matrix", shape + array.tobytes("F")
    paired, form = "complex " if kind == "c" else "", "matrix"
    if array.size == 1:  # a matrix with one element cannot be multiplied by another: lambda * W
        form, shape = "scalar", b""
    if size == (8 if paired else 4) and kind in "fc":
        return f"float {paired}{form}", shape + b"\x06" + array.astype("c8" if paired else "f4").tobytes("F")
    return f"{paired}{form}", shape + b"\x07" + array.astype("c16" if paired else "f8").tobytes("F")


def decode(data: bytes) -> Any:
    """The one value of a file: arrays with at least two axes, text as a string (several rows of it: a list), cells,
    structs as dicts. Raises UnknownError."""
    return _Reader(data, len(HEAD)).named()[1]


class _Reader:
    """Reads values from a file's bytes, beginning at `at`."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at

    def named(self) -> tuple[str, Any]:
        """A name and a value."""
        name = self._text()
        self._text()
        self._at += 2
        return name, self._value(self._text())

    def _value(self, kind: str) -> Any:
        size, _, form = kind.rpartition(" ")
        if kind == "cell":
            shape = self._axes()
            return _cell([self.named()[1] for _ in range(int(np.prod(shape)))], shape)
        if kind == "scalar struct":
            return _struct(dict(self.named() for _ in range(self._integer())))
        if kind == "struct":
            return self._structs()
        if kind in ("string", "sq_string", "null_string", "null_sq_string"):
            shape = self._axes()
            rows = self._numbers("u1", int(np.prod(shape))).reshape(shape, order="F")
            texts = [row.tobytes().decode(errors="replace") for row in rows]
            return texts if len(texts) > 1 else "".join(texts)
        if kind in ("bool", "bool matrix"):
            return self._array("?", () if kind == "bool" else self._axes())
        if size in INTEGERS:
            return self._array(np.dtype(size).str, () if form == "scalar" else self._axes())
        if kind == "null_matrix":
            kind, form = "matrix", "matrix"
        if kind in [f"{single}{paired}{form}" for single in ("", "float ") for paired in ("", "complex ")]:
            if form not in ("scalar", "matrix"):
                raise UnknownError(kind)
            shape = () if form == "scalar" else self._axes()
            return self._floats("float" in kind, "complex" in kind, shape)
        raise UnknownError(kind)

    def _structs(self) -> Structs:
        shape = self._axes()
        columns = dict(self.named() for _ in range(self._integer()))
        structs = Structs({name: column[i] for name, column in columns.items()} for i in range(int(np.prod(shape))))
        structs.shape = shape
        return structs

    def _floats(self, single: bool, paired: bool, shape: tuple[int, ...]) -> Any:
        """Numbers as they are packed, in their own type."""
        code = self._data[self._at]
        self._at += 1
        flat = self._numbers(SIZES[code], int(np.prod(shape)) * (1 + paired))
        flat = flat.astype("f4" if single else "f8")
        return _shaped(flat.view("c8" if single else "c16") if paired else flat, shape)

    def _array(self, dtype: str, shape: tuple[int, ...]) -> Any:
        return _shaped(self._numbers(dtype, int(np.prod(shape))).copy(), shape)

    def _numbers(self, dtype: str, count: int) -> Any:
        found = np.frombuffer(self._data, dtype, count, self._at)
        self._at += found.nbytes
        return found

    def _axes(self) -> tuple[int, ...]:
        return tuple(self._integer() for _ in range(-self._integer()))

    def _integer(self) -> int:
        (number,) = struct.unpack_from("<i", self._data, self._at)
        self._at += 4
        return int(number)

    def _text(self) -> str:
        size = self._integer()
        self._at += size
        return self._data[self._at - size : self._at].decode(errors="replace")


def _shaped(flat: Any, shape: tuple[int, ...]) -> Any:
    return flat.reshape(shape or (1, 1), order="F")


def _struct(fields: dict[str, Any]) -> dict[str, Any]:
    """A struct, or what stands in one for something that the format cannot hold."""
    if "gradlab_kept" in fields:
        return Kept(fields)
    if "gradlab_names" in fields:
        return Map(zip(fields["gradlab_names"], fields["gradlab_values"], strict=True))
    return fields
