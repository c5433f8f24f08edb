"""A training watched from inside: which examples its code looks at, with which parameters, and what it computes.

Python tells of every call, line and return in the student's files (sys.settrace). Whenever a function gets hold of rows
of the data that is a `Usage`; the parameters are looked up at that moment, by their names, in the functions that are
being run. Nothing of the code is changed.
"""

import re
import sys
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import CodeType, FrameType
from typing import Any

import numpy as np

from .course import Course, part_of
from .roles import Role, key_letter, plain, role
from .state import places
from .territory import own

MOST = 600  # usages that are kept
SNAPSHOTS = 60  # of all parameters
SETS = 8  # that the code makes of the data and that are known by their rows from then on
LINES = 6  # after a batch of examples was made in which its labels are looked for
NO_PARAMETER = re.compile(
    r"(d|g|v|m|s|r)|_?(grad|d_?[wb]|vel|mom|cache|best|old|prev|hist|init|delta|update|saved|copy|tmp|nabla|first_m|second_m"
    r"|moment|adam|config|opt|trace|smooth|step|start|backup|orig|snapshot|num_|slow|numeric)\w*|\w*(_grads?|_vel|_cache|_old|_prev|_hist|history|velocity|velocities|_best|_copy)"
)
# What is trained, where the arguments it began with stay beside it: Wstar beside W.
RENEWED = re.compile(
    r"[a-z]_?(star|new|cur|curr|current|trained|updated|fitted|learned)\b|\b(new|cur|curr|current|trained|updated|fitted|learned)_?[a-z]"
)
NEUTRAL = ("data", "value", "val", "array", "values")


@dataclass
class Usage:
    """Code that gets hold of examples. part and index: which they are; values: the rows as the code has them, (n, d),
    if they are not those that were handed in; params, averages: numbers of snapshots; labels: those beside them;
    returned: (function, numbers or an array) of functions that were given them."""

    part: str
    index: Any
    whole: bool
    function: str
    line: int
    params: int
    averages: int
    values: Any = None
    labels: Any = None
    dtype: str = ""
    returned: list[tuple[str, Any]] = field(default_factory=list)
    frame: Any = None
    lines: int = 0  # that were run since


