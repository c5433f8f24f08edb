"""A preset as readable TOML: every setting, with its title and unit in a comment."""

import tomlkit

from presets.keys import known_keys
from presets.schema import Preset


def dump(preset: Preset) -> str:
    """The TOML text of a preset; load() gives back an equal preset. Leaves out settings that do not apply."""
    keys = known_keys()
    document = tomlkit.document()
    for name, value in preset.model_dump(exclude_none=True).items():
        if not isinstance(value, dict):
            document.add(name, tomlkit.item(value))
            continue
        table = tomlkit.table()
        for field, inner in sorted(value.items(), key=lambda pair: pair[0] != "kind"):
            item = tomlkit.item(inner)
            if key := keys.get(f"{name}.{field}"):
                note = ", ".join(part for part in (key.title, key.unit) if part)
                if note and field != key.title:
                    item.comment(note)
            table.add(field, item)
        document.add(name, table)
    return tomlkit.dumps(document)
