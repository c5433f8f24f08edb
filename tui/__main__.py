"""The app without the command line around it: what `gradlab serve` starts for every visitor."""

import argparse
import os
import select
import signal
import sys
import threading
from pathlib import Path

from lab.machine import tune_blas


def hang_up_with_the_server() -> None:
    """Wait until the server is gone, however it ended; then end as with a terminal that is gone: the work is kept."""
    pipe = select.poll()
    pipe.register(sys.stdin.fileno(), 0)  # no input, only its end
    pipe.poll()
    os.kill(os.getpid(), signal.SIGHUP)


if __name__ == "__main__":
    tune_blas()
    from tui.app import main

    if hasattr(select, "poll"):  # not on Windows
        threading.Thread(target=hang_up_with_the_server, daemon=True).start()
    parser = argparse.ArgumentParser(prog="python -m tui", description="The Gradlab app.")
    parser.add_argument("--runs-dir", type=Path, default=Path("runs"))
    sys.exit(main(runs=parser.parse_args().runs_dir))
