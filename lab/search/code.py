"""A student's code in a search: what must hold before its first trial, and how all its trials compare."""

from collections.abc import Iterable
from pathlib import Path

from typing_extensions import TypedDict

from data.dataset import Dataset
from lab.errors import LabError
from lab.runs.code import AgreementDocument, Code
from lab.runs.store import RunStore
from lab.training.code_run import trainer_of
from presets.schema import Preset


class SearchCode(TypedDict):
    """What the result of a search says of the code."""

    file: str
    name: str
    agreement: str  # of the first updates of all trials that have ended, in words


def trainable(file: Path, name: str, preset: Preset, dataset: Dataset) -> Code:
    """NAME in a file, with all files that it loads. Raises LabError, PresetError where it cannot be trained so."""
    if not file.is_file():
        raise LabError(f"there is no file {file}")
    trainer = trainer_of(file.resolve(), name, preset, dataset, threads=1)
    try:
        return trainer.code.source()
    finally:
        trainer.code.end()


def compared(trials: Iterable[tuple[int, Path]]) -> str:
    """How the first updates of the trials compare with those of Gradlab's own network. trials: number and folder of
    those that have ended."""
    seen = [(number, a) for number, folder in trials if (a := _agreement(folder)) is not None]
    for number, agreement in seen:
        if agreement["parts_at"] is not None:
            return f"Trial {number}: {agreement['sentence']}"
    if not seen:
        return ""
    sentences = list(dict.fromkeys(agreement["sentence"] for _, agreement in seen))
    return sentences[0] if len(sentences) == 1 else f"Trial {seen[0][0]}: {sentences[0]}"


def _agreement(folder: Path) -> AgreementDocument | None:
    result = RunStore(folder).sound_result()
    return result["code"]["agreement"] if result is not None and "code" in result else None
