"""What is to be trained: the sizes, the rule of the updates and what asks for them."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingPlan:
    """What is to be trained. sizes: of the input and of every dense layer; example: the shape of an example where the
    network has convolutions, (h, w, c) or (length, letters), otherwise (d,); kernels: those of its convolutions, as
    ours; batch_norm: after each hidden layer; bias: is
    there a b; dropout: the share that is dropped; rule: of the updates, see rules.py, with its settings; like: what
    asks for all this, in words."""

    sizes: tuple[int, ...]
    example: tuple[int, ...]
    kernels: tuple[tuple[int, ...], ...]
    batch_norm: bool
    bias: bool
    dropout: float
    lambda_: float
    seed: int
    rule: str
    settings: Mapping[str, float]
    like: str

    @property
    def depth(self) -> int:
        """How many dense layers have weights."""
        return len(self.sizes) - 1

    def weights(self) -> list[tuple[int, ...]]:
        """The shapes of all weights, as ours."""
        return [*self.kernels, *zip(self.sizes, self.sizes[1:], strict=False)]