class Tracer:
    """A with-block in which a training is watched. entry: its function's code; columns: are columns of X examples?"""

    first = 0  # the number of the first class

    def __init__(self, course: Course, entry: CodeType, columns: bool) -> None:
        self.course, self.entry, self.columns = course, entry, columns
        self.usages: list[Usage] = []
        self.snapshots: list[dict[str, Any]] = []
        self.averages: list[dict[str, Any]] = []
        self.final = -1
        self.final_averages = -1
        self.names: dict[str, str] = {}  # W1 -> what the student calls it
        self._d = course.sizes[0]
        rng = np.random.default_rng(17)
        self._ray = rng.normal(size=self._d)
        self._parts = list(course.parts)
        self._keys = self._owner = self._at = np.empty(0, int)
        for i, part in enumerate(self._parts):
            x = course.parts[part][0]
            self._know(x, i, np.arange(len(x)))
        self._scale = float(np.abs(self._keys).max(initial=0.0))
        self._known: dict[int, tuple[Any, int]] = {}  # id of an array -> itself and its last usage
        self._unknown: dict[int, Any] = {}
        self._bound: dict[tuple[int, str], int] = {}  # (frame, variable) -> the array that it stands for
        self._made = 0  # sets that the code made of the data by scaling and shifting

    def __enter__(self) -> "Tracer":
        self._before = sys.gettrace()
        sys.settrace(self._call)
        return self

    def __exit__(self, *error: object) -> None:
        sys.settrace(self._before)

    @property
    def full(self) -> bool:
        """Is enough seen?"""
        return len(self.usages) >= MOST or len(self.snapshots) >= SNAPSHOTS

    # What Python tells

    def _call(self, frame: FrameType, event: str, argument: object) -> Any:
        code = frame.f_code
        if not own(code.co_filename) or code.co_name.startswith("<") or self.full:
            return None
        self._forget(frame)
        self._look(frame, given=True)
        self._look_for_labels(frame)
        return self._inside

    def _inside(self, frame: FrameType, event: str, argument: object) -> Any:
        if self.full:
            return None
        if event == "line":
            self._look(frame)
            self._look_beside(frame)
        elif event == "return":
            self._look(frame)
            self._return(frame, argument)
        return self._inside

    def _look(self, frame: FrameType, given: bool = False) -> None:
        for name, value in list(frame.f_locals.items()):
            if not isinstance(value, np.ndarray) or value.ndim < 2 or value.dtype.kind not in "fiu":
                continue
            place = (id(frame), name)
            if self._bound.get(place) == id(value) and not given:
                continue
            self._bound[place] = id(value)
            if self._unknown.get(id(value)) is value and not given:
                continue
            rows = self._rows(value)
            found = None if rows is None else self._match(rows, name)
            if found is None or rows is None:
                if len(self._unknown) > 300:
                    self._unknown.clear()
                self._unknown[id(value)] = value
                continue
            if len(self._known) > 100:
                self._known.clear()
            self._known[id(value)] = (value, self._use(frame, value, rows, *found, given))

    def _forget(self, frame: FrameType) -> None:
        """A function that is called: another may have stood at its place in memory."""
        if len(self._bound) > 500:
            self._bound.clear()
        for place in [place for place in self._bound if place[0] == id(frame)]:
            del self._bound[place]

    def _look_for_labels(self, frame: FrameType) -> None:
        """The labels may be given to another function than the examples."""
        last = self.usages[-1] if self.usages else None
        if last is not None and last.labels is None:
            last.labels = self._labels_in(frame, len(last.index))

    def _look_beside(self, frame: FrameType) -> None:
        """The labels of a batch may come some lines after its examples."""
        last = self.usages[-1] if self.usages else None
        if last is None or last.frame is not frame or last.lines >= LINES:
            return
        last.lines += 1
        labels = self._labels(frame, len(last.index))
        last.labels = last.labels if labels is None else labels

    def _return(self, frame: FrameType, value: Any) -> None:
        if frame.f_code is self.entry:
            self.final, self.final_averages = self._snapshot(frame), self._running(frame)
            return
        kept = _kept(value, self.course.sizes[-1])
        if kept is None:
            return
        names = frame.f_code.co_varnames[: frame.f_code.co_argcount]
        given = [self._known.get(id(frame.f_locals.get(n))) for n in names]
        used = [k[1] for k in given if k is not None]
        if used:
            self.usages[used[0]].returned.append((frame.f_code.co_name, kept))

    # Which examples?

    def _rows(self, value: Any) -> Any:
        """The array as rows (n, d); None if it can be no data."""
        if value.ndim > 2:
            return value.reshape(len(value), -1) if value[0].size == self._d else None
        n, m = value.shape
        if self.columns and n == self._d:
            return value.T
        if m == self._d:
            return value
        return value.T if n == self._d else None

    def _know(self, rows: Any, part: int, index: Any) -> None:
        """From now on these rows are examples of a part."""
        keys = np.concatenate([self._keys, rows @ self._ray])
        order = np.argsort(keys, kind="stable")
        self._keys = keys[order]
        self._owner = np.concatenate([self._owner, np.full(len(index), part)])[order]
        self._at = np.concatenate([self._at, index])[order]

    def _match(self, rows: Any, name: str) -> tuple[str, Any, bool] | None:
        """(part, index, are they the rows that were handed in?), None if they are no rows of the data."""
        last = self.usages[-1] if self.usages else None
        if len(rows) == 0 or (len(rows) == 1 and last is not None and len(last.index) > 1 and not last.whole):
            return None  # an example of the batch that is looked at
        coarse = rows.dtype.itemsize < 8
        keys = rows.astype(np.float64) @ self._ray
        if not np.all(np.isfinite(keys)):
            return None
        tolerance = self._scale * ({4: 1e-5, 2: 1e-2}.get(rows.dtype.itemsize, 1e-10) if coarse else 1e-10)
        at = np.clip(np.searchsorted(self._keys, keys), 1, len(self._keys) - 1)
        at = at - (np.abs(self._keys[at - 1] - keys) < np.abs(self._keys[at] - keys))
        if np.all(np.abs(self._keys[at] - keys) <= tolerance):
            part, index = self._part(at)
            x = self.course.parts[part][0]
            return part, index, bool(np.array_equal(x[index[0]], rows[0])) and not coarse
        if role(part_of(name)[1] or name) is Role.X and rows.dtype.kind == "f" and len(rows) > 2:
            return self._alike(rows)
        return None

    def _part(self, at: Any) -> tuple[str, Any]:
        owners = self._owner[at]
        part = int(np.bincount(owners).argmax())
        return self._parts[part], np.where(owners == part, self._at[at], -1)

    def _alike(self, rows: Any) -> tuple[str, Any, bool] | None:
        """Rows whose features were scaled and shifted: those that they go along with."""
        for part, index in self._likely(len(rows)):
            if _affine_misfit(self.course.parts[part][0][index], rows) <= 1e-6:
                if self._made < SETS and len(index) == len(self.course.parts[part][1]):
                    self._made += 1
                    self._know(rows.astype(np.float64), self._parts.index(part), index)
                return part, index, False
        best: tuple[float, str, Any] | None = None
        mean, std = rows.mean(axis=0), rows.std(axis=0) + 1e-12
        for part in self._parts:
            x = self.course.parts[part][0]
            if len(rows) > len(x):
                continue
            z = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-12)
            likeness = ((rows - mean) / std) @ (z / (np.linalg.norm(z, axis=1, keepdims=True) + 1e-12)).T
            index = likeness.argmax(axis=1)
            off = _affine_misfit(x[index], rows)
            if best is None or off < best[0]:
                best = off, part, index
        if best is None or best[0] > 1e-4:
            return None
        return best[1], best[2], False

    def _likely(self, n: int) -> list[tuple[str, Any]]:
        """What was looked at last, and whole parts, of n examples: an array may be made of them."""
        seen = [(u.part, u.index) for u in self.usages[:-4:-1] if len(u.index) == n and np.all(u.index >= 0)]
        return [*seen, *((part, np.arange(n)) for part, (x, _) in self.course.parts.items() if len(x) == n)]

    def _use(self, frame: FrameType, value: Any, rows: Any, part: str, index: Any, exact: bool, given: bool) -> int:
        last = self.usages[-1] if self.usages else None
        same = last is not None and last.part == part and np.array_equal(last.index, index)
        params, averages = self._snapshot(frame, same and given), self._running(frame)
        labels = self._labels(frame, len(index))
        values = None if exact else np.array(rows, dtype=np.float64)
        unmoved = last is not None and (last.params, last.averages) == (params, averages)
        if last is not None and same and unmoved and _equal(last.values, values):
            last.labels = last.labels if labels is None else labels
            return len(self.usages) - 1
        whole = len(index) == len(self.course.parts[part][1]) and len(np.unique(index)) == len(index)
        self.usages.append(
            Usage(
                part,
                index,
                whole,
                frame.f_code.co_name,
                frame.f_lineno,
                params,
                averages,
                values,
                labels,
                str(value.dtype),
                frame=frame,
            )
        )
        return len(self.usages) - 1

    # What stands beside them?

    def _stack(self, frame: FrameType) -> list[FrameType]:
        """The functions of the student's that are being run, the innermost first."""
        found: list[FrameType] = []
        at: FrameType | None = frame
        while at is not None:
            if own(at.f_code.co_filename):
                found.append(at)
            if at.f_code is self.entry:
                break
            at = at.f_back
        return found

    def _labels(self, frame: FrameType, n: int) -> Any:
        found = (self._labels_in(at, n) for at in self._stack(frame)[:3])
        return next((labels for labels in found if labels is not None), None)

    def _labels_in(self, frame: FrameType, n: int) -> Any:
        k = self.course.sizes[-1]
        for name, value in frame.f_locals.items():
            if not isinstance(value, np.ndarray) or role(part_of(name)[1] or name) is not Role.LABELS:
                continue
            if value.shape in ((k, n), (n, k)) and set(np.unique(value)) <= {0, 1}:
                return value.argmax(axis=0 if value.shape == (k, n) else 1)
            if value.size == n and value.dtype.kind in "iuf":
                return value.reshape(-1).astype(int) - self.first
        return None

    def _snapshot(self, frame: FrameType, same: bool = False) -> int:
        """The number of the parameters as they are; -1 if they are not to be seen. same: are the examples those of
        before? Then parameters of before the last update are merely old ones that are read."""
        sizes, found = self.course.sizes, dict[str, Any]()
        for letter in ("W", "b", "gamma", "beta"):
            for at in [*(f.f_locals for f in self._stack(frame)), self._globals(frame)]:
                arrays = self._lettered(at, letter, sizes)
                if arrays:
                    found |= arrays
                    break
            if letter == "W" and not found:
                return -1
        for known in self.snapshots[: -8 if same else -2 : -1]:
            if known.keys() == found.keys() and all(np.array_equal(known[k], v) for k, v in found.items()):
                return len(self.snapshots) - 1
        self.snapshots.append({k: np.array(v) for k, v in found.items()})
        return len(self.snapshots) - 1

    def _globals(self, frame: FrameType) -> dict[str, Any]:
        return {
            k: v
            for k, v in frame.f_globals.items()
            if isinstance(v, np.ndarray | list | dict) and not k.startswith("__")
        }

    def _lettered(self, variables: Any, letter: str, sizes: tuple[int, ...]) -> dict[str, Any]:
        """W1, W2 ... of a letter among some variables; none if they are not complete."""
        shapes = [_shapes(letter, d, m) for d, m in pairwise(sizes)]
        shapes = shapes[:-1] if letter in ("gamma", "beta") else shapes
        fitting = set().union(*shapes) if shapes else set()
        candidates: list[tuple[str, Any]] = []
        seen: set[int] = set()
        for place in places(
            {k: v for k, v in variables.items() if not isinstance(v, np.ndarray) or v.shape in fitting}
        ):
            value = place.get()
            if not isinstance(value, np.ndarray) or value.shape not in fitting or id(value) in seen:
                continue
            if _letter_of(place.path, value) == letter:
                seen.add(id(value))
                candidates.append((place.path, value))
        groups: dict[str, list[tuple[str, Any]]] = {}
        for candidate in sorted(candidates, key=lambda c: not RENEWED.search(c[0].lower())):
            groups.setdefault(_group(candidate[0]), []).append(candidate)
        for group in [*groups.values(), candidates]:
            if found := self._by_layers(sorted(group, key=lambda c: _numbers(c[0])), letter, shapes):
                return found
        return {}

    def _by_layers(self, candidates: list[tuple[str, Any]], letter: str, shapes: list[Any]) -> dict[str, Any]:
        found, rest = dict[str, Any](), candidates
        for layer, fits in enumerate(shapes, 1):
            at = next((i for i, (_, v) in enumerate(rest) if v.shape in fits), None)
            if at is None:
                return {}
            path, found[f"{letter}{layer}"] = rest[at]
            self.names.setdefault(f"{letter}{layer}", _said(path))
            rest = rest[:at] + rest[at + 1 :] if letter == "W" else rest[at + 1 :]
        return found

    def _running(self, frame: FrameType) -> int:
        """The number of the running means and variances as they are; -1 if there are none."""
        hidden = set(self.course.sizes[1:-1])
        for at in self._stack(frame):
            found = {}
            for place in places(dict(at.f_locals)):
                value = place.get()
                words = re.findall(r"[A-Za-z_]\w*", place.path)
                if isinstance(value, np.ndarray) and value.size in hidden and words and role(words[-1]) is Role.AVERAGE:
                    found[place.path] = value
            if found:
                if self.averages and _same(self.averages[-1], found):
                    return len(self.averages) - 1
                self.averages.append({k: np.array(v) for k, v in found.items()})
                return len(self.averages) - 1
        return -1


