"""A run of a student's code: any other run, but for what it says of the code."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from core.network import Network
from core.objective import Evaluation, Objective
from core.trainer import Snapshot
from core.types import Array
from data.dataset import Dataset
from lab.check.trained import Shapes, TrainedCode
from lab.check.worker.training_plan import TrainingPlan
from lab.errors import LabError
from lab.runs import run as lab_run
from lab.runs.code import Code
from lab.runs.result import Result
from lab.runs.run import Run
from lab.runs.store import RunStore
from lab.training.agreement import exact
from lab.training.code_trainer import CodeTrainer
from lab.training.mapped import Mapped
from lab.training.verdict import verdict
from presets.build import build, load_data
from presets.errors import PresetError
from presets.schema import Preset


class CodeRun(Run):
    """A run whose network is a student's code. At the end of go() the code's process is gone."""

    trainer: CodeTrainer

    def go(self, watch: Callable[[Snapshot], None]) -> Result:
        """See Run.go. Raises TrainedCodeError if the code fails: what was made up to then is kept."""
        try:
            return super().go(watch)
        finally:
            self.end()

    def end(self) -> None:
        """End the process of the code."""
        self.trainer.code.end()

    def _save(self) -> None:
        if self.trainer.code.alive:  # what it kept beside its parameters is gone with it: the last checkpoint stays
            super()._save()

    def result(self, known: Mapping[str, Evaluation]) -> Result:
        """The result, and what was found about the code."""
        result, code = super().result(known), self.trainer.code
        # the verdict says the same, and says it of every run
        result["findings"] = [each for each in result["findings"] if each["key"] != "beside-expected"]
        result["code"] = {
            "file": code.file.name,
            "name": code.name,
            "tensors": code.names,
            "notes": code.notes,
            "agreement": self.trainer.agreement.document(),
            "verdict": verdict(self.preset, result),
        }
        return result


FEW = 5  # examples whose scores tell how the tensors lie
BATCHES = 4  # of FEW examples each, whose losses do the same
NO_SCORES = (
    "nothing in it gives the scores of a batch, and its losses are not those of Gradlab's own network: return the "
    "scores where y is None, or write a forward"
)
ALIKE = 1e-3  # of the spread of the scores: they are the same, even in float32


def start(file: Path, name: str, preset: Preset, variant: str, runs: Path, threads: int) -> CodeRun:
    """A new run of NAME in a file, like a preset. Raises DataError, PresetError, LabError."""
    if not file.is_file():
        raise LabError(f"there is no file {file}")
    dataset = load_data(preset, variant)
    trainer = trainer_of(file.resolve(), name, preset, dataset, threads)
    try:
        store = RunStore.create(runs, preset)
        store.save_code(trainer.code.source().document(preset.name, store.path))
    except BaseException:
        trainer.code.end()
        raise
    return CodeRun(preset, dataset, trainer, store, threads)


def resume(store: RunStore, threads: int) -> Run:
    """A run resumed, of a student's code or of a preset's own network. Raises what start() raises."""
    return lab_run.resume(store, threads, maker(store))


def maker(store: RunStore) -> lab_run.Make:
    """What gives a saved run at update 0: of a student's code or of a preset's own network. Raises LabError."""
    source = store.code()
    if source is None or source.get("loop"):
        return lab_run.of_preset
    return partial(of_code, Code.saved(source, store.path))


def of_code(code: Code, preset: Preset, dataset: Dataset, store: RunStore, threads: int) -> CodeRun:
    """The run of unchanged code, at update 0. Raises PresetError, and LabError if a file is another than it was."""
    code.unchanged(store.path.name)
    run = CodeRun(preset, dataset, trainer_of(code.file, code.name, preset, dataset, threads), store, threads)
    try:
        code.unchanged(store.path.name)  # nor while it was loaded
    except BaseException:
        run.end()
        raise
    return run


def trainer_of(file: Path, name: str, preset: Preset, dataset: Dataset, threads: int) -> CodeTrainer:
    """The trainer of NAME in a file, from the same start as the preset's own network."""
    _refuse_own_layers(preset)
    like = build(preset, dataset)
    network = like.network.astype(np.float64)
    kept = [name for name in like.optimiser.kept if name != "t"]
    mapped = Mapped(dataset, network.theta.size, kept)
    try:
        size, shapes = preset.training.batch, _shapes(network)
        plan, parts = _plan(preset, dataset, shapes), list(mapped.parts)
        alphabet = dataset.symbols or 0
        code = TrainedCode(file, name, plan, mapped.path, parts, kept, shapes, size, threads, alphabet)
    finally:
        mapped.forget()
    network.bind(mapped.theta, mapped.grad, code.turned)
    for name, tensor in network.tensors.items():
        tensor.value[...] = like.network.tensors[name].value
    trainer = CodeTrainer(preset, dataset, like, network, code, mapped)
    if plan.kernels and not read_alike(code, like.network, dataset):
        if not code.gives_scores:
            code.end()
            raise LabError(f"{file.name}:{code.name}: {NO_SCORES}")
        trainer.agreement.refuse(
            "it gives other scores from the same parameters: another activation, pooling, padding?"
        )
    if not code.gives_scores:
        code.notes.append("it gives no scores: Gradlab's own network, which has the same losses, is evaluated")
    return trainer


