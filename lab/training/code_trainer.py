"""The trainer of a student's code: batches, optimiser and schedule are the preset's, the gradient is the code's."""

from collections.abc import Mapping

import numpy as np

from core.network import Network
from core.objective import Objective
from core.trainer import Trainer
from core.types import Array, Labels
from data.dataset import Dataset
from lab.check.trained import TrainedCode
from lab.training.agreement import Agreement
from lab.training.mapped import Mapped
from presets.build import build_batches
from presets.schema import Preset

STATE = "code."


class CodeObjective(Objective):
    """An objective whose numbers a student's code computes. Its x of a batch are the numbers of the training examples.

    The network holds the parameters, as the code's process sees them, and is never asked for what it makes of a batch.
    """

    def __init__(self, network: Network, lambda_: float, code: TrainedCode, mapped: Mapped) -> None:
        super().__init__(network, lambda_)
        self._code, self._mapped = code, mapped

    def gradient(self, x: Array, y: Labels) -> complex:
        """Leave the gradient of the batch of these training examples, with the penalty's, in network.grad; return their
        mean loss, nan if it or the gradient is not finite."""
        self.rows = x
        loss = self._code.update(x)
        grad = self.network.grad
        return np.float64(loss if np.isfinite(grad @ grad) else np.nan)

    def logits(self, x: Array) -> Array:
        """The logits (n, classes) that the code gives for the examples of a part."""
        part = self._mapped.part_of(x)
        return super().logits(x) if part is None else self._code.logits(part, len(x))


class CodeTrainer(Trainer):
    """A trainer of a student's code, beside which Gradlab's own network makes the first updates, too."""

    def __init__(
        self, preset: Preset, dataset: Dataset, like: Trainer, network: Network, code: TrainedCode, mapped: Mapped
    ) -> None:
        """like: the trainer of the preset's own network, at update 0; network: holds the mapped parameters."""
        train, objective = dataset.train, CodeObjective(network, preset.loss.lambda_, code, mapped)
        super().__init__(
            objective,
            build_batches(preset, np.arange(len(train)), train.y),
            like.optimiser,
            like.schedule,
            like.updates,
            like.evaluate_every,
            like.monitored,
        )
        self.code, self._batch = code, objective
        self.agreement = Agreement(preset, like.network, dataset, code.names)

    def _descend(self, eta: float) -> float:
        before, batches = self._parameters() if self.agreement.wanted else None, self.batches.state()
        try:
            loss = super()._descend(eta)
        except BaseException:
            self.batches.restore(batches)  # this batch has not been used
            raise
        if before is not None:
            self.agreement.compare(self._batch.rows, eta, self._parameters() - before, self.code.single)
            if not self.agreement.wanted or self.done:
                self.agreement.compare_evaluation(self.objective.logits(self.monitored["validation"][0]))
        return loss

    def _parameters(self) -> Array:
        """All parameters as one vector, each as our own network has it: in the code's they may lie transposed."""
        return np.concatenate([tensor.value.ravel() for tensor in self.network.tensors.values()])

    def state(self) -> dict[str, Array]:
        """Also what the code keeps, and how the first updates compared."""
        own = {f"{STATE}{name}": array for name, array in self.code.state().items()}
        return super().state() | own | {f"{STATE}agreement": self.agreement.packed()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """See Trainer.restore."""
        super().restore(state)
        rows = np.arange(self.batches.size)
        self.code.restore({n.removeprefix(STATE): a for n, a in state.items() if n.startswith(STATE)}, rows)
        self.agreement.take(state[f"{STATE}agreement"])
