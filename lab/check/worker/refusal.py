"""Why nothing could be checked: what was recognised, what is missing, and the student's own exception if it is one."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import numpy as np

from .errors import CodeError, GuessError
from .explain import OF_GUESSES, explain, is_ours, theirs
from .plan import Missing, Plan, sentence
from .plans import plan_of_guess
from .search import Try

ARGUMENTS = "arguments with which it runs"
SHOWN = 6  # arguments whose shapes are told


def refusal(namespace: Any, name: str, guess: GuessError) -> dict[str, Any]:
    """The answer about NAME, for which no guess runs: `error`, `recognised` and `missing`, in plain values."""
    plan = _plan(namespace, name, guess)
    known, missing = plan.recognised(), plan.missing()
    own = not missing or theirs(guess.cause, sure=all(call.sure for call in plan.calls()))
    if isinstance(guess.cause, CodeError) or is_ours(guess.cause) or _tells_of_the_guess(guess.cause):
        missing = missing or (Missing(ARGUMENTS, plan.gradient.signature if plan.gradient is not None else name),)
    if own and not is_ours(guess.cause):
        words = explain(guess.cause) + _given(guess)
    else:
        words = guess.words or sentence(known, missing)
    return {
        "error": words,
        "recognised": [asdict(each) for each in known],
        "missing": [asdict(each) for each in missing],
    }


def _plan(namespace: Any, name: str, guess: GuessError) -> Plan:
    """The plan as far as the guess tells; an empty one where even that cannot be told."""
    try:
        return plan_of_guess(namespace, name, guess)
    except CodeError:
        raise
    except Exception:
        return Plan(name, "calls")


def _tells_of_the_guess(error: BaseException) -> bool:
    """May the error come from what was given, and not from the code?"""
    return isinstance(error, OF_GUESSES) and not isinstance(error, ArithmeticError)


def _given(guess: GuessError) -> str:
    """With which shapes a line failed that other shapes might let run: ", when it was given X (5, 7), y (7,)"."""
    if not isinstance(guess.furthest, Try) or not _tells_of_the_guess(guess.cause):
        return ""
    shapes = list(dict.fromkeys(_shapes(guess.furthest)))[:SHOWN]
    return f", when it was given {', '.join(shapes)}" if shapes else ""


def _shapes(one: Try) -> Iterator[str]:
    """The arrays that the functions are given: X (5, 7)."""
    for function in (one.family.forward, one.family.cost, one.family.gradient):
        if function is None:
            continue
        with suppress(Exception):  # of an object that is not as it was
            for p, value in one.binder.given(function, one.world, one.world.values, None, {}):
                if isinstance(value, np.ndarray):
                    yield f"{p.name} {value.shape}"