class Ending(Tracer):
    """A with-block in which nothing is watched but the parameters that a training ends with: it costs next to
    nothing."""

    def __init__(self, course: Course, entry: CodeType, columns: bool) -> None:
        super().__init__(replace(course, parts={}), entry, columns)

    def _call(self, frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code is not self.entry:
            return None
        frame.f_trace_lines = False
        return self._inside

    def _inside(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "return":  # of a generator at every step: the last one counts
            self.snapshots.clear()
            self.averages.clear()
            self._return(frame, argument)
        return self._inside


def _group(path: str) -> str:
    """What is common to the parameters of all layers: ['W'] of ['W'][0], layers[].W of layers[0].W."""
    return re.sub(r"\[\d+\]$", "", path) if re.search(r"\[\d+\]$", path) else re.sub(r"\d+", "", path)


def _affine_misfit(x: Any, rows: Any) -> float:
    """How far rows are from a scaling and a shift of every feature of x, relative to their spread."""
    centred, other = x - x.mean(axis=0), rows - rows.mean(axis=0)
    slope = np.sum(centred * other, axis=0) / (np.sum(centred**2, axis=0) + 1e-300)
    return float(np.linalg.norm(other - slope * centred) / (np.linalg.norm(other) + 1e-300))


def _equal(a: Any, b: Any) -> bool:
    """The same rows, or none both times."""
    return (a is None) == (b is None) and (a is None or np.array_equal(a, b))


def _same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """The same numbers, wherever they are kept."""
    first, second = list(a.values()), list(b.values())
    return len(first) == len(second) and all(np.array_equal(x, y) for x, y in zip(first, second, strict=True))


def _shapes(letter: str, d: int, m: int) -> set[tuple[int, ...]]:
    return {(m, d), (d, m)} if letter == "W" else {(m,), (m, 1), (1, m)}


def _letter_of(path: str, value: Any) -> str:
    """The letter of a parameter at this path, "" if nothing there is one."""
    words = [w for w in re.findall(r"[A-Za-z_]\w*", path) if w not in NEUTRAL]
    if not words or any(NO_PARAMETER.fullmatch(w.lower()) for w in words):
        return ""
    bare = re.sub(
        r"_?(star|new|cur|curr|current|trained|updated|fitted|learned)$|^(new|cur|curr|current|trained|updated|fitted|learned)_?",
        "",
        words[-1],
    )
    if letter := key_letter(bare):
        return letter
    if role(words[-1]) in (Role.NETWORK, Role.W):
        return "W" if sum(axis > 1 for axis in value.shape) > 1 else "b"
    return ""


def _numbers(path: str) -> list[int]:
    return [int(n) for n in re.findall(r"\d+", path)]


def _said(path: str) -> str:
    """W1 for ['params']['W1'], W[0] for ['W'][0]."""
    found = re.findall(r"[A-Za-z_]\w*|\[\d+\]", path)
    word = next(
        (i for i in range(len(found) - 1, -1, -1) if not found[i].startswith("[") and found[i] not in NEUTRAL), 0
    )
    return "".join(found[word:]) if found else path


def _kept(value: Any, classes: int) -> Any:
    """Numbers or an array that a function returned, as lists and arrays: of several arrays the one with a number for
    every class. None if it is something else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float | np.generic) and np.isreal(value):
        return [float(value)]
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiu":
        return [float(value.reshape(-1)[0])] if value.size == 1 else np.array(value)
    if isinstance(value, tuple | list) and value and all(isinstance(v, int | float | np.generic) for v in value):
        return [float(v) for v in value]
    parts = list(value.values()) if isinstance(value, dict) else value if isinstance(value, tuple | list) else []
    arrays = [part for part in parts if isinstance(part, np.ndarray) and part.ndim == 2]
    outputs = [part for part in arrays if classes in part.shape]
    if outputs or (arrays and arrays[0] is parts[0]):
        return np.array((outputs or arrays)[-1 if isinstance(value, dict) else 0])
    return None


def series(value: Any, names: list[str], thing: Any = None) -> dict[str, list[float]]:
    """Lists of numbers in what a training returned or left in its object, by their names."""
    found: dict[str, list[float]] = {}

    def walk(part: Any, name: str, depth: int) -> None:
        numbers = _series(part)
        if numbers is not None and len(numbers) > 1:
            found.setdefault(name or f"series {len(found) + 1}", numbers)
        elif isinstance(part, dict) and depth < 3:
            for key, inner in part.items():
                walk(inner, str(key), depth + 1)
        elif isinstance(part, tuple | list) and depth < 2 and len(part) < 20:
            said = names if depth == 0 and len(names) == len(part) else [""] * len(part)
            for inner, own_name in zip(part, said, strict=True):
                walk(inner, own_name, depth + 1)

    walk(value, names[0] if len(names) == 1 else "", 0)
    for key, inner in vars(thing).items() if hasattr(thing, "__dict__") else ():
        if re.search("loss|cost|acc|hist|error", plain(key)):
            walk(inner, key, 1)
    return found


def _series(value: Any) -> list[float] | None:
    if isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in "fiu":
        return [float(v) for v in value]
    if (
        isinstance(value, list)
        and value
        and all(isinstance(v, int | float | np.generic) and np.isreal(v) for v in value)
    ):
        return [float(v) for v in value]
    return None
