"""A program in a pseudo terminal of its own: keys in, screens out."""

import fcntl
import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path


class Terminal:
    """A process and the terminal it controls, (columns, rows) large. `output` is all it has written."""

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], size: tuple[int, int] = (80, 24)
    ) -> None:
        self.master, self._slave = pty.openpty()
        termios.tcsetwinsize(self.master, (size[1], size[0]))
        self.before = termios.tcgetattr(self._slave)
        self.output = b""
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | {"TERM": "xterm-256color"} | dict(environment),
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(self._slave, termios.TIOCSCTTY, 0),  # its own terminal, which it can lose
        )

    def read(self, seconds: float = 0.05) -> None:
        """Take in what is written, as soon as there is something; wait at most that number of seconds."""
        with suppress(OSError):  # it has ended
            while select.select([self.master], [], [], seconds)[0]:
                self.output += os.read(self.master, 65536)
                seconds = 0

    def wait_for(self, condition: Callable[[], object], patience: float, pause: float = 0.05) -> None:
        """Read until the condition holds. Raises TimeoutError after `patience` seconds."""
        end = time.monotonic() + patience
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(self.output[-2000:].decode(errors="replace"))
            self.read(pause)

    def rest(self, seconds: float) -> None:
        """Read for as long as that."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.read(left)

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self.master, keys)

    def close(self) -> None:
        """What happens when the window of a terminal is closed."""
        os.close(self._slave)
        os.close(self.master)

    @property
    def ended(self) -> bool:
        """Is the process over?"""
        return self.process.poll() is not None

    def end(self) -> None:
        """End the process if it has not ended, and let the terminal go."""
        if not self.ended:
            self.process.kill()
        self.process.wait()
        with suppress(OSError):
            self.close()
