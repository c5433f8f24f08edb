"""Check anything by its name: a preset, a student's file, or NAME in it."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from core.gradcheck.check import GradientReport, Method, Progress, Settings
from lab.check.preset import EXAMPLES, check_preset
from lab.check.student import Began, FileReport, StudentReport, check_file, check_whole_file
from lab.check.targets import FILE, WHOLE
from presets.load import load

FILE_EXAMPLES = 7

Report = GradientReport | StudentReport | FileReport


def check(
    target: str,
    method: str | None = None,
    examples: int | None = None,
    changes: Sequence[str] = (),
    updates: int = 0,
    against: str | None = None,
    progress: Progress | None = None,
    began: Began | None = None,
    python: Path | None = None,
    sandbox: bool = False,
) -> Report:
    """Check a preset, FILE:NAME or FILE; None stands for the default. See check_preset, check_file, check_whole_file,
    also for what they raise. `changes` and `updates` are for presets; `against` (FILE:NAME), `began`, `python` and
    `sandbox` for files."""
    how = cast(Method, method or "complex")
    if file := FILE.fullmatch(target):
        n = examples or FILE_EXAMPLES
        return check_file(
            file["path"],
            file["name"],
            how,
            n,
            against=against,
            progress=progress,
            began=began,
            python=python,
            sandbox=sandbox,
        )
    if file := WHOLE.fullmatch(target):
        n = examples or FILE_EXAMPLES
        return check_whole_file(file["path"], how, n, progress=progress, began=began, python=python, sandbox=sandbox)
    return check_preset(load(target, changes), Settings(method=how), examples or EXAMPLES, updates, progress)
