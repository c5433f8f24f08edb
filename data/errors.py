"""What goes wrong with data, said to the user."""


class DataError(Exception):
    """One line for the user: the file or value, what is wrong with it, and what is to be done."""
