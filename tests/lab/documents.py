"""Compares a JSON document with the type that declares it: an oracle that knows nothing of how documents are made."""

from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin

from pydantic import BaseModel
from typing_extensions import get_type_hints, is_typeddict  # also of its own TypedDict


def faults(value: Any, kind: Any, at: str = "document") -> list[str]:
    """Every place in a parsed JSON document that is not as the type says: keys too many or too few, other types."""
    origin, parts = get_origin(kind), get_args(kind)
    if kind is Any:
        return []
    if is_typeddict(kind):
        return _of_keys(value, get_type_hints(kind), kind.__required_keys__, at)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        hints = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
        needed = {field.alias or name for name, field in kind.model_fields.items() if field.is_required()}
        return _of_keys(value, hints, needed, at)
    if is_dataclass(kind):  # all of its fields are in the document
        return _of_keys(value, get_type_hints(kind), {field.name for field in fields(kind)}, at)
    if hasattr(kind, "__metadata__"):  # Annotated
        return faults(value, kind.__origin__, at)
    if origin in (Required, NotRequired):
        return faults(value, parts[0], at)
    if origin in (Union, UnionType):
        each = [faults(value, part, at) for part in parts]
        return [] if not all(each) else min(each, key=len)
    if origin is Literal:
        return [] if value in parts else [f"{at} = {value!r} is none of {parts}"]
    if origin in (list, tuple):
        if not isinstance(value, list):
            return [f"{at} is no list"]
        return [fault for i, inner in enumerate(value) for fault in faults(inner, parts[0], f"{at}[{i}]")]
    if origin is dict:
        if not isinstance(value, dict):
            return [f"{at} is no object"]
        wrong = [fault for key in value for fault in faults(key, parts[0], f"{at}: key {key}")]
        return wrong + [fault for key in value for fault in faults(value[key], parts[1], f"{at}.{key}")]
    allowed = {float: (int, float), None: (NoneType,)}.get(kind, (kind,))
    right = isinstance(value, allowed) and (kind is bool or not isinstance(value, bool))
    return [] if right else [f"{at} = {value!r} is no {kind}"]


def _of_keys(value: Any, hints: dict[str, Any], needed: set[str] | frozenset[str], at: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{at} is no object"]
    wrong = [f"{at} has no {key}" for key in sorted(needed - value.keys())]
    wrong += [f"{at} has {key}, which is not declared" for key in value if key not in hints]
    return wrong + [fault for key in value if key in hints for fault in faults(value[key], hints[key], f"{at}.{key}")]
