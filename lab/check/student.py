"""Check code that Gradlab has never seen: a student's file, run in a process of its own (lab/check/student_worker.py).

The worker answers questions (what does J become if this coordinate moves? what are the gradients?); the numbers are
judged here, by the same check as our own layers.
"""

import copy
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from core.gradcheck.check import SINGLE, GradientReport, Method, Progress, Settings, check_target
from core.gradcheck.targets import Answer
from core.types import Array
from lab.check.against import Comparison, compare
from lab.check.student_worker import receive, send
from lab.errors import LabError

WORKER = Path(__file__).with_name("student_worker.py")
PRINTS = 4000  # characters kept of what the file prints
PATIENCE = 30.0  # seconds the costs of one check may take before fewer coordinates are looked at
HANGING = 1.0  # seconds to wait for prints of a process that has left the file's group and holds the pipe

Began = Callable[[Callable[[], object]], object]  # is given what ends the file's process at once


class StudentProblemError(Exception):
    """Why a student's code cannot be checked, in words for the student."""


@dataclass(frozen=True)
class StudentReport:
    """The check of a file. `problem`: why there is no check, or none to the end; `prints`: what the file printed."""

    report: GradientReport
    problem: str = ""
    prints: str = ""
    against: tuple[Comparison, ...] = ()

    @property
    def passed(self) -> bool:
        """Does it run, do its gradients pass, and does it agree with the layer it is held against?"""
        return not self.problem and self.report.passed and all(c.passed for c in self.against)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for a JSON document."""
        return self.report.as_dict() | {
            "passed": self.passed,
            "problem": self.problem,
            "prints": self.prints,
            "against": [c.as_dict() for c in self.against],
        }


def check_file(
    path: Path | str,
    name: str,
    method: Method = "complex",
    examples: int = 7,
    timeout: float = 20.0,
    against: str | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    began: Began | None = None,
) -> StudentReport:
    """Check NAME of a file: a function that makes an object with params, loss() and grads(); a layer class with
    forward(x), backward(dy), params and grads; or a pair NAME_forward, NAME_backward.

    examples: rows of the x that layers and pairs are given; timeout: seconds for one answer of the file;
    against: dense, relu, batchnorm, softmax, conv2d or maxpool, Gradlab's own to compare outputs and gradients with;
    began: told how to end the file's process from another thread; what is found then says that it has ended.
    Raises LabError if there is no such file or nothing to compare with; whatever the file does is in the report.
    """
    file = Path(path).resolve()
    if not file.is_file():
        raise LabError(f"there is no file {path}")
    target, begun = f"{Path(path).name}:{name}", time.perf_counter()
    report, problem = GradientReport(target, method, False, (), 0.0), ""
    comparisons: tuple[Comparison, ...] = ()
    with Worker(timeout) as worker:
        if began is not None:
            began(worker.kill)
        try:
            code = StudentTarget(worker, target, file, name, examples, seed)
            settings = Settings(method=method, seed=seed, samples=code.affordable_samples())
            report = _with_lines(check_target(code, settings, progress), code.places)
            comparisons = compare(against, code) if against else ()
        except StudentProblemError as error:
            problem = str(error)
    prints = worker.prints()
    return StudentReport(replace(report, seconds=time.perf_counter() - begun), problem, prints, comparisons)


def _with_lines(report: GradientReport, places: Mapping[str, int | None]) -> GradientReport:
    """Say where in the file a gradient that could not be compared comes from."""
    call, line = list(places.items())[1]
    if line is None:
        return report
    tensors = tuple(
        t
        if t.passed or t.checked or t.direction is not None
        else replace(t, diagnosis=f"{t.diagnosis} ({call}, line {line})")
        for t in report.tensors
    )
    return replace(report, tensors=tensors)


class Worker:
    """The process a student's file runs in. A with-block; at its end the process is gone, and all that it began."""

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self.path = Path()
        self._printed = b""  # the last of it
        self._ended = False
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-B", "-u", str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,
        )
        self._listener = threading.Thread(target=self._listen, name="gradlab-prints", daemon=True)
        self._listener.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):  # what was left to be written to a process that had died
                    stream.close()

    def kill(self) -> None:
        """End the process, whatever it is at, and those it began. From any thread."""
        if not self._ended:  # later its number may be another's
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _listen(self) -> None:
        """Keep the end of what the file prints: all of it might be more than memory or disk can hold."""
        stream: Any = self._process.stderr
        with stream:
            while more := stream.read1():
                self._printed = (self._printed + more)[-20 * PRINTS :]

    def _end(self) -> int:
        """Kill, and read to its end what was printed; the exit code."""
        self.kill()
        code = self._process.wait()
        self._ended = True
        self._listener.join(HANGING)
        return code

    def ask(
        self, do: str, arrays: Mapping[str, Array] | None = None, **head: Any
    ) -> tuple[dict[str, Any], dict[str, Array]]:
        """One question, one answer. Raises StudentProblemError."""
        # the worker ends itself with a traceback; should even that hang, it is killed
        watch = threading.Timer(self.timeout + 5, self.kill)
        watch.start()
        try:
            send(self._process.stdin, {"do": do, "limit": self.timeout, **head}, arrays)
            reply, found = receive(self._process.stdout)
        except (EOFError, BrokenPipeError):
            raise StudentProblemError(self._death()) from None
        except ValueError as error:  # bytes on the pipe that are no answer
            raise StudentProblemError(f"the file wrote over the answers of the check: {error}") from None
        finally:
            watch.cancel()
        if "error" in reply:
            raise StudentProblemError(reply["error"])
        return reply, found

    def _death(self) -> str:
        """Why the process is gone, with the line it was at if the dump shows it."""
        self._process.wait()
        code = self._end()
        dump = self._text()
        frames = re.findall(r'File "(.+)", line (\d+) in (\S+)', dump)
        line = next(
            (f" in {function}, line {number}" for file, number, function in frames if file == str(self.path)), ""
        )
        if "Timeout (" in dump:
            return f"no answer within {self.timeout:g} s{line}: an endless loop?"
        return f"the file ended the process (exit code {code}){line}"

    def _text(self) -> str:
        return self._printed.decode(errors="replace")

    def prints(self) -> str:
        """What the file printed (the last of it, if it is much), without the dump of a crash."""
        text = re.split(r"Timeout \(|Fatal Python error", self._text())[0]
        return text if len(text) <= PRINTS else "...\n" + text[-PRINTS:]


