"""What is told of a file that cannot be used."""


class CodeError(Exception):
    """What is wrong with a student's file, in words for the student."""
