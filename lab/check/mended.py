"""Causes where the catalogue names none: the small change of the file with which its gradients are right."""

from collections.abc import Iterable

from core.gradcheck.check import GradientReport
from lab.check.code_target import StudentTarget
from lab.check.mistakes.evidence import Cause, listed
from lab.check.process import StudentProblemError
from lab.visible import visible

VAGUE = ("first-wrong-step", "cost-unknown")
KEY = "changed-line"


def is_named(causes: Iterable[Cause]) -> bool:
    """Does one of these say what is wrong, and not only where?"""
    return any(cause.key not in VAGUE for cause in causes)


def mended(report: GradientReport, code: StudentTarget) -> tuple[Cause, ...]:
    """A cause for every change of the file with which gradients are right that are wrong; none if there is no such."""
    try:
        found = [(str(m["line"]), str(m["words"]), tuple(map(str, m["right"]))) for m in code.mended()]
    except (StudentProblemError, KeyError, TypeError):
        return ()
    wrong = {t.name for t in report.tensors if not t.passed}
    return tuple(
        Cause(KEY, names, f"{capital(line)}: {words}. Then {_right(names)}.")
        for line, words, right in ((visible(line), visible(words), right) for line, words, right in found)
        if (names := tuple(name for name in right if name in wrong))
    )


def _right(names: tuple[str, ...]) -> str:
    return f"the gradient{'s' * (len(names) > 1)} of {listed(names)} {'is' if len(names) == 1 else 'are'} right"


def capital(text: str) -> str:
    """With a capital letter in front."""
    return text[:1].upper() + text[1:]
