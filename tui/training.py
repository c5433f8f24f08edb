"""A training run as the app sees it: its state, and its thread."""

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import numpy as np

from core.health import LayerHealth, layer_health
from core.metrics import confusion_matrix
from core.objective import Evaluation
from core.trainer import Snapshot
from core.types import Array
from data.dataset import short_label
from data.sources import Variant
from lab import command_lines
from lab.drawing.figure import Event
from lab.expected.curves import Expected
from lab.reading.facts import EXAMPLES, facts_so_far
from lab.reading.finding import Finding
from lab.reading.read import read as read_curves
from lab.runs.curves import behind
from lab.runs.interventions import Intervention, in_words, short
from lab.runs.look_again import look_again
from lab.runs.pictures import Picture, unpack, weight_pictures
from lab.runs.result import Result
from lab.runs.run import Run
from lab.runs.saved import read
from lab.runs.store import SPLITS, RunStore
from lab.training.code_run import maker
from presets.schema import Preset
from tui.series import Trace

RATE_SECONDS = 3.0  # over which updates/s is taken
NICER = 10  # added to the niceness of the thread that trains: drawing and keys come first
READING_SHARE = 0.02  # of the time of a training that goes into reading its curves, at most
LOG_HEADINGS = "   update  epoch  eta       train loss       validation"
ENDED = ("done", "interrupted", "diverged", "failed", "running elsewhere")
LOOKING, SEEN = "Computing it from the saved network ...", "seen"
Row = dict[str, float]  # of metrics.csv


class ShownRun:
    """What is known of a run. The thread that trains replaces values or appends to lists; the app reads.

    phase: 'loading', 'running', 'paused', 'finishing', and then one of ENDED.
    """

    def __init__(self, preset: Preset, command: str = "") -> None:
        self.preset = preset
        self.command = command
        self.phase = "loading"
        self.variant: Variant | None = None  # of the data; None while they are loaded
        self.updates = 0  # planned
        self.per_epoch = 1
        self.snapshot: Snapshot | None = None
        self.points: list[Row] = []
        self.losses = Trace()
        self.etas = Trace()
        self.rate: float | None = None  # updates/s
        self.health: list[LayerHealth] = []
        self.confusion: tuple[str, tuple[str, ...], Array] | None = None  # of what, classes, counts
        self.pictures: dict[str, list[Picture]] = {}
        self.findings: list[Finding] = []  # what its curves show so far
        self.result: Result | None = None
        self.error: Exception | None = None
        self.store: RunStore | None = None
        self.code = ""  # the student's file that is trained, if it is no preset's own network
        self.log: list[str] = []
        self.events: list[Event] = []  # what happened to it, by updates
        self.interventions: list[Intervention] = []  # the learning rates that the user set
        self.looked = ""  # at the saved network: "" not yet, a word while it is looked at and then, or why it cannot be

    def look(self, compute: threading.Lock, cores: int) -> None:
        """Once the run has ended: compute, in a thread, what is not known of its network. Holds `compute` meanwhile."""
        if self.ended and self.store and not self.looked:
            self.looked = LOOKING
            work = partial(self._look, self.store, compute, cores)
            threading.Thread(target=work, name="gradlab-look", daemon=True).start()

    def _look(self, store: RunStore, compute: threading.Lock, cores: int) -> None:
        try:
            with compute:
                seen = look_again(store, cores, maker(store))
        except Exception as error:  # whatever it is, the app lives on and says it
            self.looked = f"This cannot be computed: {error}."
            return
        if not any(each.gradient for each in self.health):  # what was seen while it trained is more
            self.health = seen.health
        if self.confusion is None:
            self.confusion = (f"{seen.part} part, update {seen.update:,}", seen.classes, seen.counts)
        self.pictures = self.pictures or seen.pictures
        self.looked = SEEN

    def take(self, result: Result, pictures: dict[str, list[Picture]]) -> None:
        """What a run left at its end."""
        self.result, self.pictures = result, pictures
        self.findings = result.get("findings", self.findings)  # a run made before curves were read has none
        if result["diverged_at"] is not None:
            self.events.append(Event(result["diverged_at"], "not finite"))
        counts = np.array(result["confusion"])
        if not self.health:  # not looked at while it trained: only what each layer is
            unknown = (None, None, None, None)
            self.health = [
                LayerHealth(e["layer"], tuple(e["output"]), e["parameters"], *unknown) for e in result.get("layers", ())
            ]
        self.confusion = (f"{result['judge']} part, update {result['updates']:,}", tuple(result["classes"]), counts)

    @property
    def expected(self) -> Expected | None:
        """The preset's own curves, if a student's code is trained like it."""
        return behind(bool(self.code), self.preset, self.variant) if self.variant else None

    @property
    def data(self) -> str:
        """The data set, and how much of it; nothing while it is loaded."""
        code = f" · code: {self.code}" if self.code else ""
        return f"{short_label(self.preset.data.set, self.variant)}{code}" if self.variant else ""

    @property
    def update(self) -> int:
        """How many updates have been made."""
        if self.snapshot:
            return self.snapshot.update
        return self.result["updates"] if self.result else int(self.points[-1]["update"]) if self.points else 0

    @property
    def eta(self) -> float | None:
        """The learning rate of the last update."""
        return self.snapshot.eta if self.snapshot else None

    @property
    def ended(self) -> bool:
        """Is nothing more to come?"""
        return self.phase in ENDED

    @property
    def to_go_on(self) -> str:
        """The command that continues the run; empty if it had not begun."""
        return command_lines.resume(self.store.path) if self.store else ""

    def tick(self) -> None:
        """What is to be done now and then, while the run is shown."""

    def stop(self) -> None:
        """End what is going."""

    @property
    def seconds_left(self) -> float | None:
        """Until the last update, at the rate of the last seconds."""
        return (self.updates - self.update) / self.rate if self.rate and not self.ended else None


