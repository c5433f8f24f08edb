"""The process a student's file runs in (lab/check/worker), and questions to it."""

import re
import secrets
import signal
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from core.types import Array
from lab.check import family
from lab.check.interpreter import choose_python
from lab.check.sandbox import sandbox
from lab.check.worker.plan import Missing, Recognised, read_told
from lab.check.worker.wire import receive, send
from lab.machine import outer_environment
from lab.visible import visible

START = Path(__file__).with_name("worker") / "start.py"
PRINTS = 4000  # characters kept of what the file prints
DUMP = r"Timeout \(|Fatal Python error"  # how the dump of a process begins that ends itself
HANGING = 1.0  # seconds to wait for prints of a process that has left the file's group and holds the pipe


class StudentProblemError(Exception):
    """Why a student's code cannot be checked, in words for the student. nothing: because it holds no gradient of its
    own, so that nothing is amiss; wrong: its gradients cannot be had where its cost can; recognised and missing: what
    the check knows how to call, and what not; frames: the lines of the student's that led there."""

    def __init__(
        self,
        words: str,
        nothing: bool = False,
        wrong: bool = False,
        recognised: tuple[Recognised, ...] = (),
        missing: tuple[Missing, ...] = (),
        frames: tuple[str, ...] = (),
    ) -> None:
        super().__init__(words)
        self.nothing, self.wrong = nothing, wrong
        self.recognised, self.missing, self.frames = recognised, missing, frames


class Worker:
    """The process a student's file runs in. A with-block; at its end the process is gone, and all that it began."""

    def __init__(
        self,
        timeout: float,
        python: Path | None = None,
        confined_to: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """timeout: seconds for an answer; python: what runs it, None for what choose_python() says; confined_to: the
        folder that it sees in a sandbox, None for no sandbox; environment: further variables. Raises LabError if there
        is to be a sandbox and none."""
        self.timeout, self._environment = timeout, environment or {}
        self.path = Path()
        python = python or choose_python()
        wrapped = [] if confined_to is None else sandbox(python, confined_to, START.parent)
        self._command: list[str | Path] = [*wrapped, python, "-B", "-u", str(START)]
        self._mark = secrets.token_hex(16)
        self._printed = b""  # the last of it
        self._begin()

    def _begin(self) -> None:
        self._ended = False
        own = {"OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg", family.MARK: self._mark}
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**outer_environment(), **own, **self._environment},
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
        self._close()

    def _close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):  # what was left to be written to a process that had died
                    stream.close()

    @property
    def died(self) -> bool:
        """Has it ended, and not because it was killed?"""
        return self._process.poll() not in (None, family.KILLED)

    def restart(self) -> None:
        """Another process in place of one that died."""
        self._end()
        self._close()
        self._printed = re.split(DUMP, self._printed.decode(errors="replace"))[0].encode()
        self._begin()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Does it still answer?"""
        return not self._ended and self._process.poll() is None

    def kill(self) -> None:
        """End the process, whatever it is at, and those it began. From any thread."""
        if not self._ended:  # later its number may be another's
            family.end(self._process, self._mark)

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
        """One question, one answer. Raises StudentProblemError, also for an answer that is none."""
        # the worker ends itself with a traceback; should even that hang, it is killed
        watch = threading.Timer(self.timeout + 5, self.kill)
        watch.start()
        try:
            return self.ask_unwatched(do, arrays, **head)
        finally:
            watch.cancel()

    def ask_unwatched(
        self, do: str, arrays: Mapping[str, Array] | None = None, **head: Any
    ) -> tuple[dict[str, Any], dict[str, Array]]:
        """The same for one of very many questions: without a thread that watches whether the worker ends itself."""
        if self._process.stdin is None or self._process.stdout is None or self._ended:
            raise StudentProblemError("the process of the file has ended")
        try:
            send(self._process.stdin, {"do": do, "limit": self.timeout, **head}, arrays)
            reply, found = receive(self._process.stdout)
            if "error" in reply:
                nothing, wrong = bool(reply.get("nothing")), bool(reply.get("wrong"))
                frames = tuple(visible(str(frame)) for frame in reply.get("frames", ()))
                raise StudentProblemError(visible(str(reply["error"])), nothing, wrong, *read_told(reply), frames)
        except (EOFError, BrokenPipeError):
            raise StudentProblemError(self._death()) from None
        except StudentProblemError:
            raise
        except Exception as error:  # bytes on the pipe that are no answer
            self.kill()
            raise StudentProblemError(f"the file wrote over the answers of the check: {visible(str(error))}") from None
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
        if code < 0:
            why = ": was it killed, or the memory too small?" if -code == getattr(signal, "SIGKILL", None) else ""
            return f"the process of the file was ended by {signal.Signals(-code).name}{line}{why}"
        return f"the file ended the process (exit code {code}){line}"

    def _text(self) -> str:
        return visible(self._printed.decode(errors="replace"))

    def prints(self) -> str:
        """What the file printed (the last of it, if it is much), without the dump of a crash."""
        text = re.split(DUMP, self._text())[0]
        return text if len(text) <= PRINTS else "...\n" + text[-PRINTS:]
