"""The loader of the image sets: official files or embedded part, split, normalised."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from data import cifar10, files, idx, packed, place, splits
from data.dataset import Dataset, Part
from data.errors import DataError
from data.near import near
from data.normalise import Keep, apply, check, fit, in_memory, undo
from data.sources import ImageSet, Variant, image_set

VARIANTS = ("auto", "mini", "full")

Examples = tuple[np.ndarray, np.ndarray]  # images (n, h, w, c), uint8, and labels (n,), np.intp

_READERS = {"cifar10": cifar10.read, "mnist": idx.read}


def load(
    name: str,
    variant: str = "auto",
    split: str = splits.BATCHES,
    normalise: str = "zscore",
    keep: Keep = in_memory,
) -> Dataset:
    """An image set, split and normalised; x is (n, h, w, c), float32, C-contiguous.

    `variant`: "full", the official files; "mini", the embedded part; "auto", full if all files are there.
    `split`: see data.splits.spans. `normalise`: see data.normalise.fit; fitted on the training part only.
    `keep` makes the arrays that hold the images.
    Reads only files that the split needs. Raises DataError for an argument that is not allowed, a full set that is
    missing, and a file with wrong content.
    """
    source = image_set(name)
    check(normalise)
    chosen = _choose(source, variant)
    read = read_full if chosen == "full" else _read_mini
    examples, fingerprints = read(source, split)
    shift, scale = fit(examples[0][0], normalise)
    train, validation, test = _parts(examples, shift, scale, keep)
    show = partial(undo, shift=shift, scale=scale)
    return Dataset(name, source.title, chosen, split, source.classes, train, validation, test, fingerprints, show)


def read_full(source: ImageSet, split: str) -> tuple[list[Examples], dict[str, str]]:
    """Train, validation and test as pixels from the official files, and the sha256 of the files read."""
    folder, read = place.home() / source.folder, partial(_READERS[source.name], source)
    spans = splits.spans(split, source, source.pool_rows)
    cuts = {
        shard: [slice(max(start - first, 0), max(stop - first, 0)) for start, stop in spans]
        for first, shard in zip(range(0, source.pool_rows, source.shard_rows), source.shards, strict=True)
    }
    used = [s for s in source.shards if any(cut.start < min(cut.stop, source.shard_rows) for cut in cuts[s])]
    with ThreadPoolExecutor() as pool:  # reading, hashing and copying release the interpreter's lock
        *shards, test = pool.map(partial(read, folder), [*used, source.test])
    parts = [
        _joined([(x[cuts[shard][k]], y[cuts[shard][k]]) for shard, (x, y) in zip(used, shards, strict=True)])
        for k in range(len(spans))
    ]
    fingerprints = {file.name: file.sha256 for shard in (*used, source.test) for file in shard}
    return [*parts, test], fingerprints


def _read_mini(source: ImageSet, split: str) -> tuple[list[Examples], dict[str, str]]:
    """Train, validation and test as pixels from the embedded part, and its sha256."""
    train, validation = (slice(*span) for span in splits.spans(split, source, source.embedded_train))
    x, y, x_test, y_test = packed.read(source)
    parts = [(x[train], y[train]), (x[validation], y[validation]), (x_test, y_test)]
    return parts, {source.embedded.name: source.embedded.sha256}


def _choose(source: ImageSet, variant: str) -> Variant:
    """What "auto" means, given the files on this machine: "full" or "mini"."""
    if variant not in VARIANTS:
        raise DataError(f"data = {variant!r} is not known; allowed: {', '.join(VARIANTS)}")
    if variant == "mini":
        return "mini"
    folder = place.home() / source.folder
    missing = [file.name for file in source.files if files.find(folder, file) is None]
    if missing and variant == "full":
        hint = near(source)
        raise DataError(
            f"{folder} lacks {', '.join(missing)} of {source.title}; run `gradlab data fetch {source.name}` "
            f"(a new run can use the embedded part: --data mini){hint and f'. {hint}'}"
        )
    return "mini" if missing else "full"


def _joined(pieces: list[Examples]) -> Examples:
    return np.concatenate([x for x, _ in pieces]), np.concatenate([y for _, y in pieces])


def _parts(examples: list[Examples], shift: np.ndarray, scale: np.ndarray, keep: Keep) -> Iterator[Part]:
    """The parts, normalised. The pixels of each part are freed before the next is converted."""
    while examples:
        x, y = examples.pop(0)
        yield Part(apply(x, shift, scale, keep), y)
        del x