class TrainingThread(ShownRun):
    """A run in a thread of its own. `begin` loads the data and gives the Run; `compute` is held while it computes."""

    def __init__(self, preset: Preset, begin: Callable[[], Run], compute: threading.Lock, command: str = "") -> None:
        super().__init__(preset, command)
        self.run: Run | None = None
        self.asked = ""  # for which learning rate, if no update has been made with it yet
        self._asked_at = 0  # update
        self._first_eta: float | None = None  # asked for while the data were loaded
        self.watch_health = False  # should the next updates be looked at closely?
        self._begin = begin
        self._compute = compute
        self._stopped = False
        self._read = 0  # evaluations when its curves were read last
        self._read_again = 0.0  # not before this time
        self._moments: deque[tuple[float, int]] = deque()
        self._thetas: deque[Array] = deque(maxlen=2)  # after the last two updates, while health is watched
        self._thread = threading.Thread(target=self._work, name="gradlab-training")

    def start(self) -> None:
        """Begin, in the thread."""
        self._thread.start()

    # The thread

    def _work(self) -> None:
        if sys.platform == "linux":  # elsewhere the whole process has one niceness
            with suppress(OSError, AttributeError):  # a sandbox may forbid it
                os.nice(NICER)  # there it is the calling thread's alone
        try:
            with self._compute:
                self._train()
        except Exception as error:  # whatever it is, the app lives on and says it
            self.error, self.phase = error, "failed"
            self.log.append(f"failed: {error}")

    def _train(self) -> None:
        run = self._begin()
        trainer = run.trainer
        self.variant, self.updates, self.store = run.dataset.variant, trainer.updates, run.store
        self.code = run.store.code_name
        self.per_epoch = trainer.batches.per_epoch
        self.points = [row for row in run.store.metrics() if 0 < trainer.update >= row["update"]]
        for point in self.points:
            self.etas.add(int(point["update"]), point["eta"])
        self.log += [run.dataset.label, f"saved in {run.store.path}", LOG_HEADINGS]
        if trainer.update:
            self.events.append(Event(trainer.update, "resumed"))
        self._take_interventions(run)
        if self._first_eta is not None:
            trainer.set_eta(self._first_eta)
        self.run = run
        if self._stopped:
            trainer.stop()
        self.phase = "running"
        result = run.go(self._watch)
        self.log.append(f"{run.state} at update {trainer.update:,}")
        self.take(result, unpack(run.store.pictures()))
        self.phase = run.state

    def _watch(self, snapshot: Snapshot) -> None:
        if self.run:
            self._take_interventions(self.run)
        self.losses.add(snapshot.update, snapshot.batch_loss)
        self.etas.add(snapshot.update, snapshot.eta)
        if snapshot.evaluations:
            self.points.append(row(snapshot))
            self.log.append(_log_line(self.points[-1]))
        if self.run:
            self.run.trainer.one_by_one = self.watch_health
        if self.watch_health and self.run:
            self._thetas.append(self.run.trainer.network.theta.copy())
        self.snapshot = snapshot
        if snapshot.update == self.updates:
            self.phase = "finishing"

    def _take_interventions(self, run: Run) -> None:
        """What the user asked for has been done."""
        for each in run.interventions[len(self.interventions) :]:
            self.interventions.append(each)
            self.events.append(_event(each))
            self.log.append(in_words([each]))

    def _read_curves(self) -> None:
        if self.run:
            began = time.perf_counter()
            self.findings = read_curves(facts_so_far(self.preset, self.run.dataset, self.run.trainer, self.points))
            now = time.perf_counter()
            self._read_again = now + (now - began) / READING_SHARE

    def _look_at_health(self) -> None:
        if self.run:
            x, _ = self.run.trainer.monitored["validation"]
            before = self._thetas[0] if len(self._thetas) == 2 else None
            self.health = layer_health(self.run.trainer.network, x[:EXAMPLES], before)

    def _count_guesses(self) -> None:
        if self.run:
            x, y = self.run.trainer.monitored["validation"]
            classes = self.run.dataset.classes
            guesses = self.run.trainer.objective.logits(x).argmax(axis=1)
            counts = confusion_matrix(y, guesses, len(classes))
            self.confusion = (f"validation part, update {self.run.trainer.update:,}", classes, counts)

    def _draw_weights(self) -> None:
        if self.run:
            self.pictures = weight_pictures(self.run.trainer.network, self.run.dataset.classes)

    # The app

    def tick(self) -> None:
        """Take the rate of the last seconds; ask for what is watched. Called by the app, now and then."""
        if self.update > self._asked_at + 1:
            self.asked = ""
        now = time.perf_counter()
        if self.phase == "running":
            self._moments.append((now, self.update))
            while now - self._moments[0][0] > RATE_SECONDS:
                self._moments.popleft()
            (then, before), (_, update) = self._moments[0], self._moments[-1]
            self.rate = (update - before) / (now - then) if update > before else self.rate
        else:
            self._moments.clear()

    def ask_for_findings(self) -> None:
        """Read the curves between two updates if there is a new evaluation; `findings` is replaced."""
        if len(self.points) != self._read and time.perf_counter() > self._read_again:
            self._read = len(self.points)
            self._ask(self._read_curves)

    def ask_for_health(self) -> None:
        """Look at the layers between two updates; `health` is replaced."""
        self._ask(self._look_at_health)

    def ask_for_confusion(self) -> None:
        """Let the network as it is guess the validation part; `confusion` is replaced."""
        self._ask(self._count_guesses)

    def ask_for_pictures(self) -> None:
        """Draw the weights as they are; `pictures` is replaced."""
        self._ask(self._draw_weights)

    def _ask(self, question: Callable[[], None]) -> None:
        if self.run and not self.ended:
            self.run.trainer.ask(question)

    def pause(self) -> None:
        """Wait before the next update."""
        if self.run and self.phase == "running":
            self.run.trainer.pause()
            self.phase = "paused"

    def go_on(self) -> None:
        """Go on after a pause."""
        if self.run and self.phase == "paused":
            self.phase = "running"
            self.run.trainer.resume()

    def step(self) -> None:
        """Make one update, then pause."""
        if self.run and self.phase in ("running", "paused"):
            self.phase = "paused"
            self.run.trainer.step()

    @property
    def takes_eta(self) -> bool:
        """Can the learning rate be changed?"""
        return self.phase in ("loading", "running", "paused")

    def set_eta(self, eta: float | None) -> None:
        """Train with this learning rate from the next update on; None: as the schedule says."""
        self._asked_at = self.update
        self.asked = "eta as the schedule says" if eta is None else f"eta {eta:.3g}"
        self._first_eta = eta
        if self.run:
            self.run.trainer.set_eta(eta)

    def stop(self) -> None:
        """End before the next update, keeping what was reached; do not wait for it."""
        self._stopped = True
        if self.run:
            self.run.trainer.stop()