def _refuse_own_layers(preset: Preset) -> None:
    """Raise PresetError for layers that only our own networks have."""
    network = preset.network
    several = any(isinstance(convolution.size, list) for convolution in network.convolutions)
    own = {
        "marks": network.marks,
        "pool_over_time": network.pool_over_time,
        "convolutions, with several sizes": several,
    }
    if wrong := [name for name, has in own.items() if has]:
        raise PresetError(f"{preset.name} has network.{wrong[0]}, which --like does not take: names-balanced has not")


def read_alike(code: TrainedCode, network: Network, dataset: Dataset) -> bool:
    """Let the code's tensors lie in the way in which it gives the same scores as ours, which has the same parameters;
    or the same losses, if it gives no scores. In the usual one and False if there is none."""
    own, asked = network.astype(np.float64), _scores if code.gives_scores else _losses
    for way in (*range(code.ways), 0):
        code.read(way)
        theirs, ours = asked(code, own, dataset)
        spread = np.ptp(ours - ours.mean(axis=1, keepdims=True))
        off = (theirs - theirs.mean(axis=1, keepdims=True)) - (ours - ours.mean(axis=1, keepdims=True))
        if np.abs(off).max() <= ALIKE * spread:
            return True
    return False


def _scores(code: TrainedCode, own: Network, dataset: Dataset) -> tuple[Array, Array]:
    """Theirs and ours (n, classes), of a few examples."""
    few = dataset.validation.x[:FEW]
    return code.logits("validation", len(few)), own.forward(exact(few))


def _losses(code: TrainedCode, own: Network, dataset: Dataset) -> tuple[Array, Array]:
    """Theirs and ours (1, BATCHES), of batches of a few examples."""
    objective, x, y = Objective(own), dataset.train.x, dataset.train.y
    batches = np.arange(FEW * BATCHES).reshape(BATCHES, FEW)
    theirs = [code.gradient(rows) for rows in batches]
    ours = [float(objective.forward(exact(x[rows]), y[rows]).real) for rows in batches]
    return np.array([theirs]), np.array([ours])


def _plan(preset: Preset, dataset: Dataset, shapes: Shapes) -> TrainingPlan:
    spec, weights = preset.network, [shape for letter, _, shape in shapes if letter == "W"]
    kernels = tuple(shape for shape in weights if len(shape) > 2)
    dense = weights[len(kernels) :]
    example = dataset.train.x.shape[1:] if kernels else (dense[0][0],)
    example = (*example, dataset.symbols) if dataset.symbols is not None else example
    rule, settings = preset.optimiser.kind, preset.optimiser.model_dump(exclude={"eta", "kind"})
    sizes = (dense[0][0], *(shape[1] for shape in dense))
    network = (sizes, example, kernels, spec.batch_norm, spec.bias, spec.dropout)
    return TrainingPlan(*network, preset.loss.lambda_, preset.seed, rule, settings, preset.name)


def _shapes(network: Network) -> Shapes:
    """Letter, layer from 0 and shape of every tensor."""
    letters = {name: name.rstrip("0123456789") for name in network.tensors}
    return [
        (letters[name], int(name.removeprefix(letters[name])) - 1, tensor.value.shape)
        for name, tensor in network.tensors.items()
    ]
