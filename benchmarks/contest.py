"""What the benchmarks share: how both sides are driven and measured, and the table of who was how fast.

Gradlab trains a preset as `gradlab run` does, without evaluations, on one thread and on all cores; PyTorch trains the
same network on the same batches with the same optimiser, eager, in the ways a benchmark names, and the best of these
counts ("with"). The ratio is Gradlab's on all cores to it, the median of all turns; half of the turns were between the
two numbers beside it. The gain is what all cores are worth: Gradlab's on all to Gradlab's on one. With --neighbour,
another program keeps one core busy all the while. `bound` is the updates per second that the matrix products alone
would allow at the speed of a large product on this machine; n is the batch.
"""

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from lab.machine import cores, tune_blas

tune_blas()  # as the command line does, before NumPy is imported

import numpy as np  # noqa: E402

from benchmarks.turns import Contestant, Seconds, median_ratio, quartiles, take_turns  # noqa: E402
from core.blas import one_thread  # noqa: E402
from core.helper.process import helped  # noqa: E402
from core.trainer import Trainer  # noqa: E402
from data.dataset import Dataset, Part  # noqa: E402
from data.sources import NAME_SETS  # noqa: E402
from lab.bench.bench import endless  # noqa: E402
from presets.build import build, load_data  # noqa: E402
from presets.load import load  # noqa: E402
from presets.schema import Preset  # noqa: E402

if TYPE_CHECKING:
    import torch

SHAPES = {"mnist": (28, 28, 1), "cifar10": (32, 32, 3)}
IMAGES, CLASSES = 10_000, 10

Way = tuple[Any, ...]  # how PyTorch runs, for example threads and memory layout
Product = tuple[int, int, int]  # rows, inputs and outputs of a matrix product


def thread_counts() -> list[int]:
    """One thread, and all cores."""
    return sorted({1, cores()})


def load_with(preset: str, batch: int) -> Preset:
    """A preset with this batch that neither ends nor evaluates."""
    return endless(preset, f"batch={batch}")


def examples(preset: Preset) -> Dataset:
    """The surnames, or random numbers of the shape of normalised images."""
    if preset.data.set in NAME_SETS:
        return load_data(preset, "auto")
    rng = np.random.default_rng(0)
    x = rng.standard_normal((IMAGES, *SHAPES[preset.data.set]), dtype=np.float32)
    part = Part(x, rng.integers(0, CLASSES, IMAGES))
    classes = tuple(str(c) for c in range(CLASSES))
    return Dataset(preset.data.set, "random numbers", "random", "", classes, part, part, part, {}, str)


_helpers = ExitStack()  # they end with this process


def gradlab(preset: str, batch: int, n_threads: int) -> Callable[[int], Seconds]:
    """A preset trained by Gradlab."""
    spec = load_with(preset, batch)
    trainer = build(spec, examples(spec))
    _helpers.enter_context(helped(trainer, n_threads, at_once=True))
    return lambda updates: train(trainer, updates)


def train(trainer: Trainer, updates: int) -> Seconds:
    """Make this number of updates, none of them followed by an evaluation."""
    trainer.update = max(1, trainer.update)  # past the evaluation of update 0
    snapshots = trainer.run()
    with one_thread():
        started = time.perf_counter()
        for _ in range(updates):
            next(snapshots)
        return time.perf_counter() - started


def pytorch(
    model: "Callable[[torch.Tensor], torch.Tensor]",
    optimiser: "torch.optim.Optimizer",
    x: np.ndarray,
    y: np.ndarray,
    batch: int,
    n_threads: int,
) -> Callable[[int], Seconds]:
    """A model trained by PyTorch, eager, on shuffled batches of x (n, ...) and labels y (n,)."""
    import torch

    torch.set_num_threads(n_threads)
    loss_of = torch.nn.CrossEntropyLoss()
    rows, labels = torch.from_numpy(x), torch.from_numpy(y)
    per_epoch = len(x) // batch

    def make_updates(updates: int) -> Seconds:
        started = time.perf_counter()
        for t in range(updates):
            if t % per_epoch == 0:
                order = torch.randperm(len(x))
            index = order[t % per_epoch * batch : (t % per_epoch + 1) * batch]
            optimiser.zero_grad()
            loss = loss_of(model(torch.index_select(rows, 0, index)), labels[index])
            loss.backward()
            optimiser.step()
            loss.item()  # Gradlab looks at every loss, too
        return time.perf_counter() - started

    return make_updates


