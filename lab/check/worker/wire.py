"""Questions and answers as frames on two pipes: the length of a JSON head, the head, the bytes of the arrays it lists.

Nothing is pickled, and whatever arrives is doubted: a student's file may write over the answers.
"""

import json
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

NUMBERS = "fciub"  # the kinds of dtype that go over the wire: no objects
HEAD = 1 << 24  # bytes a head may have
BYTES = 1 << 31  # bytes the arrays of a frame may have


def send(stream: IO[bytes], head: Mapping[str, Any], arrays: Mapping[str, Any] | None = None) -> None:
    """One frame."""
    arrays = {name: np.asarray(a, order="C") for name, a in (arrays or {}).items()}
    listed = [(name, a.dtype.str, a.shape) for name, a in arrays.items()]
    text = json.dumps({**head, "arrays": listed}, default=_plain).encode()
    stream.write(len(text).to_bytes(8, "little") + text)
    for a in arrays.values():
        stream.write(a.tobytes())
    stream.flush()


def _plain(value: Any) -> Any:
    """What a student's code keeps among its settings, as JSON has it."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "fiub" else repr(value)


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The head and the arrays of one frame. Raises EOFError if the other side is gone, ValueError for what is none."""
    size = int.from_bytes(_exactly(stream, 8), "little")
    if size > HEAD:
        raise ValueError(f"a head of {size} bytes")
    text = _exactly(stream, size)
    try:
        head = json.loads(text)
        listed = [(str(name), np.dtype(dtype), tuple(map(int, shape))) for name, dtype, shape in head.pop("arrays")]
    except (TypeError, AttributeError, KeyError, RecursionError) as error:
        raise ValueError(f"a head that says nothing: {error}") from None
    arrays, left = {}, BYTES
    for name, kind, shape in listed:
        if kind.kind not in NUMBERS:
            raise ValueError(f"{name} holds {kind}")
        size = kind.itemsize
        for axis in shape:  # in Python's integers, which do not overflow
            size *= axis
        left -= size
        if left < 0 or any(axis < 0 for axis in shape) or len(shape) > 32:
            raise ValueError(f"{name} has shape {shape}")
        arrays[name] = np.frombuffer(_exactly(stream, size), kind).reshape(shape).copy()
    return head, arrays


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data
