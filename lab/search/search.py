"""A search: many trials of a preset, saved so that an interrupted search can continue.

The command line and the app both use it. A trial depends only on the preset, its number and the data: not on the number
of workers, where they run or in which order they finish.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from data.sources import Variant
from lab import command_lines
from lab.errors import LabError
from lab.runs.code import Code
from lab.runs.store import RunStore
from lab.search import trial
from lab.search.code import compared, trainable
from lab.search.draws import draw
from lab.search.refine import refined
from lab.search.result import Engine, SearchResult, TrialRow, best_rows, trial_row
from lab.search.shared_data import SharedData, data_key, shared
from lab.search.store import SearchStore, all_searches, choosing
from lab.search.trial import Outcome, Task
from lab.search.workers import Ended, ended, worker_pool
from presets.build import load_data
from presets.errors import PresetError
from presets.keys import Values
from presets.load import load, names, with_values
from presets.schema import Preset, SearchSection, TriangularSchedule

Watch = Callable[[TrialRow], None]


class Search:
    """A search and its directory.

    run() trains the trials. stop() can be called meanwhile, from any thread or from a signal handler. `rows` are the
    ended trials by number; `taken_up` of them ended before this session. `data` is the data of the preset; `loan` holds
    them and the lock of the directory, and is closed at the end of run(), or by close().
    """

    def __init__(
        self,
        preset: Preset,
        data: SharedData,
        loan: ExitStack,
        store: SearchStore,
        jobs: int,
        scheduler: str | None = None,
        perform: Callable[[Task], Outcome] = trial.perform,
    ) -> None:
        self.preset = preset
        self.code = store.code()
        self.settings = settings_of(preset)
        self.store = store
        self.label = data.label
        self.jobs = jobs  # of a Dask cluster known when the search is at work
        self.engine: Engine = "processes" if scheduler is None else "dask"
        self.values, self.presets = trials_of(preset)
        self.rows: dict[int, TrialRow] = {}
        self.started = time.perf_counter()
        self._data = data
        self._loan = loan
        self._scheduler = scheduler
        self.perform = perform
        self._state = store.state()
        self._earlier = float(self._state["seconds"])
        self._updates: dict[int, int] = {}
        self._stopping = False
        for number in self._going():
            if (outcome := self._on_disk(number, None)) is not None:
                self._add(number, outcome)
        for rung in self._rungs():
            for number, outcome in self._worse_half(rung):
                self._add(number, outcome)
        self.taken_up = len(self.rows)

    def close(self) -> None:
        """Give data and lock back, for a search that is not to run."""
        self._loan.close()

    @property
    def trials(self) -> int:
        """The total number of trials."""
        return len(self.presets)

    @property
    def variant(self) -> Variant:
        """Of the data."""
        return self._state["variant"]

    @property
    def done(self) -> bool:
        """Has every trial ended?"""
        return len(self.rows) == self.trials

    @property
    def seconds(self) -> float:
        """Time spent on the search in all its sessions."""
        return self._earlier + time.perf_counter() - self.started

    def stop(self) -> None:
        """Stop soon: running trials stop after their current update and can be resumed."""
        self._stopping = True
        self.store.ask_to_stop()

    def result(self) -> SearchResult:
        """The search as it stands."""
        rows = [self.rows[number] for number in sorted(self.rows)]
        result: SearchResult = {
            "preset": self.preset.name,
            "run": str(self.store.path),
            "data": self.label,
            "jobs": self.jobs,
            "engine": self.engine,
            "seconds": round(self.seconds, 3),
            "best": next(iter(best_rows(rows)), None),
            "trials": rows,
        }
        if self.code is not None:
            agreement = compared((number, self.store.trial(number)) for number in sorted(self.rows))
            result["code"] = {"file": self.code.file.name, "name": self.code.name, "agreement": agreement}
        return result

    def run(self, watch: Watch = lambda row: None) -> SearchResult:
        """Train the remaining trials. `watch` gets the row of each when it ends.

        Even if this ends early, for example by an exception in `watch`, every trial is saved up to its last update or,
        if the process was killed, up to its last checkpoint. Returns result(). Raises LabError, DataError.
        """
        with self._loan:
            self._work(watch)
            self._save()
            result = self.result()
            if self.done:
                self.store.save_result(result)
            return result

    def _work(self, watch: Watch) -> None:
        with worker_pool(self.jobs, self._scheduler) as (executor, self.jobs), ExitStack() as stack:
            for _ in range(self.jobs):
                executor.submit(trial.ready)  # its imports take a second
            try:
                data = self._share(stack)
                for rung in self._rungs():
                    if str(rung) not in self._state["rungs"]:
                        self._advance(executor, data, rung, watch)
                        self._record(rung)
                    for number, outcome in self._worse_half(rung):
                        self._end(number, outcome, watch)
                self._advance(executor, data, None, watch)
            except BaseException:
                self.stop()
                raise

    def _share(self, stack: ExitStack) -> list[SharedData]:
        """The data of every trial: one copy, unless the trials differ in the data they ask for."""
        sets = {data_key(self.preset): self._data}
        for preset in self.presets:
            if (key := data_key(preset)) not in sets:
                load_own = partial(load_data, preset, self._state["variant"])
                sets[key] = stack.enter_context(shared(load_own))
        return [sets[data_key(preset)] for preset in self.presets]

    def _advance(self, executor: Executor, data: Sequence[SharedData], until: int | None, watch: Watch) -> None:
        """Train the remaining trials up to an update, or to their end. Raises LabError if the workers fail."""
        tasks = [
            self._task(number, data[number - 1], until)
            for number in self._going()
            if not self._stopping and self._on_disk(number, until) is None
        ]
        at_work = {executor.submit(self.perform, task): task for task in tasks}
        for call in ended(at_work, lambda: self._stopping):
            outcome = _outcome(call)
            if outcome.state == "interrupted" and outcome.reason:
                raise LabError(f"{outcome.reason}; the same command continues the search")
            if outcome.state != "interrupted":
                self._end(call.key.number, outcome, watch)
        if not self._stopping and any(self._on_disk(number, until) is None for number in self._going()):
            raise LabError(f"{self.store.path}: the scheduler went away; the same command continues the search")

    def _task(self, number: int, data: SharedData, until: int | None) -> Task:
        folder = self.store.trial(number).resolve()
        return Task(number, self.presets[number - 1], folder, data, until, code=self.code)

    def _going(self) -> list[int]:
        """The trials that have not ended."""
        return [number for number in range(1, self.trials + 1) if number not in self.rows]

    def _on_disk(self, number: int, until: int | None) -> Outcome | None:
        """The outcome of a trial that ended earlier or has reached `until`; None if neither, or if it is damaged."""
        result = RunStore(self.store.trial(number)).sound_result()
        if result is None or (result["state"] == "interrupted" and (until is None or result["updates"] < until)):
            return None
        return Outcome.of(result)

    def _end(self, number: int, outcome: Outcome, watch: Watch) -> None:
        self._add(number, outcome)
        self._save()
        watch(self.rows[number])

    def _add(self, number: int, outcome: Outcome) -> None:
        self._updates[number] = outcome.updates
        values, folder = self.values[number - 1], self.store.trial(number)
        self.rows[number] = trial_row(number, values, self.settings.maximise, folder, outcome)

    def _save(self) -> None:
        self._state["seconds"] = round(self.seconds, 3)
        self.store.save_state(self._state)
        keys = [vary.key for vary in self.settings.vary]
        self.store.save_table(keys, [self.rows[number] for number in sorted(self.rows)])

    # Successive halving

    def _rungs(self) -> list[int]:
        """The updates after which the worse half stops: the ends of all cycles but the last."""
        schedule, cycles = self.preset.schedule, self.preset.training.cycles
        if not self.settings.halving or not isinstance(schedule, TriangularSchedule) or cycles is None:
            return []
        return [2 * schedule.n_s * cycle for cycle in range(1, cycles)]

    def _record(self, rung: int) -> None:
        """Keep how the trials do at a rung: later they are further, and do not tell any more."""
        if not self._stopping:
            outcomes = {str(number): self._on_disk(number, rung) for number in self._going()}
            scores = {number: outcome.accuracies["validation"] for number, outcome in outcomes.items() if outcome}
            self._state["rungs"][str(rung)] = scores
            self.store.save_state(self._state)

    def _worse_half(self, rung: int) -> list[tuple[int, Outcome]]:
        """The trials that are to end at a rung, unless they have; none before all others have come to it."""
        scores = self._state["rungs"].get(str(rung), {})
        order = sorted(scores, key=lambda number: (-scores[number], int(number)))
        reason = f"not in the better half after {rung:,} updates"
        outcomes = {int(number): self._on_disk(int(number), rung) for number in order[(len(order) + 1) // 2 :]}
        return [
            (number, replace(outcome, state="stopped", reason=reason))
            for number, outcome in sorted(outcomes.items())
            if number not in self.rows and outcome is not None
        ]

    @property
    def saved(self) -> tuple[int, int]:
        """The updates that halving saved, and those of the search without it; (0, 0) without halving."""
        rungs = self._rungs()
        planned = rungs[-1] + rungs[0] if rungs else 0
        stopped = [number for number, row in self.rows.items() if row["state"] == "stopped"]
        return sum(planned - self._updates[number] for number in stopped), planned * self.trials


def _outcome(call: Ended[Task, Outcome]) -> Outcome:
    """How a trial ended, its files in their place. Raises LabError if they cannot be put there."""
    if call.value is None:
        return Outcome("failed", call.failure) if call.failure else Outcome("interrupted")
    trial.unpack(call.key, call.value)
    return call.value


def begin(
    preset: Preset,
    variant: str,
    runs: Path,
    jobs: int,
    trials: int | None = None,
    scheduler: str | None = None,
    refine: bool = False,
    target: tuple[Path, str] | None = None,
) -> Search:
    """A search of a preset on 'auto', 'mini' or 'full' data, with `trials` trials (by default the preset's number).
    `target`: the file and the name of a student's code that is trained in the place of the preset's own network.

    Continues a search in `runs` with the same settings that has fewer trials; otherwise starts a new one. With
    `refine`, the search covers the range of the best trials of a finished search of this preset. The search is locked:
    run() or close() it. Raises DataError, PresetError, and LabError, also if a process is at work on this search.
    """
    started = time.perf_counter()
    preset = with_trials(preset, trials)
    with ExitStack() as loan:
        data = loan.enter_context(shared(partial(load_data, preset, variant)))
        chosen = data.bare.variant
        first = trials_of(preset)[1][0]  # report errors before making a directory
        code = None if target is None else trainable(*target, first, data.open(first))
        if refine:
            preset = refined(preset, _finished(runs, preset, chosen, code))
        with choosing(runs):
            store = _lacking(runs, preset, chosen, code) or SearchStore.create(runs, preset, chosen, code)
            loan.enter_context(store.locked())
        store.save_preset(preset)
        search = Search(preset, data, loan.pop_all(), store, jobs, scheduler)
    search.started = started
    return search


def settings_of(preset: Preset) -> SearchSection:
    """The [search] section of a preset. Raises LabError if there is none."""
    if preset.search is None:
        having = [name for name in names() if load(name).search is not None]
        raise LabError(f"{preset.name} has no [search] section; {', '.join(having)} have one")
    return preset.search


def with_trials(preset: Preset, trials: int | None) -> Preset:
    """The preset with this number of trials, or its own, written out. Raises LabError."""
    settings = settings_of(preset)
    if trials and settings.all_grid and trials > settings.combinations:
        raise LabError(f"--trials {trials}: the grid of {preset.name} has {settings.combinations} combinations")
    count = trials or settings.trials or settings.combinations
    return preset.model_copy(update={"search": settings.model_copy(update={"trials": count})})


def trials_of(preset: Preset) -> tuple[list[Values], list[Preset]]:
    """The values of every trial, by dotted key, and the preset of every trial. Raises LabError, PresetError."""
    settings = settings_of(preset)
    values = draw(settings, preset.seed, settings.trials or settings.combinations)
    return values, [with_values(preset, v, f"{preset.name} trial {number}") for number, v in enumerate(values, 1)]


def _lacking(runs: Path, preset: Preset, variant: Variant, code: Code | None) -> SearchStore | None:
    """The newest search with these settings that has fewer trials than wanted. Raises LabError if it is at work."""
    settings = settings_of(preset)
    for store in _of_settings(runs, preset, variant, code):
        result = store.result()
        if result is None or len(result["trials"]) < (settings.trials or 0):
            same = settings_of(store.preset()).trials == settings.trials
            if same or not settings.halving:  # halving compares all trials with each other
                if store.running():
                    raise LabError(f"this search is at work already, in {store.path}: wait for it, or stop it there")
                return store
    return None


def _finished(runs: Path, preset: Preset, variant: Variant, code: Code | None) -> SearchResult:
    """The result of the newest finished search of these settings."""
    for store in _of_settings(runs, preset, variant, code):
        if (result := store.result()) is not None:
            return result
    first = command_lines.search(preset.name, target=code.target if code else None)
    raise LabError(
        f"--refine needs a finished search of {code.target if code else preset.name} with the same settings and data; "
        f"there is none in {runs}: run {first} first"
    )


def _of_settings(runs: Path, preset: Preset, variant: Variant, code: Code | None) -> list[SearchStore]:
    """The searches with these settings, whatever their number of trials, newest first. Skips damaged ones."""
    searches = []
    for store in reversed(all_searches(runs)):
        try:
            same = store.state()["variant"] == variant and store.code() == code
            if same and with_trials(store.preset(), 1) == with_trials(preset, 1):
                store.result()
                searches.append(store)
        except (LabError, PresetError):
            continue
    return searches
