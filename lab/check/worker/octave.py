"""A process of Octave that is kept open and calls functions. octave_server.m is its other side."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from typing import Any, ClassVar

from .errors import CodeError
from .octave_values import UnknownError, decode, encode, holds_kept

SERVER = Path(__file__).with_name("octave_server.m")


class OctaveError(Exception):
    """What Octave says went wrong. `stack`: file, function and line of the calls, the innermost first."""

    def __init__(self, message: str, stack: Sequence[tuple[str, str, int]] = ()) -> None:
        super().__init__(message)
        self.stack = tuple(stack)


class Octave:
    """The process. Raises CodeError, naming the file that needs it, where there is no Octave.

    seconds: processor time that answers have taken, of all such processes."""

    seconds: ClassVar[float] = 0.0

    def __init__(self, file: str) -> None:
        program = shutil.which("octave-cli") or shutil.which("octave")
        if program is None:
            raise CodeError(f"{file} needs Octave, which is not installed here (Debian: octave)")
        self._question, self._answer = _file(), _file()
        asked, self._asked = os.pipe()
        self._answered, answered = os.pipe()
        there = {"ASKED": asked, "ANSWERED": answered}
        there |= {"QUESTION": self._question.fileno(), "ANSWER": self._answer.fileno()}
        self._process = subprocess.Popen(
            [program, "--norc", "--quiet", "--no-history", "--no-window-system", "--no-gui", str(SERVER)],
            stdin=subprocess.DEVNULL,
            stdout=2,  # what the student's code prints
            env={**os.environ, "OMP_NUM_THREADS": "1", **{f"GRADLAB_{name}": str(fd) for name, fd in there.items()}},
            pass_fds=tuple(there.values()),
        )
        os.close(asked)
        os.close(answered)

    def close(self) -> None:
        """End the process, which else ends with ours."""
        os.close(self._asked)
        self._process.wait()
        os.close(self._answered)
        self._question.close()
        self._answer.close()

    def call(self, function: Any, *given: Any, outputs: int = 1) -> Any:
        """What a function gives: a name, or a function that Octave keeps. A cell of `outputs` values. Raises
        OctaveError."""
        question = [outputs, function, *given]
        self._question.seek(0)
        self._question.truncate()
        self._question.write(encode("question", question))
        data = self._ask(b"k" if holds_kept(question) else b"q")
        try:
            failed, found, seconds = decode(data)
        except UnknownError:
            failed, found, seconds = decode(self._ask(b"p"))
        Octave.seconds += float(seconds.item())
        if not failed:
            return found
        message, files, names, lines = found
        raise OctaveError(message, [(file, names[i], int(lines[0, i])) for i, file in enumerate(files)])

    def _ask(self, kind: bytes) -> bytes:
        self._question.seek(0)
        self._answer.seek(0)
        try:
            os.write(self._asked, kind)
            if os.read(self._answered, 1):
                self._answer.seek(0)
                return self._answer.read()
        except BrokenPipeError:
            pass
        code = self._process.wait()
        raise OctaveError(f"Octave has ended (exit code {code}): exit or quit in the code, or a crash")


def _file() -> FileIO:
    """A file without a name, in memory where the system can."""
    if hasattr(os, "memfd_create"):
        return FileIO(os.memfd_create("gradlab"), "r+")
    return tempfile.TemporaryFile(buffering=0)
