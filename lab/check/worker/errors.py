"""What is told of a file that cannot be used."""


class CodeError(Exception):
    """What is wrong with a student's file, in words for the student."""


class NoWayError(CodeError):
    """A file's code is of a form that nothing is known of."""


class NothingToCheckError(CodeError):
    """What was recognised holds no gradient of its own: it is not written yet, or belongs to a loss."""
