"""What the lab says when it cannot do what was asked."""


class LabError(Exception):
    """One line for the user: what was given, what is wrong with it, what would be right. Exit code 2."""


class DiskError(LabError):
    """The file system refused: no room, no permission. What was kept until then can be taken up again."""


class DamagedError(LabError):
    """A file that was kept does not hold what it should."""
