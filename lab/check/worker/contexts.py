"""Operations as autograd libraries have them: forward(ctx, a, b) saves in a context what backward(ctx, d) reads."""

import inspect
import sys
from functools import wraps
from typing import Any

from .source import signature
from .values import Function

NAMES = ("ctx", "context")


class Context:
    """What is saved on the way forward, under the names that libraries give it."""

    def __init__(self) -> None:
        self.saved_tensors: tuple[Any, ...] = ()
        self.needs_input_grad = (True,) * 9

    def save_for_backward(self, *values: Any) -> None:
        """Keep them."""
        self.saved_tensors = self.saved_values = self.saved = values


def takes_context(kind: Any) -> bool:
    """Is it a class whose forward and backward are given a context first?"""
    parts = [getattr(kind, part, None) for part in ("forward", "backward")]
    return isinstance(kind, type) and all(
        callable(part) and [p.name for p in signature(part)][:1] in ([NAMES[0]], [NAMES[1]]) for part in parts
    )


def without_context(kind: Any) -> tuple[Function, Function]:
    """forward(a, b) -> (out, context) and backward(d, context) of such a class."""

    def made() -> Any:
        own = vars(sys.modules[kind.__module__]).values()
        theirs = (k for k in own if isinstance(k, type) and k.__name__.lower() in NAMES)
        return next(theirs, Context)()

    @wraps(kind.forward)
    def forward(*given: Any, **named: Any) -> Any:
        context = made()
        return kind.forward(context, *given, **named), context

    @wraps(kind.backward)
    def backward(gradient: Any, context: Any) -> Any:
        return kind.backward(context, gradient)

    ahead, back = (inspect.signature(part) for part in (kind.forward, kind.backward))
    forward.__signature__ = ahead.replace(parameters=list(ahead.parameters.values())[1:])  # type: ignore[attr-defined]
    backward.__signature__ = back.replace(parameters=list(back.parameters.values())[::-1])  # type: ignore[attr-defined]
    return forward, backward
