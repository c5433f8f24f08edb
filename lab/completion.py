"""What the Tab key offers: presets and settings. Files are the shell's own business, runs those of lab/runs."""

from collections import Counter


def presets(incomplete: str) -> list[str]:
    """The shipped presets that begin like this."""
    from presets.load import names

    return [name for name in names() if name.startswith(incomplete)]


def settings(incomplete: str) -> list[str]:
    """The keys of the settings that begin like this, in full or, where one setting alone is meant, without section."""
    from presets.keys import known_keys

    keys = [*known_keys()]
    last = Counter(key.rpartition(".")[2] for key in keys)
    short = [name for name, settings in last.items() if settings == 1]
    return [key for key in dict.fromkeys(short + keys) if key.startswith(incomplete)]
