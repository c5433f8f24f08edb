"""What is told of a file that cannot be used."""

from typing import Any


class CodeError(Exception):
    """What is wrong with a student's file, in words for the student."""


class NoWayError(CodeError):
    """A file's code is of a form that nothing is known of."""


class NothingToCheckError(CodeError):
    """What was recognised holds no gradient of its own: it is not written yet, or belongs to a loss."""


class GuessError(CodeError):
    """No guess of what the functions are given runs. furthest: the try that came furthest (search.Try), None if not
    even an object could be made; cause: what ended it."""

    def __init__(self, furthest: Any, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.furthest, self.cause = furthest, cause
        self.words = ""  # better ones than the cause's, if there are
