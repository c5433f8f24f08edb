"""Errors about data."""


class DataError(Exception):
    """One line for the user: the file or value, what is wrong with it, and what to do."""
