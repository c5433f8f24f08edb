"""From the name or the file of a preset, and the user's changes, to a checked Preset."""

import json
import os
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import tomli
import tomlkit
from pydantic import ValidationError

from presets.errors import PresetError
from presets.keys import Values, models_in, resolve, section_models, settings
from presets.schema import Preset

FOLDER = Path(__file__).parent
MOST = 1 << 20  # bytes of a file; a link may lead to one without an end
LENGTHS = ("updates", "epochs", "cycles")


def names() -> list[str]:
    """The names of the presets that come with Gradlab."""
    return list(_shipped())


@cache
def _shipped() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load(preset: str, changes: Iterable[str] = ()) -> Preset:
    """The preset with that name or in that TOML file, with 'key=value' changes applied.

    `preset` is a path if it has a slash or ends in .toml. Raises PresetError.
    """
    path = _path(preset)
    raw = read(path)
    if path.parent != FOLDER:
        raw = _as_own(raw, path.stem, preset)
    return parse(raw, path.stem, origin=preset, changes=changes)


def _as_own(raw: dict[str, Any], stem: str, origin: str) -> dict[str, Any]:
    """A preset of ours that was written out and changed is not ours any more: it has another name, and no reference."""
    name = raw.get("name")
    if name not in names() or settings(parse(raw, stem, origin)) == settings(load(str(name))):
        return raw
    own = f"{name}-changed" if stem in (*names(), "preset") else stem  # preset.toml is what a run calls its own
    return {key: value for key, value in raw.items() if key != "reference"} | {"name": own}


def parse(raw: Mapping[str, Any], name: str, origin: str, changes: Iterable[str] = ()) -> Preset:
    """A checked Preset from a parsed TOML document. Messages call it `origin`. Raises PresetError."""
    document: dict[str, Any] = {"name": name} | {k: dict(v) if isinstance(v, dict) else v for k, v in raw.items()}
    preset = _check(document, origin)  # before the changes, so that they are not blamed for a mistake in the file
    changes = list(changes)
    for change in changes:
        _apply(document, change)
    return _check(document, f"{origin} with {' '.join(changes)}") if changes else preset


def with_values(preset: Preset, values: Mapping[str, Any], name: str) -> Preset:
    """The preset of one trial: without its search, with these settings by dotted key. Raises PresetError."""
    raw = preset.model_dump(exclude_none=True, exclude={"search", "reference", "name"})
    return parse(raw, name, origin=name, changes=as_changes(values))


def as_changes(values: Mapping[str, Any]) -> list[str]:
    """Settings by dotted key as 'key=value' for `-s`, exact to the last bit."""
    return [f"{key}={tomlkit.item(value).as_string()}" for key, value in values.items()]


def changed(preset: Preset) -> Values:
    """The settings that differ from those of the preset of that name; {} if no such preset comes with Gradlab."""
    if preset.name not in names():
        return {}
    shipped = _shipped_settings(preset.name)
    return {key: value for key, value in settings(preset).items() if key not in shipped or shipped[key] != value}


@cache  # a list of runs asks for each of them
def _shipped_settings(name: str) -> Values:
    return settings(load(name))