def product_speed(n: int = 1024, repeats: int = 9) -> float:
    """FLOP/s of a large square product on all cores, as NumPy reaches it."""
    a = np.ones((n, n), np.float32)
    out = np.empty_like(a)
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        np.matmul(a, a, out=out)
        seconds.append(time.perf_counter() - started)
    return 2 * n**3 / statistics.median(seconds)


def product_flops(products: Sequence[Product], batch: int) -> int:
    """Floating point operations of one update: forward, dW, and dX but for the first layer; of one example's products
    in the forward pass."""
    sizes = [rows * inputs * outputs for rows, inputs, outputs in products]
    return 2 * batch * (3 * sum(sizes) - sizes[0])


def main(
    description: str,
    presets: Mapping[str, Sequence[int]],
    contestant: Contestant,
    ways: Mapping[str, Way],
    products: Callable[[Preset], Sequence[Product]],
) -> None:
    """Measure presets at batch sizes and print the table, row by row.

    contestant: PyTorch's side, called with preset, batch, and one of `ways`;
    products: the matrix products in the forward pass of one example.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="*", default=list(presets), metavar="PRESET", help=", ".join(presets))
    parser.add_argument("--batch", type=int, nargs="+", default=None, help="sizes  [default: of each preset]")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each turn")
    parser.add_argument("--neighbour", action="store_true", help="beside a program that keeps one core busy")
    arguments = parser.parse_args()
    if arguments.neighbour:
        multiprocessing.get_context("spawn").Process(target=keep_busy, daemon=True).start()
    speed = product_speed()
    print(f"{cores()} cores, large products at {speed / 1e9:.0f} GFLOP/s\n")
    print_row("preset", "n", "Gradlab/s", "1 core", "gain", "PyTorch/s", "with", "ratio", "of turns", "bound/s")
    for preset in arguments.presets:
        for batch in arguments.batch or presets[preset]:
            bound = speed / product_flops(products(load(preset)), batch)
            print_row(preset, str(batch), *compare(preset, batch, contestant, ways, arguments), f"{bound:,.0f}")


def keep_busy() -> None:
    """As long as the benchmark runs: one that was killed leaves no busy core behind."""
    benchmark = multiprocessing.parent_process()
    assert benchmark is not None
    while benchmark.is_alive():
        until = time.perf_counter() + 0.5
        while time.perf_counter() < until:
            pass


def print_row(preset: str, *cells: str) -> None:
    """A line of the table, at once: the next takes a while."""
    print(f"{preset:16}", f"{cells[0]:>4}", *(f"{cell:>9}" for cell in cells[1:]), flush=True)


def compare(
    preset: str, batch: int, contestant: Contestant, ways: Mapping[str, Way], arguments: argparse.Namespace
) -> list[str]:
    """Gradlab on all cores and on one and their ratio, PyTorch's best, the way it ran, the ratio to it and its
    spread."""
    n = cores()
    theirs = {name: (contestant, (preset, batch, *way)) for name, way in ways.items()}
    ours = {k: (gradlab, (preset, batch, k)) for k in thread_counts()}
    rates = take_turns({**theirs, **ours}, arguments.rounds, arguments.seconds)
    medians = {name: statistics.median(rate) for name, rate in rates.items()}
    best = max(theirs, key=lambda name: medians[name])
    all_cores, one, other = (f"{medians[name]:,.0f}" for name in (n, 1, best))
    gain, ratio = (f"{median_ratio(rates[n], rates[name]):.2f}" for name in (1, best))
    low, _, high = quartiles(rates[n], rates[best])
    return [all_cores, one, gain, other, best, ratio, f"{low:.2f}-{high:.2f}"]
