"""What the commands share: printing, signals and common options."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lab import completion

if TYPE_CHECKING:
    from rich.console import Console

ENDING = [signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130  # exit codes; 0 is done

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout, and nothing else.")]
RunsDir = Annotated[Path, typer.Option("--runs-dir", envvar="GRADLAB_RUNS", help="Directory of the runs.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("-s", "--set", metavar="KEY=VALUE", help="Change a setting, as in -s eta=0.01; can be repeated."),
]

PresetName = Annotated[
    str | None,
    typer.Argument(
        metavar="PRESET",
        help="Name of a preset or path of a TOML file.",
        show_default=False,
        autocompletion=completion.presets,
    ),
]
Like = Annotated[
    str | None,
    typer.Option(
        metavar="PRESET",
        help="Train FILE:NAME as this preset is trained.",
        show_default=False,
        autocompletion=completion.presets,
    ),
]
Variant = Annotated[
    Literal["auto", "mini", "full"] | None,
    typer.Option("--data", help="auto: the full data set if present, otherwise the embedded part.  [default: auto]"),
]
Seed = Annotated[int | None, typer.Option(help="Seed for all random draws.", show_default="the preset's")]


def all_changes(changes: list[str] | None, seed: int | None) -> list[str]:
    """The changes of -s, and --seed as the last of them."""
    return [*(changes or []), *([] if seed is None else [f"seed={seed}"])]


def console(stderr: bool = False) -> "Console":
    """The terminal, with as much colour as it and the user's settings allow."""
    from lab.console import SafeConsole

    width = 80 if os.environ.get("COLUMNS") == "0" else None  # what some shells leave behind: it is not known
    return SafeConsole(stderr=stderr, width=width, markup=False, emoji=False)  # a name may well have brackets in it


def output(json: bool, document: Any, render: "Callable[[Console], None]") -> None:
    """Print the document as JSON, or let `render` show it."""
    if json:
        from lab.disk import to_json
        from lab.visible import visible_json

        text = visible_json(to_json(document))
        encoding = sys.stdout.encoding or "utf-8"
        print(text.encode(encoding, "backslashreplace").decode(encoding))  # what it lacks is escaped: \u2019
    else:
        render(console())


def notice(text: str) -> None:
    """Print a line for the user on stderr."""
    console(stderr=True).print(text, style="yellow", highlight=False, soft_wrap=True)


@contextmanager
def stopped_by_signals(stop: Callable[[], object]) -> Iterator[None]:
    """ctrl+c, SIGTERM or a closed terminal: call stop(). A second one ends the process at once.

    A signal that is ignored stays ignored: nohup and the background jobs of a script ask for it.
    """

    def ask(number: int, frame: FrameType | None) -> None:
        stop()
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.signal(number, ask) for number in ENDING if signal.getsignal(number) != signal.SIG_IGN}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
