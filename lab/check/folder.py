"""A folder of hand-ins, with one file or folder per student, checked in parallel.

A hand-in that hangs, crashes or floods its output affects only its own row: every file runs in a separate process, and
a hand-in that takes too long is stopped.
"""

import csv
import io
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict

from core.gradcheck.check import Method
from lab.check.student import NOTHING, FileReport, StudentReport, check_whole_file
from lab.disk import disk, write_whole
from lab.errors import LabError

SUFFIXES = (".py", ".ipynb", ".m")
NOT_CODE = {"__pycache__", "__MACOSX", "node_modules", "site-packages", "venv"}
LIMIT = 120.0  # seconds for one hand-in

Verdict = Literal["passes", "fails", "not checked"]


@dataclass(frozen=True)
class HandIn:
    """What one student has handed in. files: what of it can hold code, sorted by path."""

    who: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Row:
    """What came of one hand-in. The first that is wrong: its file, its tensor and the likely cause."""

    who: str
    verdict: Verdict
    recognised: tuple[str, ...]
    file: str
    tensor: str
    cause: str
    seconds: float


class RowDocument(TypedDict):
    """A row as JSON and CSV have it."""

    who: str
    verdict: Verdict
    recognised: list[str]
    file: str
    tensor: str
    cause: str
    seconds: float


def hand_ins(folder: Path) -> list[HandIn]:
    """The hand-ins in a folder, by name: its folders, and its own files. Raises LabError if there are none."""
    found = []
    with disk(folder):
        for path in sorted(folder.iterdir()):
            if path.is_dir() and not path.is_symlink() and not _hidden(path):
                found.append(HandIn(path.name, tuple(_code_in(path))))
            elif _is_code(path):
                found.append(HandIn(path.name, (path,)))
    if not any(each.files for each in found):
        raise LabError(f"{folder}: there is no hand-in in it: no {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} file")
    return found


