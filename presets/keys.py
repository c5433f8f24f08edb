"""The keys that a user can set, such as `optimiser.eta`, and their short names."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from presets.errors import PresetError
from presets.schema import Preset

Values = dict[str, Any]  # settings by dotted key, as TOML has them

NOT_SETTINGS = ("name", "title", "description", "reference")


@dataclass(frozen=True)
class Key:
    """A hyperparameter: its dotted name, and its title, help and unit from the schema."""

    name: str
    title: str
    help: str
    unit: str


def section_models(section: str, kind: Any = None) -> list[type[BaseModel]]:
    """The models of a section of the preset: none for a plain value, one, or several that differ in `kind`. If one of
    several has the given kind, only that one."""
    models = models_in(Preset.model_fields[section].annotation)
    chosen = [m for m in models if "kind" in m.model_fields and kind in get_args(m.model_fields["kind"].annotation)]
    return chosen or models


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models in an annotation, at any depth of unions and lists."""
    if isinstance(annotation, type):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for part in get_args(annotation) for model in models_in(part)]


def known_keys() -> dict[str, Key]:
    """All keys that can be set, by dotted name, in the order of the schema. If several kinds of optimiser or schedule
    have the same key, the first one counts."""
    keys: dict[str, Key] = {}
    for section, field in Preset.model_fields.items():
        if section in NOT_SETTINGS:
            continue
        models = section_models(section)
        if not models:
            keys[section] = _key(section, field)
        for model in models:
            for name, inner in model.model_fields.items():
                dotted = f"{section}.{inner.alias or name}"
                keys.setdefault(dotted, _key(dotted, inner))
    return keys


def _key(name: str, field: FieldInfo) -> Key:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    return Key(name, field.title or "", field.description or "", str(extra.get("unit", "")))


def settings(preset: Preset) -> Values:
    """The settings of a preset by dotted name, in the order of the schema, without those that do not apply."""
    flat: Values = {}
    for section, value in preset.model_dump(exclude_none=True, exclude=set(NOT_SETTINGS)).items():
        fields = value if isinstance(value, dict) else None
        flat |= {section: value} if fields is None else {f"{section}.{name}": inner for name, inner in fields.items()}
    return flat


def resolve(key: str) -> str:
    """The dotted name for a user's key: the key itself, or the only key that ends in it.

    Raises PresetError, with the nearest name, if there is none or more than one.
    """
    names = list(known_keys())
    if key in names:
        return key
    matches = [name for name in names if name.rpartition(".")[2] == key]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise PresetError(f"{key} can mean {' or '.join(matches)}: give the full name")
    shorts = {name.rpartition(".")[2]: name for name in names}
    near = [shorts.get(name, name) for name in get_close_matches(key, [*names, *shorts], n=2, cutoff=0.5)]
    hint = f"did you mean {' or '.join(dict.fromkeys(near))}?" if near else f"there are {', '.join(names)}"
    raise PresetError(f"there is no setting {key}; {hint}")
