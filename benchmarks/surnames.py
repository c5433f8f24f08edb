"""Updates per second of the surnames' networks beside PyTorch eager: python -m benchmarks.surnames

Momentum as in the presets, and the names themselves. PyTorch has the one-hot vectors of all names, made beforehand, and
a Conv1d over them ("one-hot"); or the places in the kernel that every window's characters pick, made beforehand, and an
embedding_bag that adds those up ("bag"): the same sums without the zeros.
"""

from collections.abc import Callable

import numpy as np

from benchmarks.contest import Product, Way, examples, load_with, main, pytorch, thread_counts
from benchmarks.turns import Seconds
from data.alphabet import ALPHABET, LENGTH
from data.sources import SURNAMES
from presets.schema import Preset

BATCHES = {"names-balanced": [59, 100], "names-best": [59, 100]}
SYMBOLS = len(ALPHABET)
WAYS: dict[str, Way] = {
    f"{k} {'bag' if bag else 'one-hot'}": (k, bag) for k in thread_counts() for bag in (False, True)
}


def theirs(preset: str, batch: int, n_threads: int, bag: bool) -> Callable[[int], Seconds]:
    """The network of a preset trained by PyTorch."""
    import torch
    from torch import nn

    spec = load_with(preset, batch)
    (n1, k1), (n2, k2) = filters_and_sizes(spec)
    part = examples(spec).train
    first = (
        nn.EmbeddingBag(k1 * SYMBOLS + 1, n1, mode="sum", padding_idx=-1)
        if bag
        else nn.Conv1d(SYMBOLS, n1, k1, bias=False)
    )
    windows = LENGTH - k1 + 1
    units = n2 * (windows - k2 + 1)
    above = nn.Sequential(
        nn.ReLU(),
        nn.Conv1d(n1, n2, k2, bias=False),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(units, len(SURNAMES.classes), bias=False),
    )

    def read_bags(x: torch.Tensor) -> torch.Tensor:
        sums = first(x.view(-1, k1)).view(-1, windows, n1)
        logits: torch.Tensor = above(sums.transpose(1, 2))
        return logits

    model = read_bags if bag else nn.Sequential(first, above)
    x = bags(part.x, k1) if bag else one_hot(part.x)
    parameters = [*first.parameters(), *above.parameters()]
    optimiser = torch.optim.SGD(parameters, lr=spec.optimiser.eta, momentum=spec.optimiser.rho, fused=True)
    return pytorch(model, optimiser, x, part.y, batch, n_threads)


def filters_and_sizes(preset: Preset) -> list[tuple[int, int]]:
    """Of the two convolutions."""
    return [(step.filters, step.size) for step in preset.network.convolutions]


def one_hot(x: np.ndarray) -> np.ndarray:
    """Names x (n, LENGTH) as (n, SYMBOLS, LENGTH): float32, zeros where a name has ended."""
    return np.ascontiguousarray((np.arange(SYMBOLS)[:, None] == x[:, None]).astype(np.float32))


def bags(x: np.ndarray, size: int) -> np.ndarray:
    """For every window of names x (n, LENGTH) the rows of the kernel it adds up: (n, windows, size); a place after the
    end of the name has the last row, which is padding."""
    windows = np.lib.stride_tricks.sliding_window_view(x, size, axis=1)
    return np.where(windows < SYMBOLS, windows + np.arange(size) * SYMBOLS, size * SYMBOLS)


def products(preset: Preset) -> list[Product]:
    """The products of one example's forward pass, that with the characters without its zeros."""
    (n1, k1), (n2, k2) = filters_and_sizes(preset)
    windows = LENGTH - k1 + 1
    higher = windows - k2 + 1
    return [(windows, k1, n1), (higher, k2 * n1, n2), (1, higher * n2, len(SURNAMES.classes))]


if __name__ == "__main__":
    main(str(__doc__), BATCHES, theirs, WAYS, products)
