"""JSON documents read back from the disk, and held to their types: a file may be damaged, or made by anybody."""

from collections.abc import Hashable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypeVar, cast, get_type_hints

from typing_extensions import TypedDict

from lab.disk import read_json
from lab.errors import DamagedError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")


def read_document(path: Path, kind: type[T], needed: Sequence[str]) -> T | None:
    """The document of that TypedDict in a file; None if there is no file. Keys that are not `needed` may be missing: an
    earlier version did not write all. Raises DiskError, and DamagedError where a value is not of its type."""
    from pydantic import ValidationError  # here: it takes its time, and not every command reads documents

    document = read_json(path, needed)
    if document is None:
        return None
    try:
        _partial(cast(Hashable, kind)).validate_python(document, strict=True)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        raise DamagedError(f"{path} cannot be used: {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}") from None
    except (RecursionError, MemoryError):
        raise DamagedError(f"{path} cannot be used: it is nested too deeply, or too large") from None
    return cast(T, document)


@cache
def _partial(kind: Hashable) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter

    optional: dict[str, Any] = {name: NotRequired[each] for name, each in get_type_hints(cast(type, kind)).items()}
    return TypeAdapter(TypedDict("Partial", optional))  # type: ignore[operator]
