"""The first updates of a student's code beside those of Gradlab's own network, which starts from the same parameters
and sees the same batches."""

import copy
import json
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from core.layers import BatchNorm
from core.losses import softmax
from core.network import Network
from core.types import Array, Labels
from data.dataset import Dataset
from lab.runs.code import AgreementDocument
from lab.training.kinds import OURS, KindObjective, kind_of, without_dropout
from presets.build import build_loss, build_optimiser
from presets.schema import Preset

UPDATES = 20  # that are compared
TOLERANCE, SINGLE = 1e-6, 1e-3  # relative to the size of an update; for code that computes in float32
NONE = 1e-4  # of the penalty
SMALL = 1e-3  # of the size of the whole update: what is smaller is compared with this
EXAMPLES = 500  # whose probabilities are compared
EPSILONS = (1e-5, 0.0, 1e-8, 1e-10, 1e-12, 1e-7, 1e-6, 1e-4, 1e-3)  # of batch normalisation; ours is the first
NOTHING = "Its updates are not compared with Gradlab's own network"


class Parting(NamedTuple):
    """A tensor whose update is another. difference: relative to the size of ours; factor: ours times this is theirs,
    None if it is not only a factor; penalty: the same of the penalty alone."""

    tensor: str
    difference: float
    factor: float | None
    penalty: float | None


def exact(x: Array) -> Array:
    """Examples in float64; numbers of letters as they are."""
    return x if x.dtype.kind in "iu" else x.astype(np.float64)