def saved(store: RunStore) -> ShownRun:
    """A run that was saved, as it stands on the disk. Raises LabError, PresetError."""
    saved = read(store)
    record = ShownRun(saved.preset, command_lines.show_run(store.path.name))
    record.store, record.variant, record.points = store, saved.variant, saved.metrics
    record.code = store.code_name
    record.phase = "running elsewhere" if saved.state == "running" else saved.state
    record.updates = saved.result["updates_planned"] if saved.result else saved.updates
    last = record.points[-1]
    record.per_epoch = max(1, round(last["update"] / last["epoch"])) if last["epoch"] else 1
    for point in record.points:
        record.etas.add(int(point["update"]), point["eta"])
    label = saved.result["data"] if saved.result else saved.data
    record.log += [label, f"saved in {store.path}", LOG_HEADINGS, *map(_log_line, record.points), saved.state_line]
    record.interventions = saved.interventions
    record.events = [_event(each) for each in saved.interventions]
    if saved.result:
        record.take(saved.result, unpack(store.pictures()))
    record.findings = saved.findings
    return record


def row(snapshot: Snapshot) -> Row:
    """A snapshot with evaluations as a row of metrics.csv."""
    measures = {
        f"{split}_{measure}": getattr(snapshot.evaluations[split], measure)
        for split in SPLITS
        for measure in Evaluation._fields
    }
    return {"update": snapshot.update, "epoch": snapshot.epoch, "eta": snapshot.eta, **measures}


def _event(intervention: Intervention) -> Event:
    return Event(intervention["update"], short(intervention))


def _log_line(row: Row) -> str:
    train, validation = (f"{row[f'{each}_loss']:7.4g} {row[f'{each}_accuracy']:6.1%}" for each in SPLITS)
    return f"{row['update']:>9,} {row['epoch']:6.1f}  {row['eta']:<8.3g}{train}  {validation}"
