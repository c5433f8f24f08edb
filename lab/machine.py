"""What this machine is, and what is set up for it before NumPy is imported."""

import os
import platform
from functools import cache
from pathlib import Path

OUTER_PYTHONPATH = "GRADLAB_OUTER_PYTHONPATH"  # what PYTHONPATH was before the launcher (gradlab/) put ours there
_SKYLAKEX = {"avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512cd"}


def tune_blas() -> None:
    """Let OpenBLAS use the AVX-512 kernels of a processor it does not recognise (recent AMD Zen cores).

    Has an effect only before NumPy is first imported. A setting of the user's own stays.
    """
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("\nflags")[2].split("\n")[0].split())
    except OSError:  # not Linux
        return
    if flags >= _SKYLAKEX:
        os.environ.setdefault("OPENBLAS_CORETYPE", "Cooperlake" if "avx512_bf16" in flags else "SkylakeX")


def outer_environment() -> dict[str, str]:
    """The environment as the user has it, without what keeps our own modules first: for a student's file."""
    outer = os.environ.get(OUTER_PYTHONPATH)
    if outer is None:
        return dict(os.environ)
    ours = {"PYTHONPATH", "PYTHONSAFEPATH", OUTER_PYTHONPATH}
    return {k: v for k, v in os.environ.items() if k not in ours} | ({"PYTHONPATH": outer} if outer else {})


def cores() -> int:
    """The number of processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def versions() -> dict[str, str]:
    """The versions a result depends on."""
    from importlib.metadata import version  # here: it loads the whole of email

    packages = {name: version(name) for name in ("gradlab", "numpy", "scipy")}
    return {"python": platform.python_version(), **packages}
