"""Updates per second of the convolutional networks beside PyTorch eager: python -m benchmarks.images

The same network, batch, loss and momentum as a moving average; the data are random numbers of the images' shape.
PyTorch runs with one thread and with all cores, with channels first and channels last, and the best of these counts
("with": its threads and layout). `bound` is the updates per second that the matrix products alone
would allow at the speed of a large product on this machine; n is the batch.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from lab.machine import cores, tune_blas

tune_blas()  # as the command line does, before NumPy is imported

import numpy as np  # noqa: E402
from rich import box  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from benchmarks.dense import product_speed  # noqa: E402
from benchmarks.turns import median_ratio, take_turns  # noqa: E402
from core.batches import Batches  # noqa: E402
from core.convolution import Conv2D, MaxPool  # noqa: E402
from core.layers import Dense, Flatten, ReLU  # noqa: E402
from core.network import Network  # noqa: E402
from core.objective import Objective  # noqa: E402
from core.optimisers import MovingAverage  # noqa: E402
from core.streams import stream  # noqa: E402
from core.threads import threads  # noqa: E402
from core.trainer import Trainer  # noqa: E402

CLASSES = 10
EXAMPLES = 4_000
MU, ETA, WEIGHT_DECAY = 0.9, 1e-4, 1e-3


class Conv(NamedTuple):
    """A "same" convolution and a ReLU."""

    size: int
    filters: int


class Pool(NamedTuple):
    """Max-pooling of 2x2 windows."""


class Net(NamedTuple):
    """Convolutions and poolings; one dense layer to the classes follows."""

    shape: tuple[int, int, int]
    steps: tuple[Conv | Pool, ...]


NETS = {
    "mnist-cnn": Net((28, 28, 1), (Conv(5, 16), Pool(), Conv(5, 16), Pool())),
    "cifar-cnn": Net((32, 32, 3), (Conv(5, 16), Pool(), Conv(5, 16))),
    "cifar-cnn-better": Net((32, 32, 3), (Conv(5, 16), Pool(), Conv(5, 32), Pool(), Conv(3, 32))),
}


def random_images(shape: tuple[int, int, int]) -> tuple[Any, Any]:
    """Numbers of the shape of normalised images, and labels."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((EXAMPLES, *shape), dtype=np.float32), rng.integers(0, CLASSES, EXAMPLES)


def network(name: str) -> Network:
    """One of the networks as Gradlab builds it, with its starting values."""
    net = NETS[name]
    layers: list[Any] = []
    for step in net.steps:
        layers += [MaxPool()] if isinstance(step, Pool) else [Conv2D(step.filters, step.size), ReLU()]
    built = Network([*layers, Flatten(), Dense(CLASSES)], net.shape)
    built.initialise(stream(0, "init"))
    return built


def gradlab(name: str, batch: int, n_threads: int) -> Callable[[int], float]:
    """Trained by Gradlab, as `gradlab run` drives it, without evaluations."""
    x, y = random_images(NETS[name].shape)
    forever = 10**9
    optimiser = MovingAverage(WEIGHT_DECAY, mu=MU)
    batches = Batches(x, y, batch, stream(0, "order"))
    trainer = Trainer(Objective(network(name)), batches, optimiser, lambda _: ETA, forever, forever, {})
    trainer.update = 1  # past the evaluation of update 0
    snapshots = trainer.run()

    def make_updates(n: int) -> float:
        with threads(n_threads):
            started = time.perf_counter()
            for _ in range(n):
                next(snapshots)
            return time.perf_counter() - started

    return make_updates


def pytorch(name: str, batch: int, n_threads: int, channels_last: bool) -> Callable[[int], float]:
    """The same network trained by PyTorch, eager."""
    import torch
    from torch import nn

    torch.set_num_threads(n_threads)
    net = NETS[name]
    h, w, c = net.shape
    layers: list[nn.Module] = []
    for step in net.steps:
        if isinstance(step, Pool):
            layers.append(nn.MaxPool2d(2))
            h, w = h // 2, w // 2
        else:
            layers += [nn.Conv2d(c, step.filters, step.size, padding="same"), nn.ReLU()]
            c = step.filters
    memory_format = torch.channels_last if channels_last else torch.contiguous_format
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(h * w * c, CLASSES)).to(memory_format=memory_format)
    optimiser = torch.optim.SGD(
        model.parameters(), lr=ETA, momentum=MU, dampening=1 - MU, weight_decay=WEIGHT_DECAY, fused=True
    )
    loss_of = nn.CrossEntropyLoss()
    images, labels = random_images(net.shape)
    x = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(memory_format=memory_format)
    y = torch.from_numpy(labels)
    per_epoch = len(x) // batch

    def make_updates(n: int) -> float:
        started = time.perf_counter()
        for t in range(n):
            if t % per_epoch == 0:
                order = torch.randperm(len(x))
            index = order[t % per_epoch * batch : (t % per_epoch + 1) * batch]
            optimiser.zero_grad()
            loss = loss_of(model(x[index].contiguous(memory_format=memory_format)), y[index])
            loss.backward()
            optimiser.step()
            loss.item()  # Gradlab looks at every loss, too
        return time.perf_counter() - started

    return make_updates


def product_flops(name: str, batch: int) -> int:
    """Floating point operations of one update's matrix products: forward, dW, and dX but for the first layer."""
    (h, w, c), steps = NETS[name]
    products = []
    for step in steps:
        if isinstance(step, Pool):
            h, w = h // 2, w // 2
        else:
            products.append(h * w * step.size**2 * c * step.filters)
            c = step.filters
    products.append(h * w * c * CLASSES)
    return 2 * batch * (3 * sum(products) - products[0])


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nets", nargs="*", default=list(NETS), metavar="NET", help=", ".join(NETS))
    parser.add_argument("--batch", type=int, nargs="+", default=[16, 100])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each turn")
    arguments = parser.parse_args()
    n = cores()
    speed = product_speed()
    Console().print(f"{n} cores, large products at {speed / 1e9:.0f} GFLOP/s")
    for name in arguments.nets:
        Console().print(compare(name, arguments.batch, n, speed, arguments.rounds, arguments.seconds))


def compare(name: str, batches: list[int], n: int, speed: float, rounds: int, seconds: float) -> Table:
    """One net at every batch size: ours on n cores against the best of PyTorch's ways."""
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("net", "n", "Gradlab/s", "1 thr.", "PyTorch/s", "with", "ratio", "bound"):
        table.add_column(heading, no_wrap=True)
    for batch in batches:
        theirs = {
            f"{k} {'last' if last else 'first'}": (pytorch, (name, batch, k, last))
            for k in sorted({1, n})
            for last in (False, True)
        }
        ours = {f"gradlab {k}": (gradlab, (name, batch, k)) for k in sorted({1, n})}
        rates = take_turns({**theirs, **ours}, rounds, seconds)
        medians = {contestant: statistics.median(rate) for contestant, rate in rates.items()}
        best = max(theirs, key=lambda contestant: medians[contestant])
        table.add_row(
            name,
            str(batch),
            f"{medians[f'gradlab {n}']:,.0f}",
            f"{medians['gradlab 1']:,.0f}",
            f"{medians[best]:,.0f}",
            best,
            f"{median_ratio(rates[f'gradlab {n}'], rates[best]):.2f}",
            f"{speed / product_flops(name, batch):,.0f}",
        )
    return table


if __name__ == "__main__":
    main()
