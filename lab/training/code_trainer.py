"""The trainer of a student's code: batches, optimiser and schedule are the preset's, the gradient is the code's."""

import time
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice
from math import isfinite

import numpy as np

from core.network import Network
from core.objective import Objective
from core.trainer import DivergedError, Snapshot, Trainer
from core.types import Array, Labels
from data.dataset import Dataset
from lab.check.trained import TrainedCode
from lab.training.agreement import EXAMPLES, Agreement, exact
from lab.training.mapped import MOST, Mapped
from presets.build import build_batches
from presets.schema import Preset

STATE = "code."
SECONDS = 0.2  # that the updates of one question take together, as far as MOST allows


class CodeObjective(Objective):
    """An objective whose numbers a student's code computes. Its x of a batch are the numbers of the training examples.

    The network holds the parameters, as the code's process sees them. It is asked for what it makes of a batch only
    where the code says nothing but its loss.
    """

    def __init__(self, network: Network, lambda_: float, code: TrainedCode, mapped: Mapped) -> None:
        super().__init__(network, lambda_)
        self._code, self._mapped = code, mapped

    def gradient(self, x: Array, y: Labels) -> complex:
        """Leave the gradient of the batch of these training examples, with the penalty's, in network.grad; return their
        mean loss."""
        return np.float64(self._code.gradient(x))

    def logits(self, x: Array) -> Array:
        """The logits (n, classes) that the code gives for the examples of a part; if it gives none, the network's."""
        part = self._mapped.part_of(x) if self._code.gives_scores else None
        return super().logits(exact(x)) if part is None else self._code.logits(part, len(x))


class CodeTrainer(Trainer):
    """A trainer of a student's code, beside which Gradlab's own network makes the first updates, too.

    The code's process makes several updates for one question, so that asking costs little. No number depends on how
    many.
    """

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
        self.code, self._mapped = code, mapped
        self.optimiser.state = dict(mapped.kept)
        self.agreement = Agreement(preset, like.network, dataset, code.names, code.takes_lambda)
        self._together = 1  # updates that a question may ask for

    def run(self) -> Iterator[Snapshot]:
        """See Trainer.run. Where several updates were made together, the network is as the last of them left it."""
        if self.update == 0:
            yield self._snapshot(self.eta, float("nan"))
        while not self.done and self._may_go_on():
            first, etas = self.update, self._next_etas()
            finite = self._make(etas)
            for update, (eta, loss) in enumerate(zip(etas, self._mapped.losses, strict=False), first + 1):
                snapshot = self._snapshot(eta, loss)._replace(update=update, epoch=update / self.batches.per_epoch)
                yield snapshot
                if not all(isfinite(evaluation.loss) for evaluation in snapshot.evaluations.values()):
                    raise DivergedError(self.update)
            if not finite:
                raise DivergedError(self.update + 1)

    def _next_etas(self) -> list[float]:
        """The learning rates of the next question. An update with an evaluation, or that is watched, is made alone."""
        alone = self.one_by_one or self._paused or self.agreement.wanted
        evaluated = min(self.update + self.evaluate_every - self.update % self.evaluate_every, self.updates)
        count = 1 if alone else max(1, min(self._together, evaluated - 1 - self.update))
        fixed = self._fixed_eta
        return [self.schedule(self.update + i) if fixed is None else fixed for i in range(count)]

    def _make(self, etas: list[float]) -> bool:
        """Make an update with each of these learning rates; False if the next one would not be finite."""
        before, order = self._parameters() if self.agreement.wanted else None, self.batches.state()
        rows = np.stack([next(self.batches)[0].copy() for _ in etas])
        began = time.perf_counter()
        self._mapped.begin()
        try:
            finite = self.code.updates(rows, etas, self.update + 1)
        finally:
            made = len(self._mapped.losses)
            self.update += made
            if made < len(etas):  # the other batches have not been used
                self.batches.restore(order)
                deque(islice(self.batches, made), maxlen=0)
        self._together = min(MOST, max(1, int(len(etas) * SECONDS / (time.perf_counter() - began))))
        if before is not None and finite:
            self.agreement.compare(rows[0], etas[0], self._parameters() - before, self.code.single)
        if finite and self.code.gives_scores and self.agreement.may_evaluate(self.done):
            few = min(EXAMPLES, len(self._mapped.parts["validation"]))
            first, second = (self.code.logits("validation", few) for _ in range(2))
            self.agreement.compare_evaluation(first, second, self._parameters())
        return finite

    def _parameters(self) -> Array:
        """All parameters as one vector, each as our own network has it: in the code's they may lie transposed."""
        return np.concatenate([tensor.value.ravel() for tensor in self.network.tensors.values()])

    def state(self) -> dict[str, Array]:
        """Also what the code keeps, and how the first updates compared."""
        if "t" in self.optimiser.kept:
            self.optimiser.state["t"] = np.array(self.update)
        own = {f"{STATE}{name}": array for name, array in self.code.state().items()}
        return super().state() | own | {f"{STATE}agreement": self.agreement.packed()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """See Trainer.restore."""
        super().restore(state)
        for name, vector in self._mapped.kept.items():
            vector[...] = self.optimiser.state[name]
        self.optimiser.state = dict(self._mapped.kept)
        rows = np.arange(self.batches.size)
        self.code.restore({n.removeprefix(STATE): a for n, a in state.items() if n.startswith(STATE)}, rows)
        self.agreement.take(state[f"{STATE}agreement"])
