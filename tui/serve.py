"""The app in a browser: textual-serve starts one for every visitor, on this machine only."""

import shlex
from collections.abc import Sequence

from lab.errors import LabError


def main(port: int, arguments: Sequence[str], python: str) -> None:
    """Serve the app at http://localhost:<port> until ctrl+c. Raises LabError if the extra is not installed."""
    try:
        from textual_serve.server import Server
    except ModuleNotFoundError:
        raise LabError("gradlab serve needs textual-serve: pip install 'gradlab[web]'") from None
    command = shlex.join([python, "-m", "tui", *arguments])
    Server(command, host="localhost", port=port, title="Gradlab").serve()
