"""Code of the user's that fails while it is trained: told with their lines, and an exit code that says so."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from lab.check.trained import TrainedCodeError
from lab.terminal import FAILED, notice


@contextmanager
def failure_told(update: Callable[[], int | None], kept: str = "") -> Iterator[None]:
    """Inside the with-block, a TrainedCodeError ends the command with exit code 1. update: how many were made, None
    before the training began: then it is bad input as any other; kept: what is left of it, in words."""
    try:
        yield
    except TrainedCodeError as error:
        if (made := update()) is None:
            raise
        notice(f"at update {made + 1:,}: {error}")
        for frame in error.frames:
            notice(f"  {frame}")
        if kept:
            notice(kept)
        raise typer.Exit(FAILED) from None
