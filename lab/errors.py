"""The errors of the lab."""


class LabError(Exception):
    """One line for the user: the value, what is wrong with it, and what is allowed. Exit code 2."""


class DiskError(LabError):
    """The file system refused: no space, no permission. What was saved before can be resumed."""


class DamagedError(LabError):
    """A saved file has wrong content."""
