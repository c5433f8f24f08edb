"""Causes where the catalogue names none: the small change of the file with which its gradients are right."""

import re
from collections.abc import Iterable
from dataclasses import replace

from core.gradcheck.check import GradientReport
from lab.check.code_target import StudentTarget
from lab.check.mistakes.evidence import Cause, listed
from lab.check.process import StudentProblemError
from lab.visible import visible

WHERE = ("first-wrong-step", "cost-unknown")  # causes that say where, and not what
VAGUE = ("wrong-factor", "penalty-other-factor", "rearranged")  # a change of the file says more
KEY = "changed-line"
MANY = 4  # lines: more are told as a range


def is_told(causes: Iterable[Cause]) -> bool:
    """Does one of these say what is wrong, and not only where?"""
    return any(cause.key not in WHERE for cause in causes)


def is_named(causes: Iterable[Cause]) -> bool:
    """Does one of these say what is wrong, and no less than a change of the file would?"""
    return any(cause.key not in (*WHERE, *VAGUE) for cause in causes)


def mended(report: GradientReport, code: StudentTarget, known: tuple[Cause, ...]) -> tuple[Cause, ...]:
    """A cause for every change of the file with which gradients are right that are wrong. What is `known` of those that
    none makes right stays, with the lines that are for them alone."""
    try:
        answer = code.mended()
        found = [(str(m["line"]), str(m["words"]), tuple(m["right"]), bool(m["instead"])) for m in answer["mended"]]
        lines = [visible(str(line)) for line in answer["lines"]]
    except (StudentProblemError, KeyError, TypeError):
        return known
    wrong = [t.name for t in report.tensors if not t.passed]
    causes = tuple(
        Cause(KEY, names, f"{'Or: ' * instead}{capital(visible(line))}: {visible(words)}. Then {_right(names)}.")
        for line, words, right, instead in found
        if (names := tuple(name for name in right if name in wrong))
    )
    rest = tuple(name for name in wrong if not any(name in cause.tensors for cause in causes))
    return (*causes, *_left(rest, known, lines)) if rest else causes


def _left(rest: tuple[str, ...], known: tuple[Cause, ...], lines: list[str]) -> tuple[Cause, ...]:
    """What is said of the gradients that stay wrong."""
    about = tuple(cause for cause in known if set(cause.tensors) & set(rest) or not cause.tensors)
    if not lines:
        return about
    are = "is" if len(lines) == 1 else "are"
    alone = f"only {_places(lines)} {are} for {listed(rest)} and for no gradient that is right"
    if about and about[-1].key in WHERE:
        return *about[:-1], replace(about[-1], sentence=f"{about[-1].sentence.removesuffix('.')}; {alone}.")
    if about:
        return about
    return (Cause("first-wrong-step", rest, f"{capital(alone)}: look there, or for what is missing there."),)


def _places(lines: list[str]) -> str:
    """'lines 4, 6 and 7'."""
    if len(lines) > 1 and all(re.fullmatch(r"line \d+", line) for line in lines):
        numbers = sorted({int(line.removeprefix("line ")) for line in lines})
        return (
            f"lines {listed([str(k) for k in numbers]) if len(numbers) <= MANY else f'{numbers[0]} to {numbers[-1]}'}"
        )
    return listed(lines) if len(lines) <= MANY else f"{lines[0]} to {lines[-1]}"


def _right(names: tuple[str, ...]) -> str:
    return f"the gradient{'s' * (len(names) > 1)} of {listed(names)} {'is' if len(names) == 1 else 'are'} right"


def capital(text: str) -> str:
    """With a capital letter in front."""
    return text[:1].upper() + text[1:]
