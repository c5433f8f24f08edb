"""Check code that Gradlab has never seen: a student's file, run in a process of its own (lab/check/worker).

The process answers questions (what does J become if this coordinate moves? what are the gradients?); the numbers are
judged here, by the same check as our own layers.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

from core.gradcheck.check import CheckDocument, GradientReport, Method, Progress, Settings, TensorReport, check_target
from lab import command_lines
from lab.check.against import Comparison, ComparisonDocument, compare
from lab.check.causes import NOTHING as NO_CAUSE
from lab.check.causes import diagnose, right_but_for_eps, with_causes, without_eps
from lab.check.code_target import Asked, StudentTarget
from lab.check.forgive import forgive
from lab.check.mended import is_named, mended
from lab.check.mistakes.evidence import Cause
from lab.check.process import StudentProblemError, Worker
from lab.check.told import causes_told, with_dropout
from lab.check.worker.plan import Missing, Recognised
from lab.errors import LabError
from lab.visible import visible

PATIENCE = 2.5  # seconds the top level of a file may take
AGAIN = 0.5  # seconds for the second look at a code, elsewhere
NOTHING = "there is nothing in it that looks like a gradient: no gradient function, layer or network"
FEW = 6  # coordinates of a tensor looked at there

Began = Callable[[Callable[[], object]], object]  # is given what ends the file's process at once


@dataclass(frozen=True)
class StudentReport:
    """The check of a file. `problem`: why there is no check, or none to the end; `prints`: what the file printed."""

    report: GradientReport
    problem: str = ""
    prints: str = ""
    against: tuple[Comparison, ...] = ()
    causes: tuple[Cause, ...] = ()  # mistakes that give these gradients, likely ones first
    nothing: bool = False  # it holds no gradient of its own: the problem says why, and nothing is amiss
    recognised: tuple[Recognised, ...] = ()  # where there is no check: what of the code the check knows how to call
    missing: tuple[Missing, ...] = ()  # and what it does not know
    adapter: str = ""  # the command that writes an adapter, where one is of use
    conditions: tuple[str, ...] = ()  # the notes that say when its gradients are right, where that is not always

    @property
    def passed(self) -> bool:
        """Does it run, do its gradients pass, and does it agree with the layer it is held against?"""
        return not self.problem and self.report.passed and all(c.passed for c in self.against)

    def as_dict(self) -> "StudentDocument":
        """Plain values for a JSON document."""
        return {
            **self.report.as_dict(),
            "passed": self.passed,
            "problem": self.problem,
            "prints": self.prints,
            "against": [c.as_dict() for c in self.against],
            "causes": [{"key": c.key, "tensors": list(c.tensors), "sentence": c.sentence} for c in self.causes],
            "recognised": [{"part": r.part, "signature": r.signature} for r in self.recognised],
            "missing": [{"what": m.what, "where": m.where} for m in self.missing],
            "adapter": self.adapter,
        }


class CauseDocument(TypedDict):
    """A mistake that gives the gradients of these tensors."""

    key: str
    tensors: list[str]
    sentence: str


class RecognisedDocument(TypedDict):
    """A function or class that the check knows how to call, and what it is taken for."""

    part: str
    signature: str


class MissingDocument(TypedDict):
    """What the check does not know, and where it is wanted."""

    what: str
    where: str


class StudentDocument(CheckDocument):
    """What `gradlab check FILE:NAME --json` prints."""

    problem: str
    prints: str
    against: list[ComparisonDocument]
    causes: list[CauseDocument]
    recognised: list[RecognisedDocument]
    missing: list[MissingDocument]
    adapter: str


@dataclass(frozen=True)
class FileReport:
    """The checks of everything that was recognised in a file. `problem`: why nothing could be; `notes` on the file."""

    file: str
    targets: tuple[StudentReport, ...]
    problem: str = ""
    prints: str = ""
    notes: tuple[str, ...] = ()
    adapter: str = ""  # the command that writes an adapter, where nothing was recognised

    @property
    def passed(self) -> bool:
        """Was something recognised, and does all of it pass?"""
        return not self.problem and bool(self.targets) and all(t.passed for t in self.targets)

    def as_dict(self) -> "FileDocument":
        """Plain values for a JSON document."""
        return {
            "file": self.file,
            "passed": self.passed,
            "problem": self.problem,
            "prints": self.prints,
            "notes": list(self.notes),
            "adapter": self.adapter,
            "targets": [t.as_dict() for t in self.targets],
        }


class FileDocument(TypedDict):
    """What `gradlab check FILE --json` prints."""

    file: str
    passed: bool
    problem: str
    prints: str
    notes: list[str]
    adapter: str
    targets: list[StudentDocument]


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
    python: Path | None = None,
    root: Path | None = None,
    sandbox: bool = False,
) -> StudentReport:
    """Check NAME of a file: a gradient function, a loss function, a network or layer class, an object with params,
    loss() and grads() or a function that makes one, or a pair NAME_forward, NAME_backward.

    examples: rows of the x that code without data of its own is given; timeout: seconds for one answer of the file;
    against: one of targets.AGAINST, a layer of ours to compare outputs and gradients with;
    began: told how to end the file's process from another thread; what is found then says that it has ended;
    python: what runs the file (None: see choose_python); root: the folder above which its modules are not looked for.
    sandbox: run the file where it can change nothing, see lab.check.sandbox.
    Raises LabError if there is no such file, nothing to compare with or no sandbox; whatever the file does is in the
    report.
    """
    file, begun = _file(path), time.perf_counter()
    check = Check(str(Path(path).name), method, examples, against, seed, progress, str(path))
    with Worker(timeout, python, _confines(file, root) if sandbox else None) as worker:
        if began is not None:
            began(worker.kill)
        try:
            load(worker, file, root)
        except StudentProblemError as error:
            report = check.failed(name, str(error), begun)
        else:
            report = check.one(worker, name, begun)
    return replace(report, prints=worker.prints())


def check_whole_file(
    path: Path | str,
    method: Method = "complex",
    examples: int = 7,
    timeout: float = 20.0,
    seed: int = 0,
    progress: Progress | None = None,
    began: Began | None = None,
    python: Path | None = None,
    root: Path | None = None,
    sandbox: bool = False,
) -> FileReport:
    """Check everything that is recognised in a file; see check_file."""
    file, target = _file(path), str(Path(path).name)
    check = Check(target, method, examples, None, seed, progress, str(path))
    reports: list[StudentReport] = []
    left: list[str] = []
    names: list[str] | None = None
    prints = problem = ""
    notes: tuple[str, ...] = ()
    while names is None or (names and not problem):  # a process for all of them, and another if one ends it
        with Worker(timeout, python, _confines(file, root) if sandbox else None) as worker:
            if began is not None:
                began(worker.kill)
            try:
                found, notes = load(worker, file, root)
            except StudentProblemError as error:
                found, problem = [], str(error)
            names = found if names is None else names
            while names and worker.alive and not problem:
                report = check.one(worker, names.pop(0), time.perf_counter())
                if report.nothing:
                    left.append(f"{report.report.target.rpartition(':')[2]} is left out: {report.problem}")
                else:
                    reports.append(report)
        prints += worker.prints()
    adapter = ""
    if not reports and not problem:
        problem, adapter = NOTHING, adapter_command(path)
    return FileReport(target, tuple(reports), problem, prints, (*notes, *left), adapter)


def adapter_command(path: Path | str, name: str = "") -> str:
    """The command that writes an adapter for a file, or for NAME in it."""
    return command_lines.adapter(f"{path}:{name}" if name else str(path))


def load(worker: Worker, file: Path, root: Path | None = None) -> tuple[list[str], tuple[str, ...]]:
    """Let the file be run; the names of what was recognised in it, and notes. Raises StudentProblemError."""
    worker.path = file
    top = root and str(root)
    try:
        facts, _ = worker.ask("load", path=str(file), patience=PATIENCE, root=top)
    except StudentProblemError:
        if not worker.died:
            raise
        worker.restart()  # what the top level does cannot be interrupted: without it
        facts, _ = worker.ask("load", path=str(file), patience=0, root=top)
    try:
        return [str(found["name"]) for found in facts["targets"]], tuple(visible(str(note)) for note in facts["notes"])
    except (KeyError, TypeError) as error:
        raise StudentProblemError(f"the file wrote over the answers of the check: {visible(repr(error))}") from None


def _confines(file: Path, root: Path | None) -> Path:
    """The folder that a file sees in a sandbox: its root, or the one that its package lies in."""
    folder = root or file.parent
    while root is None and (folder / "__init__.py").is_file():
        folder = folder.parent
    return folder


def _file(path: Path | str) -> Path:
    file = Path(path).resolve()
    if not file.is_file():
        raise LabError(f"there is no file {path}")
    return file


@dataclass(frozen=True)
class Check:
    """How to check what is in a file."""

    file: str
    method: Method
    examples: int
    against: str | None
    seed: int
    progress: Progress | None
    path: str = ""  # of the file as it was given

    def one(self, worker: Asked, name: str, begun: float) -> StudentReport:
        """Check NAME of the file that the worker has loaded."""
        target = f"{self.file}:{name}"
        try:
            answer = worker.ask("check", name=name, examples=self.examples, seed=self.seed)
            code = StudentTarget(worker, target, *answer, self.seed)
            settings = Settings(method=self.method, seed=self.seed, samples=code.affordable_samples())
            report = _with_lines(check_target(code, settings, self.progress), code.places)
            if code.faults:
                report = replace(report, passed=False, findings=(*report.findings, *code.faults))
            form = str(answer[0]["form"])
            compared, report = report, forgive(report, code, form)
            eps = float(code.facts.get("log_eps") or 0)
            found = diagnose(code) if eps and not report.passed else None
            first = report if found is None else right_but_for_eps(report, found, eps)
            conditions = (*code.conditions, *(note for note in first.notes if note not in compared.notes))
            report, causes = self._elsewhere(worker, target, first, code, form)
            asked = not report.passed or code.facts.get("kind") in ("functions", "network")
            found = found or (diagnose(code) if asked else NO_CAUSE)
            if not report.passed:
                found = replace(found, causes=without_eps(causes_told(first, code, found.causes)))
                if not is_named((*found.causes, *causes)):
                    found = replace(found, causes=mended(report, code, found.causes))
            report = with_causes(report, found)
            told = without_eps((*found.causes, *causes))
            comparisons = compare(self.against, code) if self.against else ()
        except StudentProblemError as error:
            return self._unchecked(name, error, begun)
        seconds = time.perf_counter() - begun
        whole = replace(report, seconds=seconds)
        return StudentReport(whole, against=comparisons, causes=told, conditions=conditions)

    def _unchecked(self, name: str, error: StudentProblemError, begun: float) -> StudentReport:
        helps = error.missing or error.recognised
        return replace(
            self.failed(name, str(error), begun),
            nothing=error.nothing,
            recognised=error.recognised,
            missing=error.missing,
            adapter=adapter_command(self.path or self.file, name) if helps else "",
        )

    def failed(self, name: str, problem: str, begun: float) -> StudentReport:
        """What is said where there is no check."""
        seconds = time.perf_counter() - begun
        return StudentReport(GradientReport(f"{self.file}:{name}", self.method, False, (), seconds), problem)

    def _elsewhere(
        self, worker: Asked, target: str, report: GradientReport, first: StudentTarget, form: str
    ) -> tuple[GradientReport, tuple[Cause, ...]]:
        """Look again at other points and with other inputs: a tensor that is right at one may be wrong there. The
        report, and the mistakes that only show there."""
        tensors = {t.name: t for t in report.tensors}
        facts = {key: first.facts.get(key) for key in ("log_eps", "loss_divides", "layers_divide")}
        notes = list(report.notes)
        findings = list(report.findings)
        causes: list[Cause] = []
        for words, code in self._variants(worker, target, notes, findings):
            samples = min(FEW, code.affordable_samples(AGAIN))
            settings = Settings(method=self.method, seed=self.seed, samples=samples)
            known = [t.name for t in tensors.values() if not t.passed]  # wrong anywhere: enough is said
            try:
                again = check_target(code, settings, skip=known)
                code.facts |= facts
                again = forgive(again, code, form)
            except StudentProblemError as error:
                notes.append(f"not checked {words}: {error}")
                continue
            right = {t.name for t in tensors.values() if t.passed}
            new = {t.name for t in again.tensors} - {*tensors, "x"}  # an x that is not checked here is not there either
            wrong = [t.name for t in again.tensors if not t.passed and t.name in right | new]
            if wrong:
                found = diagnose(code)
                named = [c for c in found.causes if c.key != "first-wrong-step"]
                found = replace(found, causes=tuple(named) or with_dropout(words, wrong) or found.causes)
                again = with_causes(right_but_for_eps(again, found, float(code.facts["log_eps"] or 0)), found)
                wrong = [t.name for t in again.tensors if not t.passed and t.name in wrong]
                causes += [_cause_elsewhere(c, words) for c in without_eps(found.causes) if set(c.tensors) & set(wrong)]
            tensors |= {t.name: _elsewhere(t, words) for t in again.tensors if t.name in wrong}
        passed = report.passed and all(t.passed for t in tensors.values()) and not findings
        everything = replace(
            report, passed=passed, tensors=tuple(tensors.values()), notes=tuple(notes), findings=tuple(findings)
        )
        return everything, tuple(causes)

    def _variants(
        self, worker: Asked, target: str, notes: list[str], findings: list[str]
    ) -> Iterator[tuple[str, StudentTarget]]:
        try:
            words = list(map(str, worker.ask("variants", seed=self.seed + 1)[0]["variants"]))
        except (StudentProblemError, KeyError, TypeError) as error:
            notes.append(f"not checked at another point: {error}")
            return
        for i, word in enumerate(words, 1):
            try:
                yield word, StudentTarget(worker, target, *worker.ask("variant", code=i), self.seed, i)
            except StudentProblemError as error:
                if error.wrong:
                    findings.append(f"the gradients fail {word}: {error}")
                else:
                    notes.append(f"not checked {word}: {error}")


def _cause_elsewhere(cause: Cause, words: str) -> Cause:
    return replace(cause, sentence=f"{words[0].upper()}{words[1:]}: {cause.sentence}")


def _elsewhere(tensor: TensorReport, words: str) -> TensorReport:
    said = f": {tensor.diagnosis}" if tensor.diagnosis else ""
    return replace(tensor, diagnosis=f"only {words}{said}")


def _with_lines(report: GradientReport, places: Mapping[str, str]) -> GradientReport:
    """Say where in the file a gradient that could not be compared comes from."""
    call, line = list(places.items())[-1]
    if not line:
        return report
    tensors = tuple(
        t
        if t.passed or t.checked or t.direction is not None
        else replace(t, diagnosis=f"{t.diagnosis} ({call}, {line})")
        for t in report.tensors
    )
    return replace(report, tensors=tensors)
