"""Updates per second of the convolutional networks beside PyTorch eager: python -m benchmarks.images

Momentum as a moving average as in the presets; the data are random numbers of the images' shape. PyTorch has its
channels first, as it has them by default, or last.
"""

from collections.abc import Callable

import numpy as np

from benchmarks.contest import CLASSES, SHAPES, Product, Way, examples, load_with, main, pytorch, thread_counts
from benchmarks.turns import Seconds
from presets.schema import Preset

BATCHES = {"mnist-cnn": [16, 100], "cifar-cnn": [16, 100], "cifar-cnn-better": [16, 100]}
WAYS: dict[str, Way] = {
    f"{k} {'last' if last else 'first'}": (k, last) for k in thread_counts() for last in (False, True)
}


def theirs(preset: str, batch: int, n_threads: int, channels_last: bool) -> Callable[[int], Seconds]:
    """The network of a preset trained by PyTorch."""
    import torch
    from torch import nn

    spec = load_with(preset, batch)
    h, w, c = SHAPES[spec.data.set]
    layers: list[nn.Module] = []
    for step in spec.network.convolutions:
        layers += [nn.Conv2d(c, step.filters, step.size, padding="same"), nn.ReLU()]
        if step.pool > 1:
            layers.append(nn.MaxPool2d(step.pool))
        h, w, c = h // step.pool, w // step.pool, step.filters
    memory_format = torch.channels_last if channels_last else torch.contiguous_format
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(h * w * c, CLASSES)).to(memory_format=memory_format)
    mu, weight_decay = spec.optimiser.mu, spec.optimiser.weight_decay
    optimiser = torch.optim.SGD(
        model.parameters(), lr=1e-4, momentum=mu, dampening=1 - mu, weight_decay=weight_decay, fused=True
    )
    part = examples(spec).train
    if channels_last:
        return pytorch(lambda x: model(x.permute(0, 3, 1, 2)), optimiser, part.x, part.y, batch, n_threads)
    x = np.ascontiguousarray(part.x.transpose(0, 3, 1, 2))
    return pytorch(model, optimiser, x, part.y, batch, n_threads)


def products(preset: Preset) -> list[Product]:
    """The products of one example's forward pass."""
    h, w, c = SHAPES[preset.data.set]
    sizes = []
    for step in preset.network.convolutions:
        sizes.append((h * w, step.size**2 * c, step.filters))
        h, w, c = h // step.pool, w // step.pool, step.filters
    return [*sizes, (1, h * w * c, CLASSES)]


if __name__ == "__main__":
    main(str(__doc__), BATCHES, theirs, WAYS, products)
