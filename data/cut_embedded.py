"""Cuts the embedded parts from the full data sets: `python -m data.cut_embedded FULL_DIR [SET...]`, all or some.

Writes data/embedded/ and prints the size and sha256 that data/sources.py pins. Takes the first images of every class,
in the order of the official files, and compares every pixel of the result with them.
"""

import hashlib
import os
import sys

import numpy as np

from data import packed, surnames
from data.images import Examples, read_full
from data.place import home
from data.sources import IMAGE_SETS, SETS, SURNAMES, ImageSet


def main() -> None:
    if len(sys.argv) < 2 or not SETS.keys() >= set(sys.argv[2:]):
        sys.exit(f"{__doc__}\nThe sets are {', '.join(SETS)}.")
    os.environ["GRADLAB_DATA"] = sys.argv[1]
    for name in sys.argv[2:] or SETS:
        if name in IMAGE_SETS:
            _write(IMAGE_SETS[name].embedded.name, _cut(IMAGE_SETS[name]))
        else:
            _write(SURNAMES.embedded.name, surnames.table_of(home() / SURNAMES.folder).encode())


def _cut(source: ImageSet) -> bytes:
    """The packed part: the training pool from one file or, in halves, from the first two."""
    if len(source.shards) > 1:
        (first, second, test), _ = read_full(source, "batch1/batch2/test")
        pools = [first, second]
    else:
        (first, _, test), _ = read_full(source, f"{source.pool_rows - 1}/1/test")
        pools = [first]
    x, y = (
        np.concatenate(arrays)
        for arrays in zip(*(_head(pool, source.embedded_train // len(pools)) for pool in pools), strict=True)
    )
    part = packed.Packed(x, y, *_head(test, source.embedded_test))
    content = packed.pack(part)
    for cut, back in zip(part, packed.unpack(content), strict=True):
        assert np.array_equal(cut, back), f"{source.name}: the packed part differs from the official files"
    return content


def _head(examples: Examples, count: int) -> Examples:
    """As many examples of every class, the first in the files: the first of each, then the second of each, and so on.

    Any beginning of the result is balanced to within one example a class.
    """
    x, y = examples
    rank = np.empty(len(y), np.intp)  # number of earlier examples with the same label
    for label in np.unique(y):
        rank[y == label] = np.arange(np.count_nonzero(y == label))
    rows = np.argsort(rank, kind="stable")[:count]
    assert np.ptp(np.bincount(y[rows])) == 0
    return x[rows], y[rows]


def _write(name: str, content: bytes) -> None:
    (packed.FOLDER / name).write_bytes(content)
    print(f'File("{name}", {len(content):_}, "{hashlib.sha256(content).hexdigest()}")')


if __name__ == "__main__":
    main()
