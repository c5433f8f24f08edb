"""What is said when a preset cannot be used."""


class PresetError(ValueError):
    """A message for the user: the file or preset, the key, the value and what is allowed."""
