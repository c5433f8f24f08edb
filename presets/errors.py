"""Errors about presets."""

from collections.abc import Iterable


class PresetError(ValueError):
    """A message for the user: the file or preset, the key, the value and what is allowed. `keys`: the dotted names of
    the wrong settings and what is wrong with each; empty if no single setting is wrong."""

    def __init__(self, message: str, keys: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.keys = frozenset(keys)
