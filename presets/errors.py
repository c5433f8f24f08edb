"""What is said when a preset cannot be used."""

from collections.abc import Iterable


class PresetError(ValueError):
    """A message for the user: the file or preset, the key, the value and what is allowed. `keys`: the dotted names of
    the settings that are wrong, where single ones are."""

    def __init__(self, message: str, keys: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.keys = frozenset(keys)
