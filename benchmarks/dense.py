"""Updates per second of the dense assignments beside PyTorch eager: python -m benchmarks.dense

The same network, batch, penalty and plain SGD; the data are random numbers of CIFAR-10's shape. PyTorch runs with one
thread and with all cores, and the better of the two counts. `bound` is what the matrix products alone would allow at
the speed of a large product on this machine.
"""

import argparse
import itertools
import statistics
import time
from collections.abc import Callable

from lab.machine import cores, tune_blas

tune_blas()  # as the command line does, before NumPy is imported

import numpy as np  # noqa: E402
from rich import box  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from benchmarks.turns import median_ratio, take_turns  # noqa: E402
from core.threads import threads  # noqa: E402
from data.dataset import Dataset, Part  # noqa: E402
from presets.build import build  # noqa: E402
from presets.load import load  # noqa: E402

PRESETS = ("a1-test2", "a2-setting1", "a3-3layer-bn", "a3-9layer-bn")
CLASSES = 10
PIXELS = 3072


def random_images(n: int = 10_000) -> Part:
    """Numbers of the shape of n normalised CIFAR-10 images."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, 32, 32, 3), dtype=np.float32)
    return Part(x, rng.integers(0, CLASSES, n))


def gradlab(preset: str, n_threads: int) -> Callable[[int], float]:
    """A preset trained by Gradlab, as `gradlab run` drives it, without evaluations."""
    part = random_images()
    names = tuple(str(c) for c in range(CLASSES))
    dataset = Dataset("cifar10", "CIFAR-10", "random", "", names, part, part, part, {}, str)
    trainer = build(load(preset, ["updates=1000000000", "evaluate_every=1000000000"]), dataset)
    trainer.update = 1  # past the evaluation of update 0
    snapshots = trainer.run()

    def make_updates(n: int) -> float:
        with threads(n_threads):
            started = time.perf_counter()
            for _ in range(n):
                next(snapshots)
            return time.perf_counter() - started

    return make_updates


def pytorch(preset: str, n_threads: int) -> Callable[[int], float]:
    """The same network trained by PyTorch, eager."""
    import torch
    from torch import nn

    torch.set_num_threads(n_threads)
    spec = load(preset)
    widths = [PIXELS, *spec.network.hidden, CLASSES]
    layers: list[nn.Module] = []
    for i, (d, m) in enumerate(itertools.pairwise(widths)):
        layers.append(nn.Linear(d, m))
        if i < len(spec.network.hidden):
            layers += [nn.BatchNorm1d(m), nn.ReLU()] if spec.network.batch_norm else [nn.ReLU()]
    model = nn.Sequential(*layers)
    weights = [layer.weight for layer in layers if isinstance(layer, nn.Linear)]
    others = [p for p in model.parameters() if not any(p is w for w in weights)]
    groups = [{"params": weights, "weight_decay": 2 * spec.loss.lambda_}, {"params": others}]
    optimiser = torch.optim.SGD(groups, lr=1e-3)
    loss_of = nn.CrossEntropyLoss()
    part, size = random_images(), spec.training.batch
    x, y = torch.from_numpy(part.x.reshape(len(part), -1)), torch.from_numpy(part.y)
    per_epoch = len(part) // size

    def make_updates(n: int) -> float:
        started = time.perf_counter()
        for t in range(n):
            if t % per_epoch == 0:
                order = torch.randperm(len(part))
            index = order[t % per_epoch * size : (t % per_epoch + 1) * size]
            optimiser.zero_grad()
            loss = loss_of(model(torch.index_select(x, 0, index)), y[index])
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


def product_flops(preset: str) -> int:
    """Floating point operations of one update's matrix products: forward, dW, and dX but for the first layer."""
    spec = load(preset)
    widths = [PIXELS, *spec.network.hidden, CLASSES]
    pairs = [d * m for d, m in itertools.pairwise(widths)]
    return 2 * spec.training.batch * (3 * sum(pairs) - pairs[0])


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="*", default=PRESETS)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each turn")
    arguments = parser.parse_args()
    n = cores()
    speed = product_speed()
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("preset", "Gradlab/s", "1 thread", "PyTorch/s", "threads", "ratio", "bound/s", "of bound"):
        table.add_column(heading, no_wrap=True)
    for preset in arguments.presets:
        contestants = {f"torch {k}": (pytorch, (preset, k)) for k in sorted({1, n})}
        contestants |= {f"gradlab {k}": (gradlab, (preset, k)) for k in sorted({1, n})}
        rates = take_turns(contestants, arguments.rounds, arguments.seconds)
        medians = {name: statistics.median(rate) for name, rate in rates.items()}
        best = max((name for name in rates if name.startswith("torch")), key=lambda name: medians[name])
        ours = f"gradlab {n}"
        bound = speed / product_flops(preset)
        table.add_row(
            preset,
            f"{medians[ours]:,.0f}",
            f"{medians['gradlab 1']:,.0f}",
            f"{medians[best]:,.0f}",
            best.removeprefix("torch "),
            f"{median_ratio(rates[ours], rates[best]):.2f}",
            f"{bound:,.0f}",
            f"{medians[ours] / bound:.0%}",
        )
    Console().print(f"{n} cores, large products at {speed / 1e9:.0f} GFLOP/s")
    Console().print(table)


if __name__ == "__main__":
    main()