def _path(preset: str) -> Path:
    if preset.endswith(".toml") or "/" in preset or os.sep in preset:
        return Path(preset)
    path = FOLDER / f"{preset}.toml"
    if preset not in names():
        near = get_close_matches(preset, names(), n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise PresetError(f"there is no preset {preset}{hint} (gradlab presets lists them)")
    return path


def read(path: Path) -> dict[str, Any]:
    """The unchecked document in a TOML file. Raises PresetError."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST + 1)
        if len(content) > MOST:
            raise PresetError(f"{path}: is larger than {MOST:,} bytes: it is no preset")
        return tomli.loads(content.decode("utf-8-sig"))  # some editors on Windows write a byte-order mark
    except FileNotFoundError:
        raise PresetError(f"{path}: there is no such file") from None
    except OSError as error:
        raise PresetError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise PresetError(f"{path}: is not UTF-8 text (byte {error.start})") from None
    except (ValueError, RecursionError, MemoryError) as error:  # its own, and those for endless numbers and nesting
        raise PresetError(f"{path}: is not valid TOML: {error or type(error).__name__}") from None


def _apply(document: dict[str, Any], change: str) -> None:
    """Write one 'key=value' into the document. 'key=' removes the key."""
    key, equals, text = change.partition("=")
    if not equals or not key.strip():
        raise PresetError(f"-s {change}: write it as key=value, for example -s eta=0.01")
    section, _, field = resolve(key.strip()).rpartition(".")
    table = document.setdefault(section, {}) if section else document
    if not text.strip():  # as if the file did not have it
        table.pop(field, None)
        return
    value = _value(text.strip())
    if field == "kind":
        _keep_what_fits(table, section, value)
    if field in LENGTHS:  # the last one given counts
        for other in LENGTHS:
            table.pop(other, None)
    table[field] = value


def _keep_what_fits(table: dict[str, Any], section: str, kind: Any) -> None:
    """Drop the settings that a new kind of optimiser or schedule does not have."""
    known = {name for model in section_models(section, kind) for name in model.model_fields}
    for key in table.keys() - known:
        del table[key]


def _value(text: str) -> Any:
    """A TOML value. Also accepts numbers as Python writes them, lists without brackets, and words without quotes."""
    for candidate in (text, f"[{text}]"):
        try:
            parsed = tomli.loads(f"value = {candidate}")
        except (ValueError, RecursionError, MemoryError):  # not TOML, or an endless number or nesting
            continue
        if parsed.keys() == {"value"}:  # and no further lines
            return parsed["value"]
    try:
        return float(text)
    except ValueError:
        return text


def _check(document: Mapping[str, Any], origin: str) -> Preset:
    try:
        preset = Preset.model_validate(document)
    except ValidationError as error:
        messages: dict[str, str] = {}
        for e in error.errors():
            key, message = _key(e), _message(e, document)
            if key in messages:  # a value of several possible types has one error per type
                message = f"{messages[key]}, or {message.removeprefix(_given(key, e))}"
            messages[key] = message
        raise PresetError(f"{origin}: {'; '.join(messages.values())}", messages) from None
    for varied in preset.search.vary if preset.search else ():
        _check_varied(varied.key, origin)
    return preset


def _check_varied(key: str, origin: str) -> None:
    try:
        name = resolve(key)
    except PresetError as error:
        raise PresetError(f"{origin}: search.vary: {error}") from None
    if name != key:
        raise PresetError(f"{origin}: search.vary names {key}: give the full name, {name}")
    if key.startswith("search."):
        raise PresetError(f"{origin}: search.vary names {key}: a search cannot vary itself")


def _key(error: Any) -> str:
    """The dotted name of the setting in a pydantic error."""
    return ".".join(_parts(error))


def _parts(error: Any) -> list[str]:
    """The sections and names that lead to the setting in a pydantic error."""
    section, *rest = (str(part) for part in error["loc"] or ("",))
    if section in ("optimiser", "schedule"):
        rest = rest[1:]  # the first part is the tag of the union
    if error["type"] == "extra_forbidden" and rest:  # whatever the user calls it
        return [section, *_names(rest[:-1]), rest[-1]]
    return [section, *_names(rest)]


def _names(parts: Iterable[str]) -> list[str]:
    return [part for part in parts if part.isdigit() or part.isidentifier()]  # no type names


def _given(key: str, error: Any) -> str:
    return f"{key} = {error['input']!r}: "


def _message(error: Any, document: Mapping[str, Any]) -> str:
    """One pydantic error as the command line reports it: key, value, what is allowed."""
    key = _key(error)
    if error["type"] == "extra_forbidden":
        return _unknown_key(_parts(error), document)
    if error["type"] == "missing":
        return f"{key} is missing"
    if error["type"] == "union_tag_not_found":
        return f"{key}.kind is missing"
    if error["type"] == "union_tag_invalid":
        return f"{key}.kind = {error['ctx']['tag']!r}: must be one of {error['ctx']['expected_tags']}"
    if error["type"] == "value_error":
        reason = str(error["ctx"]["error"])
        return reason if isinstance(error["input"], dict) else f"{_given(key, error)}{reason}"
    reason = re.sub(r"^(Input|String|List) should", "must", error["msg"])
    return f"{_given(key, error)}{reason}"


def _unknown_key(parts: list[str], document: Mapping[str, Any]) -> str:
    section, *rest = parts
    if rest:
        models = section_models(section, document[section].get("kind"))
        for table in (part for part in rest[:-1] if not part.isdigit()):
            models = [inner for m in models for inner in models_in(m.model_fields[table].annotation)]
        allowed = [field.alias or name for model in models for name, field in model.model_fields.items()]
    else:
        allowed = list(Preset.model_fields)
    near = get_close_matches(parts[-1], allowed, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{_dotted(parts)} is not a setting{hint} (allowed here: {', '.join(allowed)})"


def _dotted(parts: Iterable[str]) -> str:
    """The parts as TOML writes them: in quotes where they are no plain names."""
    return ".".join(part if re.fullmatch(r"[\w-]+", part) else json.dumps(part, ensure_ascii=False) for part in parts)
