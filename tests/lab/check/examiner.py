"""Checks hand-ins as gradlab check does, each in a process forked from one that has NumPy and the lab: hundreds of
files in little time, and none can spoil another.

As a script: a line of JSON in for every file (path), a line of JSON out.
"""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
LIMIT = 120  # seconds for one file: the machine may be busy


@dataclass(frozen=True)
class Target:
    """One thing that was checked in a file."""

    name: str
    passed: bool
    problem: str
    nothing: bool  # there is nothing to check, as in a base class or a function not written yet
    causes: tuple[str, ...]
    says: str

    def __str__(self) -> str:
        verdict = self.problem or ("passes" if self.passed else f"fails: {' '.join(self.causes)}: {self.says}")
        return f"{self.name}: {verdict}"


@dataclass(frozen=True)
class Verdict:
    """What came of a file. `problem`: why nothing could be checked."""

    problem: str
    targets: tuple[Target, ...]

    @property
    def checked(self) -> bool:
        looked_at = [t for t in self.targets if not t.nothing]
        return not self.problem and bool(looked_at) and not any(t.problem for t in looked_at)

    @property
    def passed(self) -> bool:
        return self.checked and all(t.passed for t in self.targets if not t.nothing)

    @property
    def caught(self) -> bool:
        """Does something fail? A mistake in a layer may keep the network around it from being checked at all."""
        return any(not (t.passed or t.problem or t.nothing) for t in self.targets)

    @property
    def causes(self) -> list[str]:
        """The keys of all mistakes that are named."""
        return [key for target in self.targets for key in target.causes]

    def __str__(self) -> str:
        return self.problem or "; ".join(map(str, self.targets)) or "nothing recognised"


class Examiner:
    """Checks files, each in a fresh process."""

    def __init__(self) -> None:
        command = [sys.executable, "-W", "ignore", "-m", "tests.lab.check.examiner"]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg"},
            start_new_session=True,
        )

    def __call__(self, path: Path) -> Verdict:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(str(path)) + "\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        targets = [
            Target(t["name"], t["passed"], t["problem"], t["nothing"], tuple(t["causes"]), t["says"])
            for t in found["targets"]
        ]
        return Verdict(found["problem"], tuple(targets))

    def close(self) -> None:
        """End the process and what it began."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()


def examine(path: Path) -> dict[str, Any]:
    """Check all of a file. In a process that is not used again."""
    from lab.check.process import StudentProblemError
    from lab.check.student import Check, load
    from tests.lab.check.in_process import InProcess

    worker = InProcess()
    targets = []
    try:
        names, _ = load(worker, path)
        for name in names:
            report = Check(path.name, "complex", 7, None, 0, None).one(worker, name, time.perf_counter())
            says = [f"{t.name} ({t.diagnosis})" for t in report.report.tensors if not t.passed]
            targets.append(
                {
                    "name": name,
                    "passed": report.passed,
                    "problem": report.problem,
                    "nothing": report.nothing,
                    "causes": [cause.key for cause in report.causes],
                    "says": ", ".join([*says, *report.report.findings]),
                }
            )
    except StudentProblemError as error:
        return {"problem": str(error), "targets": targets}
    return {"problem": "", "targets": targets}


def serve() -> None:
    """Answer the lines of stdin."""
    import tempfile

    import lab.check.student  # noqa: F401
    import tests.lab.check.in_process  # noqa: F401  (for all the processes to come)

    with tempfile.TemporaryDirectory() as scratch:
        for line in sys.stdin:
            out = Path(scratch) / "answer.json"
            out.write_text(json.dumps({"problem": f"no answer within {LIMIT} s, or the process died", "targets": []}))
            child = os.fork()
            if not child:
                try:
                    signal.alarm(LIMIT)
                    nowhere = os.open(os.devnull, os.O_RDWR)
                    for stream in (0, 1, 2):
                        os.dup2(nowhere, stream)
                    path = Path(json.loads(line))
                    os.chdir(path.parent)
                    found = examine(path)
                    out.write_text(json.dumps(found))
                finally:
                    os.kill(os.getpid(), signal.SIGKILL)
            os.waitpid(child, 0)
            print(out.read_text(), flush=True)


if __name__ == "__main__":
    serve()
