"""What somebody changed while a run was going: a run with such a change is not repeated by its preset alone."""

from collections.abc import Sequence
from math import isnan, nan
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

if TYPE_CHECKING:
    from core.types import Array


class Intervention(TypedDict):
    """The learning rate from an update on."""

    update: int  # the first that was made with it
    eta: float | None  # None: as the schedule says again


def in_words(interventions: Sequence[Intervention]) -> str:
    """As in "eta 0.001 from update 1,400, the schedule again from update 2,000"; nothing for none."""
    return ", ".join(f"{short(each)} from update {each['update']:,}" for each in interventions)


def short(intervention: Intervention) -> str:
    """As in "eta 0.001"."""
    eta = intervention["eta"]
    return "the schedule again" if eta is None else f"eta {eta:.3g}"


def packed(interventions: Sequence[Intervention]) -> "Array":
    """An array (n, 2) of float64 for a checkpoint: update, and eta or nan."""
    import numpy as np  # here: a list of runs, and the first screen, do without it

    rows = [[each["update"], nan if each["eta"] is None else each["eta"]] for each in interventions]
    return np.array(rows, dtype=np.float64).reshape(-1, 2)


def unpacked(rows: "Array") -> list[Intervention]:
    """What packed() packed. Raises ValueError for another array."""
    return [{"update": int(update), "eta": None if isnan(eta) else eta} for update, eta in rows.tolist()]
