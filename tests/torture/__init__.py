"""What must never be lost, written elsewhere, hang or end in a traceback: kills, signals, damage and hostile input.

Every test has two sizes: a small one in `make test`, and the whole one in `make torture`. No behaviour is tested here
that has no test of its own elsewhere: this is where unforeseen inputs are tried.
"""

import os

WHOLE = bool(os.environ.get("GRADLAB_TORTURE"))


def size(small: int, whole: int) -> int:
    """How many of something are tried."""
    return whole if WHOLE else small
