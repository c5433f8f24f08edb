"""Named splits: which rows of the training pool are for training and which for validation, in file order."""

import re

from data.errors import DataError
from data.sources import ImageSet

Span = tuple[int, int]  # first row, and the row after the last

BATCHES = "batch1/batch2/test"


def spans(split: str, source: ImageSet, rows: int) -> tuple[Span, Span]:
    """The rows of train and of validation in a training pool of `rows` rows, official or embedded.

    "batch1/batch2/test" is the first batch file and the second; on the embedded part, its first half (cut
    from the first file) and its second half. "N/M/test" is the first N and the last M rows; where the
    embedded part has too few, both are scaled down by the ratio of the pools.
    Raises DataError for any other split, and for one that does not fit the official pool.
    """
    if split == BATCHES and len(source.shards) > 1:
        batch = min(source.shard_rows, rows // 2)
        return (0, batch), (batch, 2 * batch)
    train, validation = _counts(split, source)
    if train + validation > rows:
        train, validation = (max(1, n * rows // source.pool_rows) for n in (train, validation))
    return (0, train), (rows - validation, rows)


def _counts(split: str, source: ImageSet) -> tuple[int, int]:
    """N and M of "N/M/test", for the official pool."""
    match = re.fullmatch("([0-9]{1,9})/([0-9]{1,9})/test", split)
    train, validation = map(int, match.groups()) if match else (0, 0)
    if train < 1 or validation < 1 or train + validation > source.pool_rows:
        raise DataError(f"{source.title} has no split {split!r}; {_allowed(source)}")
    return train, validation


def _allowed(source: ImageSet) -> str:
    batches = f'"{BATCHES}" or ' if len(source.shards) > 1 else ""
    return f'allowed: {batches}"N/M/test" with N and M from 1 and N + M up to {source.pool_rows:,}'
