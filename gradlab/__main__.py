"""`gradlab` and `python -m gradlab`: the command line, with our own modules first."""

import os
import sys

# ruff: noqa: PTH100, PTH120 - pathlib may be somebody else's until the path is ours
HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def use_own_modules() -> None:
    """Take the current folder and PYTHONPATH off the path, for this process and for those that it starts."""
    outer = os.environ.get("PYTHONPATH", "")
    foreign = {os.path.abspath(folder) for folder in ("", *outer.split(os.pathsep))} - {HOME}
    sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder) not in foreign]
    if HOME not in sys.path:
        sys.path.insert(0, HOME)
    from lab.machine import OUTER_PYTHONPATH  # only now is it ours

    os.environ.setdefault(OUTER_PYTHONPATH, outer)
    os.environ |= {"PYTHONPATH": HOME, "PYTHONSAFEPATH": "1"}


def main() -> None:
    """Run the command line."""
    use_own_modules()
    import signal

    def end_at_ctrl_c() -> None:
        """Without a traceback: for the time in which modules are loaded, and in which Python ends."""
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)

    end_at_ctrl_c()
    from lab.cli import main as command_line

    try:
        command_line()
    finally:
        end_at_ctrl_c()


if __name__ == "__main__":
    main()