class Agreement:
    """Compares update after update, until one parts or UPDATES agree."""

    def __init__(
        self, preset: Preset, network: Network, dataset: Dataset, names: dict[str, str], takes_lambda: bool = True
    ) -> None:
        """network: of the preset, at update 0; names: of its tensors -> the student's; takes_lambda: can the code be
        told how large the penalty is?"""
        loss = preset.loss
        ours = build_loss(preset, dataset.train.y, len(dataset.classes))
        self._objective = KindObjective(network.astype(np.float64), loss.lambda_, OURS, ours)
        self._like, self._lambda, self._takes_lambda = preset.name, loss.lambda_, takes_lambda
        self._optimiser = build_optimiser(preset.optimiser)
        self._train, self._validation, self._names = dataset.train, dataset.validation, names
        self._single, self._reason = False, ""
        if preset.network.dropout:
            self._reason = "each of them drops other units"
        self.wanted = not self._reason
        self._keep = 1 - preset.network.dropout
        unknown = preset.network.batch_norm or preset.network.convolutions  # statistics of our own updates, kinds
        self._evaluates = not (self._reason and unknown)
        self._random = False  # is an evaluation another every time?
        self.updates, self.partings = 0, list[Parting]()
        self._epsilon = EPSILONS[0]
        self.parts_at: int | None = None
        self.difference = 0.0
        self.evaluation: float | None = None
        self._kept: AgreementDocument | None = None  # of an earlier session
        self._like_training = False  # are its evaluations what our network gives with the statistics of the batch?

    def compare(self, rows: Labels, eta: float, step: Array, single: bool) -> None:
        """Make the same update. rows: of the batch; step: what the update has added to theta; single: float32?"""
        self._single = self._single or single
        if self.updates == 0:
            self._settle_epsilon(rows, eta, step)
            self._settle_kind(rows, eta, step)
        before = self._objective.network.theta.copy()
        self._part(self._step(rows, eta), step, before, eta)
        self.updates += self.parts_at is None
        self.wanted = self.parts_at is None and self.updates < UPDATES

    def _step(self, rows: Labels, eta: float) -> Array:
        """Make an update of our own; what it has added to theta."""
        network = self._objective.network
        before = network.theta.copy()
        with np.errstate(all="ignore"):
            self._objective.gradient(*self._batch(rows))
            self._optimiser.update(network.theta, network.grad, eta)
        difference: Array = network.theta - before
        return difference

    def _batch(self, rows: Labels) -> tuple[Array, Labels]:
        return exact(self._train.x[rows]), self._train.y[rows]

    def _settle_kind(self, rows: Labels, eta: float, step: Array) -> None:
        """Where the first update is that of another network, or of another penalty, compare with that one."""
        if self._agree(self._first_step(rows, eta), step):
            return
        with np.errstate(all="ignore"):
            kind = kind_of(
                self._objective,
                self._optimiser,
                self._batch(rows),
                eta,
                step,
                self._agree,
                self._takes_lambda,
            )
        self._objective = kind or self._objective

    def _first_step(self, rows: Labels, eta: float) -> Array:
        """What an update of our own would add to theta, which stays."""
        own = self._objective, self._optimiser
        twin = own[0].twin()
        self._objective, self._optimiser = twin, copy.deepcopy(own[1])
        step = self._step(rows, eta)
        self._objective, self._optimiser = own
        return step

    def _settle_epsilon(self, rows: Labels, eta: float, step: Array) -> None:
        """Give our batch normalisation the student's eps: courses differ in it."""
        layers = [layer for layer in self._objective.network.layers if isinstance(layer, BatchNorm)]
        if not layers:
            return
        off = dict[float, float]()
        for eps in EPSILONS:
            for layer in layers:
                layer.eps = eps
            off[eps] = float(np.linalg.norm(self._first_step(rows, eta) - step))
        self._epsilon = min(off, key=lambda eps: off[eps])
        if off[self._epsilon] > 0.01 * float(np.linalg.norm(step)):
            self._epsilon = EPSILONS[0]  # it is something else
        for layer in layers:
            layer.eps = self._epsilon

    def _differences(self, ours: Array, theirs: Array) -> Iterator[tuple[str, slice, float]]:
        """Every tensor, where it is in theta, and the difference of its updates, relative to the size of ours."""
        least, end = SMALL * float(np.linalg.norm(ours)), 0
        for name, tensor in self._objective.network.tensors.items():
            start, end = end, end + tensor.value.size
            a, b = ours[start:end], theirs[start:end]
            size = max(float(np.linalg.norm(a)), least)
            yield name, slice(start, end), float(np.linalg.norm(b - a)) / size if size else float(np.any(b))

    def _agree(self, ours: Array, theirs: Array) -> bool:
        """Are they the same update, as far as the student's names go?"""
        differences = self._differences(ours, theirs)
        return all(difference <= self.tolerance for name, _, difference in differences if name in self._names)

    def _part(self, ours: Array, theirs: Array, theta: Array, eta: float) -> None:
        """Note which tensors part. theta: before the update."""
        for name, at, difference in self._differences(ours, theirs):
            self.difference = max(self.difference, difference)
            if difference <= self.tolerance or name not in self._names:
                continue
            a, b = ours[at], theirs[at]
            factor, penalty = _factor(a, b, self.tolerance), None
            decays = self._objective.network.tensors[name].parameter.decay
            if decays and self._objective.lambda_ and not self.updates:
                more = _multiple(theta[at], a - b, 1e-4)
                penalty = None if more is None else 1 + more / (2 * eta * self._objective.lambda_)
            self.partings.append(Parting(self._names[name], difference, factor, penalty))
        if self.partings:
            self.parts_at = self.updates + 1

    @property
    def tolerance(self) -> float:
        """The difference that is none."""
        return SINGLE if self._single else TOLERANCE

    def refuse(self, reason: str) -> None:
        """Compare nothing, for a reason that is told."""
        self._reason = reason
        self.leave_out()

    def leave_out(self) -> None:
        """Compare nothing."""
        self.wanted = self._evaluates = False

    def may_evaluate(self, done: bool) -> bool:
        """Is this the moment to compare the evaluation? Only once. done: is this the last update?"""
        return self._evaluates and self.parts_at is None and (done or not self.wanted)

    def compare_evaluation(self, logits: Array, again: Array, theta: Array) -> None:
        """Compare what the code says of the first EXAMPLES of the validation set, evaluated twice, with what our
        network says of them. theta: the code's parameters."""
        self._evaluates = False
        twice = float(np.abs(softmax(logits) - softmax(again)).max())
        self._random = twice > self.tolerance
        if self._random:
            self.evaluation = twice
            return
        network, x = self._objective.network, exact(self._validation.x[:EXAMPLES])
        if self._reason:
            network.theta[...] = theta
            self.evaluation = without_dropout(self._objective, self._keep, x, logits)
            return
        self.evaluation = self._objective.unlike(x, logits)
        if self.evaluation is not None and self.evaluation > self.tolerance:
            own = network.astype(np.float64).forward(exact(self._validation.x), train=True)
            off = np.abs(softmax(own[: len(x)]) - softmax(logits)).max()
            self._like_training = bool(off < 1e-2 * self.evaluation)

    # Words

    def document(self) -> AgreementDocument:
        """What was found."""
        if self._kept is not None:
            return self._kept
        first = self.partings[0] if self.partings else None
        return {
            "updates": self.updates + (self.parts_at is not None),
            "parts_at": self.parts_at,
            "tensors": [parting.tensor for parting in self.partings],
            "difference": self.difference,
            "factor": first.factor if first else None,
            "evaluation": self.evaluation,
            "sentence": self._sentence(),
        }

    def _sentence(self) -> str:
        if self._reason:
            return f"{NOTHING}: {self._reason}. {self._evaluation_words()}".strip()
        words = self._objective.kind.words(self._like, self._lambda)
        if self.partings:
            return words + self._parting(self.partings)
        if not self.updates:
            return f"{NOTHING}: none was made."
        if self._objective.kind.network is not None:
            sentence = f"{words}updates 1 to {self.updates} are right"
        else:
            first = "update 1 agrees" if self.updates == 1 else f"updates 1 to {self.updates} agree"
            sentence = f"{words}{first} with Gradlab's own network"
        sentence = sentence[0].upper() + sentence[1:]
        if self._single:
            sentence += ", as far as float32 is precise"
        if self._epsilon != EPSILONS[0]:
            sentence += f", with eps = {self._epsilon:g} in its batch normalisation"
        return f"{sentence}. {self._evaluation_words()}".strip()

    def _evaluation_words(self) -> str:
        if self.evaluation is None:
            return ""
        if self._random:
            off = f"a probability moves by {self.evaluation:.2g}"
            return f"Its evaluation is another every time ({off}): dropout must be off there."
        if self._reason and self.evaluation <= SINGLE:
            return "Its evaluation agrees."
        ours = self._objective.kind.network is None
        if self.evaluation <= self.tolerance:
            return f"So {'does' if ours else 'is'} its evaluation."
        if self._reason:
            cause = "does dropout stay on there, with the same units?"
        elif self._like_training:
            cause = "it uses the statistics of the examples at hand, not the running ones"
        else:
            cause = "is the network in another mode, or are its running statistics others?"
        not_so = "does not agree" if self._reason else "does not" if ours else "is not"
        return f"Its evaluation {not_so}: a probability differs by {self.evaluation:.2g}: {cause}"

    def _parting(self, partings: list[Parting]) -> str:
        first, *others = partings
        if first.penalty is not None and first.factor is None:
            penalty = f"its penalty is {first.penalty:.4g} lambda sum W^2"
            how = "it has no penalty" if abs(first.penalty) < NONE else penalty
        elif first.factor is None:
            how = f"it differs by {_percent(first.difference)} of the size of the update"
        elif first.factor == 0:
            how = "it does not move"
        elif first.factor < 0:
            how = "it goes the other way" + ("" if first.factor == -1 else f", {-first.factor:.4g} times as far")
        else:
            how = f"{first.factor:.4g} times as large"
        also = f"; so {'does' if len(others) == 1 else 'do'} {', '.join(p.tensor for p in others)}" if others else ""
        return f"Parts from Gradlab's own network at update {self.parts_at}, tensor {first.tensor}: {how}{also}."

    # Checkpoints

    def packed(self) -> Array:
        """What was found so far, as an array of a checkpoint."""
        return np.array(json.dumps(self.document()))

    def take(self, packed: Array) -> None:
        """Take back what was found. What was not compared by then will not be."""
        document: AgreementDocument = json.loads(str(packed))
        if document["updates"] or document["evaluation"] is not None:  # otherwise it was saved before the first update
            self.leave_out()
            self._kept = document


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:,.0f} %"


def _factor(ours: Array, theirs: Array, tolerance: float) -> float | None:
    """c, if theirs is c times ours; None if it is not."""
    if float(np.linalg.norm(theirs)) <= tolerance * float(np.linalg.norm(ours)):
        return 0.0
    c = _multiple(ours, theirs, tolerance)
    return None if c is None else float(f"{c:.6g}")


def _multiple(base: Array, x: Array, tolerance: float) -> float | None:
    """c, if x is c times base; None if it is not."""
    size = float(base @ base)
    if not size:
        return None
    c = float(x @ base) / size
    return c if float(np.linalg.norm(x - c * base)) <= tolerance * float(np.linalg.norm(x)) else None