class StudentTarget:
    """A student's code as something a gradient check can be made of."""

    lambda_ = None

    def __init__(self, worker: Worker, target: str, file: Path, name: str, examples: int, seed: int) -> None:
        self.name, self._worker = target, worker
        worker.path = file
        facts, arrays = worker.ask("load", path=str(file), name=name, examples=examples, seed=seed)
        self.params: Mapping[str, Array] = {
            k.removeprefix("params/"): v for k, v in arrays.items() if k.startswith("params/")
        }
        self.cotangent: Array | None = arrays.get("cotangent")
        self.out: Array | None = arrays.get("out")
        self.places: dict[str, int | None] = facts["places"]
        self.examples: int | None = facts["examples"]
        self.scale: float = facts["scale"]
        self.precision = float(np.finfo(np.dtype(facts["cost_dtype"])).eps) if facts["cost_dtype"][1] == "f" else 2e-16
        self._changes: Mapping[str, Array] = {}
        self._rng = np.random.default_rng(seed)
        self.takes_complex = bool(facts["replace"]) and self._complex_agrees()
        single = any(v.dtype == np.float32 for v in self.gradients(self.params).values())
        if single and not self.takes_complex:
            self.precision = SINGLE  # whatever type the loss is returned in
        fitting = ("float32: judged with tolerances that fit it",) if single or self.precision >= SINGLE else ()
        self.notes = (*facts["notes"], *fitting)

    def _complex_agrees(self) -> bool:
        """Does a complex step along a random direction say what central differences say? Not if the code takes real
        parts or absolute values, or cannot hold complex numbers at all."""
        for name, value in self.params.items():
            for _ in range(3):  # a kink may lie in the way of one
                v = self._rng.normal(size=value.size) / value.size**0.5
                try:
                    slope = self.cost(name, slice(0, value.size), 1e-30j * v).cost.imag / 1e-30
                except StudentProblemError:
                    return False
                h = 1e-6 if self.precision < 1e-10 else 1e-2
                up, down = (self.cost(name, slice(0, value.size), s * h * v).cost.real for s in (1, -1))
                noise = 8 * self.precision * self.scale / h
                if abs(slope - (up - down) / (2 * h)) <= 1e-4 * abs(slope) + noise:
                    break
            else:
                return False
        return True

    def gradients(self, params: Mapping[str, Array]) -> Mapping[str, Array]:
        """The gradients the code gives with these parameters."""
        return self._worker.ask("gradients", params)[1]

    def cost(self, name: str, index: int | slice, step: Any) -> Answer:
        where = index if isinstance(index, int) else [index.start, index.stop]
        reply, _ = self._worker.ask("cost", {**self._changes, "step": np.asarray(step)}, name=name, index=where)
        return Answer(complex(*reply["cost"]), None)

    def at(self, params: Mapping[str, Array]) -> Self:
        other = copy.copy(self)
        other._changes = {**self._changes, **{f"params/{name}": value for name, value in params.items()}}
        other.params = {**self.params, **params}
        return other

    def affordable_samples(self) -> int:
        """As many coordinates per tensor as can be asked for in PATIENCE seconds, at most 100."""
        begun = time.perf_counter()
        name = next(iter(self.params))
        self.cost(name, 0, 1e-6)
        seconds = time.perf_counter() - begun
        return int(np.clip(PATIENCE / (2 * seconds * len(self.params)), 5, 100))