def _code_in(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink() and not _hidden(path):
            yield from _code_in(path)
        elif _is_code(path):
            yield path


def _hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name in NOT_CODE or (path / "pyvenv.cfg").exists()


def _is_code(path: Path) -> bool:
    return path.suffix in SUFFIXES and path.is_file() and not path.name.startswith(".")


class FolderCheck:
    """The check of all hand-ins; `rows` holds what has been done, also after stop()."""

    def __init__(
        self,
        folder: Path,
        method: Method,
        examples: int,
        jobs: int,
        limit: float = LIMIT,
        python: Path | None = None,
        sandbox: bool = False,
    ) -> None:
        """jobs: hand-ins checked side by side; limit: seconds for one; python: what runs them, see choose_python;
        sandbox: run each where it can change nothing. Raises LabError if there are none."""
        self.hand_ins = hand_ins(folder)
        self.rows: dict[str, Row] = {}
        self._folder, self._method, self._examples, self._jobs, self._limit = folder, method, examples, jobs, limit
        self._python, self._sandbox = python, sandbox
        self._stopped = threading.Event()
        self._kills: dict[str, Callable[[], object]] = {}

    @property
    def done(self) -> bool:
        """Has every hand-in its row?"""
        return len(self.rows) == len(self.hand_ins)

    def stop(self) -> None:
        """End what is being checked; from any thread."""
        self._stopped.set()
        for kill in list(self._kills.values()):
            kill()

    def run(self, progress: Callable[[Row], object]) -> list[Row]:
        """Check; `progress` is told every row. The rows in the order of the hand-ins."""
        with ThreadPoolExecutor(self._jobs, thread_name_prefix="gradlab-hand-in") as pool:
            going: set[Future[Row]] = {pool.submit(self._check, each) for each in self.hand_ins}
            while going:
                ended, going = wait(going, timeout=0.2, return_when=FIRST_COMPLETED)
                for row in (future.result() for future in ended):
                    if not self._stopped.is_set():
                        self.rows[row.who] = row
                        progress(row)
        return [self.rows[each.who] for each in self.hand_ins if each.who in self.rows]

    def _check(self, hand_in: HandIn) -> Row:
        begun = time.perf_counter()
        reports: list[tuple[str, FileReport]] = []
        for file in hand_in.files:
            left = self._limit - (time.perf_counter() - begun)
            if left <= 0 or self._stopped.is_set():
                break
            reports.append((str(file.relative_to(self._folder)), self._check_file(hand_in.who, file, left)))
        return _row(hand_in.who, reports, time.perf_counter() - begun, self._limit)

    def _check_file(self, who: str, file: Path, seconds: float) -> FileReport:
        late = threading.Event()

        def began(kill: Callable[[], object]) -> None:
            self._kills[who] = kill
            if late.is_set() or self._stopped.is_set():
                kill()

        def end() -> None:
            late.set()
            self._kills[who]()

        clock = threading.Timer(seconds, end)
        clock.start()
        try:
            root = self._folder / file.relative_to(self._folder).parts[0]  # never the modules of another hand-in
            where = root if root.is_dir() else self._folder
            return check_whole_file(
                file,
                self._method,
                self._examples,
                began=began,
                python=self._python,
                root=where.resolve(),
                sandbox=self._sandbox,
            )
        except Exception as error:  # whatever is wrong with one file says so in its row and ends no other's check
            return FileReport(file.name, (), f"{type(error).__name__}: {error}")
        finally:
            clock.cancel()


def _row(who: str, reports: Sequence[tuple[str, FileReport]], seconds: float, limit: float) -> Row:
    """The worst of what the files of a hand-in say: a wrong gradient before what could not be checked."""
    targets = [(file, target) for file, report in reports for target in report.targets]
    recognised = tuple(target.report.target.partition(":")[2] for _, target in targets)
    for file, target in targets:
        if not target.passed and not target.problem:
            return Row(who, "fails", recognised, file, *_first_wrong(target), seconds)
    for file, target in targets:
        if target.problem:
            return Row(who, "not checked", recognised, file, "", target.problem, seconds)
    unread = [(file, report.problem) for file, report in reports if report.problem and report.problem != NOTHING]
    if targets:
        beside = "; ".join(f"{file} was not checked: {problem}" for file, problem in unread)
        return Row(who, "passes", recognised, targets[0][0], "", beside, seconds)
    file, problem = unread[0] if unread else ("", NOTHING if reports else "there is no code in it")
    if seconds >= limit:
        problem = f"it took longer than {limit:g} s and was ended"
    return Row(who, "not checked", (), file, "", problem, seconds)


def _first_wrong(target: StudentReport) -> tuple[str, str]:
    """The first tensor that fails and what is known of the cause."""
    wrong = next((t for t in target.report.tensors if not t.passed), None)
    findings = " ".join(target.report.findings)
    if wrong is None:
        return "", findings
    return wrong.name, wrong.diagnosis or findings or wrong.verdict.removeprefix("fails: ")


def documents(rows: Sequence[Row]) -> list[RowDocument]:
    """The rows for JSON."""
    return [
        RowDocument(
            who=row.who,
            verdict=row.verdict,
            recognised=list(row.recognised),
            file=row.file,
            tensor=row.tensor,
            cause=row.cause,
            seconds=row.seconds,
        )
        for row in rows
    ]


def save(rows: Sequence[Row], path: Path) -> None:
    """Write the rows as CSV, as a spreadsheet opens it. Raises LabError if the disk refuses."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(RowDocument.__annotations__)
    for row in rows:
        cells = [row.who, row.verdict, " ".join(row.recognised), row.file, row.tensor, row.cause, f"{row.seconds:.1f}"]
        writer.writerow([_no_formula(cell) for cell in cells])
    write_whole(path, "\ufeff" + text.getvalue())  # the mark by which spreadsheets know UTF-8


def _no_formula(cell: str) -> str:
    """A cell that a spreadsheet shows and does not compute: names are the students' own choice."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
