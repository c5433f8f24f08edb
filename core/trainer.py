"""The training loop. Its caller drives it: `for snapshot in trainer.run()`."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import NamedTuple

import numpy as np

from core.batches import Batches
from core.objective import Evaluation, Objective
from core.optimisers import Optimiser
from core.streams import generator_state, restore_generator
from core.types import Array, Labels


class Snapshot(NamedTuple):
    """The state after an update. `evaluations` is empty if this update had no evaluation."""

    update: int
    epoch: float
    eta: float  # of this update; in the snapshot of update 0, of the first update
    batch_loss: float  # of this update's batch, before the update; nan at update 0
    evaluations: Mapping[str, Evaluation]


class DivergedError(ArithmeticError):
    """The loss was not finite at `update`. If the batch showed it, that update was not made. If an evaluation after the
    update showed it, the update was made."""

    def __init__(self, update: int) -> None:
        super().__init__(update)
        self.update = update

    def __str__(self) -> str:
        return f"the loss was not finite at update {self.update}"


@dataclass(eq=False)
class Trainer:
    """A plain loop of updates that can be paused, stepped, stopped and steered from another thread.

    Requests (pause, resume, step, stop, set_eta, ask) are read between updates. state() and restore() round-trip
    everything that the rest of the run depends on: a resumed run equals an uninterrupted one bit for bit.

    objective, batches, optimiser, schedule: what is trained, on what, and how;
    updates: the total number of updates;
    evaluate_every: evaluate the `monitored` splits, name -> (x, y), at update 0, every n updates, and at the last;
    generators: streams that layers draw from (dropout), saved with the rest;
    one_by_one: must the network be seen after every update? Only a trainer that makes several at a time asks.
    """

    objective: Objective
    batches: Batches
    optimiser: Optimiser
    schedule: Callable[[int], float]
    updates: int
    evaluate_every: int
    monitored: Mapping[str, tuple[Array, Labels]]
    generators: Mapping[str, np.random.Generator] = field(default_factory=dict)
    one_by_one: bool = False

    def __post_init__(self) -> None:
        self.network = self.objective.network
        self.update = 0
        self._fixed_eta: float | None = None
        self._requests = threading.Condition()
        self._paused = False
        self._single = False
        self._stopped = False
        self._questions: deque[Callable[[], object]] = deque()

    # Requests

    def pause(self) -> None:
        """Wait before the next update until resume(), step() or stop()."""
        with self._requests:
            self._paused = True

    def resume(self) -> None:
        """Continue after pause()."""
        with self._requests:
            self._paused = self._single = False
            self._requests.notify()

    def step(self) -> None:
        """Make one update, then pause."""
        with self._requests:
            self._paused, self._single = False, True
            self._requests.notify()

    def stop(self) -> None:
        """End run() before the next update. Save state() to resume later."""
        with self._requests:
            self._stopped = True
            self._requests.notify()

    def ask(self, question: Callable[[], object]) -> None:
        """Call question() before the next update, in the training thread, where nothing else changes the network. This
        works while paused, too. After run() has ended, question() is never called."""
        with self._requests:
            self._questions.append(question)
            self._requests.notify()

    def set_eta(self, eta: float | None) -> None:
        """Use this learning rate from the next update on; None returns to the schedule."""
        self._fixed_eta = eta

    # The loop

    @property
    def done(self) -> bool:
        """Are all updates done?"""
        return self.update >= self.updates

    @property
    def eta(self) -> float:
        """The learning rate of the next update."""
        return self.schedule(self.update) if self._fixed_eta is None else self._fixed_eta

    def run(self) -> Iterator[Snapshot]:
        """Yield a snapshot of update 0 and after every update. Raises DivergedError."""
        if self.update == 0:
            yield self._snapshot(self.eta, float("nan"))
        while not self.done and self._may_go_on():
            eta = self.eta
            loss = self._descend(eta)
            snapshot = self._snapshot(eta, loss)
            yield snapshot
            if not all(isfinite(evaluation.loss) for evaluation in snapshot.evaluations.values()):
                raise DivergedError(self.update)

    def _may_go_on(self) -> bool:
        while True:
            with self._requests:
                while self._paused and not (self._stopped or self._questions):
                    self._requests.wait()
                if not self._questions:
                    self._paused, self._single = self._paused or self._single, False
                    return not self._stopped
                question = self._questions.popleft()
            question()

    def _descend(self, eta: float) -> float:
        x, y = next(self.batches)
        with np.errstate(all="ignore"):  # overflow shows in the loss and is reported once, as DivergedError
            loss = float(self.objective.gradient(x, y).real)
            if not isfinite(loss):
                raise DivergedError(self.update + 1)
            self.optimiser.update(self.network.theta, self.network.grad, eta)
        self.update += 1
        return loss

    def _snapshot(self, eta: float, loss: float) -> Snapshot:
        due = self.update % self.evaluate_every == 0 or self.done
        evaluations = self.evaluate(self.monitored) if due else {}
        return Snapshot(self.update, self.update / self.batches.per_epoch, eta, loss, evaluations)

    def evaluate(self, splits: Mapping[str, tuple[Array, Labels]]) -> dict[str, Evaluation]:
        """Loss, cost and accuracy of each split with the current parameters."""
        with np.errstate(all="ignore"):
            return {name: self.objective.evaluate(x, y) for name, (x, y) in splits.items()}

    # Checkpoints

    def state(self) -> dict[str, Array]:
        """Everything the rest of the run depends on, as named arrays without pickled objects."""
        fixed_eta = np.nan if self._fixed_eta is None else self._fixed_eta
        return {
            "update": np.array(self.update),
            "fixed_eta": np.array(fixed_eta),
            **_prefixed("network", self.network.state()),
            **_prefixed("optimiser", {name: array.copy() for name, array in self.optimiser.state.items()}),
            **_prefixed("batches", self.batches.state()),
            **_prefixed("generator", {name: generator_state(g) for name, g in self.generators.items()}),
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        """Restore the state() of a trainer with the same configuration. Raises ValueError or KeyError if it does not
        fit."""
        self.network.restore(_part(state, "network"))
        self.batches.restore(_part(state, "batches"))
        self.update = int(state["update"])
        if self.update:  # before the first update an optimiser has no state
            self.optimiser.restore(_part(state, "optimiser"))
        saved = _part(state, "generator")
        if saved.keys() != self.generators.keys():
            raise ValueError(f"the state has the streams {sorted(saved)}, the run {sorted(self.generators)}")
        for name, generator in self.generators.items():
            restore_generator(generator, saved[name])
        fixed_eta = float(state["fixed_eta"])
        self._fixed_eta = None if np.isnan(fixed_eta) else fixed_eta


def _prefixed(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {f"{prefix}.{name}": array for name, array in arrays.items()}


def _part(state: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    start = f"{prefix}."
    return {name.removeprefix(start): array for name, array in state.items() if name.startswith(start)}
