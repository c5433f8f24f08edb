"""Whatever can be checked, by its name: a preset, or NAME in a file of a student."""

from collections.abc import Sequence
from typing import cast

from core.gradcheck.check import GradientReport, Method, Progress, Settings
from lab.check.preset import EXAMPLES, check_preset
from lab.check.student import Began, StudentReport, check_file
from lab.check.targets import FILE
from presets.load import load

FILE_EXAMPLES = 7

Report = GradientReport | StudentReport


def check(
    target: str,
    method: str | None = None,
    examples: int | None = None,
    changes: Sequence[str] = (),
    updates: int = 0,
    against: str | None = None,
    progress: Progress | None = None,
    began: Began | None = None,
) -> Report:
    """Check a preset, or FILE.py:NAME; None stands for the default. See check_preset and check_file, also for what they
    raise. `changes` and `updates` are for presets, `against` and `began` are for files."""
    how = cast(Method, method or "complex")
    if file := FILE.fullmatch(target):
        n = examples or FILE_EXAMPLES
        return check_file(file["path"], file["name"], how, n, against=against, progress=progress, began=began)
    return check_preset(load(target, changes), Settings(method=how), examples or EXAMPLES, updates, progress)
