"""Updates per second of the dense assignments beside PyTorch eager: python -m benchmarks.dense

Penalty and plain SGD as in the presets; the data are random numbers of CIFAR-10's shape.
"""

import itertools
from collections.abc import Callable

from benchmarks.contest import CLASSES, Product, Way, examples, load_with, main, pytorch, thread_counts
from benchmarks.turns import Seconds
from presets.schema import Preset

BATCHES = {"a1-test2": [100], "a2-setting1": [100], "a3-3layer-bn": [100], "a3-9layer-bn": [100]}
PIXELS = 3072
WAYS: dict[str, Way] = {f"{k} thr.": (k,) for k in thread_counts()}


def theirs(preset: str, batch: int, n_threads: int) -> Callable[[int], Seconds]:
    """The network of a preset trained by PyTorch."""
    import torch
    from torch import nn

    spec = load_with(preset, batch)
    layers: list[nn.Module] = []
    for i, (d, m) in enumerate(itertools.pairwise(widths(spec))):
        layers.append(nn.Linear(d, m))
        if i < len(spec.network.hidden):
            layers += [nn.BatchNorm1d(m), nn.ReLU()] if spec.network.batch_norm else [nn.ReLU()]
    model = nn.Sequential(*layers)
    weights = [layer.weight for layer in layers if isinstance(layer, nn.Linear)]
    others = [p for p in model.parameters() if not any(p is w for w in weights)]
    groups = [{"params": weights, "weight_decay": 2 * spec.loss.lambda_}, {"params": others}]
    optimiser = torch.optim.SGD(groups, lr=1e-3, fused=True)
    part = examples(spec).train
    return pytorch(model, optimiser, part.x.reshape(len(part), -1), part.y, batch, n_threads)


def widths(preset: Preset) -> list[int]:
    """The number of values between any two layers, input and output included."""
    return [PIXELS, *preset.network.hidden, CLASSES]


def products(preset: Preset) -> list[Product]:
    """The products of one example's forward pass."""
    return [(1, d, m) for d, m in itertools.pairwise(widths(preset))]


if __name__ == "__main__":
    main(str(__doc__), BATCHES, theirs, WAYS, products)
