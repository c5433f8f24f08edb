"""The keys a user can set, `optimiser.eta` and the like, and the short names that stand for them."""

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
    """A hyperparameter: its dotted name, and what the schema says of it."""

    name: str
    title: str
    help: str
    unit: str


def section_models(section: str, kind: Any = None) -> list[type[BaseModel]]:
    """The models a section of the preset can be: none if it is a plain value, one, or several told apart by `kind`;
    of several, only the one of that kind if there is such a one."""
    models = models_in(Preset.model_fields[section].annotation)
    chosen = [m for m in models if "kind" in m.model_fields and kind in get_args(m.model_fields["kind"].annotation)]
    return chosen or models


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models an annotation mentions, however deep inside unions and lists."""
    if isinstance(annotation, type):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for part in get_args(annotation) for model in models_in(part)]


def known_keys() -> dict[str, Key]:
    """All settable keys by dotted name, in the order of the schema; of a key that several kinds of optimiser or
    schedule have, the first stands for all."""
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
    """The settings of a preset by dotted name, in the order of the schema; those that do not apply are left out."""
    flat: Values = {}
    for section, value in preset.model_dump(exclude_none=True, exclude=set(NOT_SETTINGS)).items():
        fields = value if isinstance(value, dict) else None
        flat |= {section: value} if fields is None else {f"{section}.{name}": inner for name, inner in fields.items()}
    return flat


def resolve(key: str) -> str:
    """The dotted name a user's key stands for: itself, or the only key that ends in it.

    Raises PresetError, with the nearest name, when there is none or more than one.
    """
    names = list(known_keys())
    if key in names:
        return key
    matches = [name for name in names if name.rpartition(".")[2] == key]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise PresetError(f"{key} can mean {' or '.join(matches)}: give the whole name")
    shorts = {name.rpartition(".")[2]: name for name in names}
    near = [shorts.get(name, name) for name in get_close_matches(key, [*names, *shorts], n=2, cutoff=0.5)]
    hint = f"did you mean {' or '.join(dict.fromkeys(near))}?" if near else f"there are {', '.join(names)}"
    raise PresetError(f"there is no setting {key}; {hint}")
