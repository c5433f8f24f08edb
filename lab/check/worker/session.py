"""One student's file, from the first question to the last."""

import faulthandler
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import numpy as np

from .blank import blank_plan
from .code import Code
from .conv_stores import Picture
from .errors import CodeError, GuessError, NothingToCheckError
from .examine import can_replace, examine
from .explain import Home, explain, frames, is_ours
from .functions import FunctionCode
from .habits import habits, needs_padding
from .loading import load
from .loops import loops
from .mapped_files import MappedFiles
from .mend import mend
from .own_loop import fit
from .plan import Plan
from .plans import likely_names, plan_of, plan_of_guess, plan_of_name
from .recognise import code_of, overlooked, own_names, recognised, target_named, unknown_form
from .refusal import refusal
from .search import PICTURES
from .territory import own_files
from .training import Training
from .training_plan import TrainingPlan
from .wire import receive, send
from .written_loops import written_loops

Answer = tuple[dict[str, Any], dict[str, Any]]


class Session:
    """Answers to the lab's questions; every method is one of them."""

    def __init__(self) -> None:
        self.codes: list[Code] = []
        self.words: list[str] = []  # for the variants among them
        self.namespace: Any = None
        self.notes: tuple[str, ...] = ()
        self.training: Any = None

    def load(self, head: dict[str, Any], arrays: Mapping[str, Any]) -> Answer:
        """Run the file; what in it can be checked."""
        Home.loaded = loaded = load(Path(head["path"]), head["patience"], head["root"] and Path(head["root"]))
        self.namespace, self.notes = loaded.namespace, tuple(loaded.notes)
        found = recognised(self.namespace)
        left = [f"not checked: {name}(), for it was not recognised" for name in overlooked(self.namespace, found)]
        return {
            "targets": [{"name": f.name, "kind": f.kind, "says": f.says} for f in found],
            "notes": [*self.notes, *left],
        }, {}

    def check(self, head: dict[str, Any], arrays: Mapping[str, Any]) -> Answer:
        """From now on the questions are about NAME; its facts."""
        code = self._code(head)
        if not isinstance(code, Code):
            return code, {}
        facts, found = self.take(code)
        facts["facts"] |= habits(self.namespace)
        return facts, found

    def _code(self, head: dict[str, Any], pictures: Sequence[Picture] = PICTURES) -> Code | dict[str, Any]:
        """The code of NAME, or why there is none."""
        rng = np.random.default_rng(head["seed"])
        name = target_named(self.namespace, head["name"])
        try:
            return code_of(self.namespace, name, head["examples"], rng, pictures)
        except NothingToCheckError as error:
            return {"error": str(error), "nothing": True}
        except GuessError as guess:
            return refusal(self.namespace, name, guess)
        except CodeError as error:
            return {"error": str(error), "missing": unknown_form(self.namespace, name)}
        except Exception as error:
            if not is_ours(error):
                raise
            return refusal(self.namespace, name, GuessError(None, error))

    # Training

    def train(self, head: dict[str, Any], arrays: Mapping[str, Any]) -> Answer:
        """From now on NAME is trained. head: plan, folder, parts and kept of the mapped files, tensors, batch."""
        told = head["plan"]
        lists = {"sizes": tuple(told["sizes"]), "example": tuple(told["example"])}
        plan = TrainingPlan(**{**told, **lists, "kernels": tuple(map(tuple, told["kernels"]))})
        code = self._code(head, [Picture(plan.example, plan.kernels, plan.sizes)] if plan.kernels else PICTURES)
        if not isinstance(code, Code):
            return code, {}
        if not isinstance(code, FunctionCode):
            raise CodeError(f"it is {FORMS[code.form]}: what is trained is given a batch, and gives its gradients")
        shapes = [(letter, layer, tuple(shape)) for letter, layer, shape in head["tensors"]]
        files = MappedFiles(Path(head["folder"]), head["parts"], head["kept"], head["alphabet"])
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            self.training = training = Training(code, plan, files, shapes, head["batch"])
        return {
            "names": [tensor.slot.name for tensor in training.tensors],
            "places": [[tensor.slot.letter, tensor.layer] for tensor in training.tensors],
            "turned": [tensor.turned for tensor in training.tensors],
            "ways": len(training.ways),
            "takes_lambda": training.takes_lambda,
            "gives_scores": training.gives_scores or not plan.kernels,
            "notes": [*self.notes, *training.notes],
            "files": own_files(),
        }, {}

    def read(self, head: dict[str, Any], arrays: Mapping[str, Any]) -> Answer:
        """From now on the tensors of NAME lie as the `way` of this number has them."""
        self.training.read(head["way"])
        return {}, {}

    def updates(self, head: dict[str, Any], arrays: Mapping[str, Any]) -> Answer:
        """Make updates, with the batches of `rows`, `etas`, and the number `first` of the first of them."""
        with np.errstate(all="ignore"):
            finite = self.training.updates(arrays["rows"], head["etas"], head["first"])
        return {"finite": finite, "single": self.training.single}, {}

    def gradient(self, head: dict[str, Any], arrays: Mapping[str, Any]) -> Answer:
        """Leave the gradient of the batch `rows` in the mapped file; its loss."""
        with np.errstate(all="ignore"):
            return {"loss": self.training.gradient(arrays["rows"])}, {}

    def logits(self, head: dict[str, Any], arrays: Mapping[str, Any]) -> Answer:
        """The logits of the rows `start` to `end` of a part."""
        with np.errstate(all="ignore"):
            return {}, {"logits": self.training.logits(head["part"], slice(head["start"], head["end"]))}

    def kept(self, head: dict[str, Any], arrays: Mapping[str, Any]) -> Answer:
        """What the code keeps beside its parameters, for a checkpoint."""
        kept: Answer = self.training.state()
        return kept

    def restore(self, head: dict[str, Any], arrays: Mapping[str, Any]) -> Answer:
        """Take back what kept() gave."""
        rows = arrays["rows"]
        self.training.restore(head, arrays, rows)
        return {}, {}

    def adapter(self, head: dict[str, Any], arrays: Mapping[str, Any]) -> Answer:
        """How NAME is called, as far as it was recognised; without a name, what may be meant in a file in which nothing
        was. quick: call nothing to find out."""
        asked = head["name"]
        names = (
            [target_named(self.namespace, asked)] if asked else likely_names(self.namespace, own_names(self.namespace))
        )
        if not names:
            raise CodeError("there is no function and no class in it")
        rng = np.random.default_rng(head["seed"])
        try:
            quick = head.get("quick") and hasattr(self.namespace, names[0])
            plan = blank_plan(self.namespace, names[0]) if quick else self._plan(names[0], head["examples"], rng)
            return {"plan": asdict(plan), "module": self.namespace.__name__}, {}
        except NothingToCheckError as error:
            return {"error": str(error), "nothing": True}, {}

    def _plan(self, name: str, n: int, rng: Any) -> Plan:
        try:
            return plan_of(self.namespace, name, code_of(self.namespace, name, n, rng))
        except NothingToCheckError:
            raise
        except GuessError as guess:
            return plan_of_guess(self.namespace, name, guess)
        except Exception:
            if not hasattr(self.namespace, name) or name in written_loops(self.namespace):
                raise
            return plan_of_name(self.namespace, name, n, rng)

    def loops(self, head: dict[str, Any], arrays: Mapping[str, Any]) -> Answer:
        """The names of what trains in a loop of its own."""
        return {"loops": [loop.name for loop in loops(self.namespace)]}, {}

    def fit(self, head: dict[str, Any], arrays: Mapping[str, Any]) -> Answer:
        """Let the loop NAME train, see own_loop.py."""
        return fit(self.namespace, head, arrays)

    def take(self, code: Code) -> Answer:
        """From now on the questions are about this code."""
        self.codes = [code]
        facts, found = self._facts(code)
        return facts | {"notes": [*self.notes, *facts["notes"]]}, found

    def _facts(self, code: Code) -> Answer:
        facts = examine(code)
        found = {f"params/{k}": v for k, v in code.params.items()}
        if code.cotangent is not None:
            found |= {"cotangent": code.cotangent, "out": code.out}
        return facts, found

    def variants(self, head: dict[str, Any], arrays: Mapping[str, Any]) -> Answer:
        """Make the same code at other points; words for each. Later questions say which they are about."""
        rng = np.random.default_rng(head["seed"])
        words = []
        for word, code in self.codes[0].variants(rng):
            words.append(word)
            self.codes.append(code)
        self.words = words
        return {"variants": words}, {}

    def variant(self, head: dict[str, Any], arrays: Mapping[str, Any]) -> Answer:
        """The facts of a variant. An error of the gradients where the cost can be had is a mistake: `wrong`."""
        code = self.codes[head["code"]]
        if not np.isfinite(code.cost(code.params)):  # perhaps it takes no such point
            raise CodeError("there is no finite cost")
        try:
            return self._facts(code)
        except Exception as error:
            needs = "pad 0" in self.words[head["code"] - 1] and needs_padding(self.namespace)
            said = f"pad = 0 cannot be used: {explain(error)}" if needs else explain(error)
            return {"error": said, "wrong": not needs}, {}

    def mend(self, head: dict[str, Any], arrays: Mapping[str, Any]) -> Answer:
        """The changes of the file that make its gradients right, at all points; the lines of those that stay wrong."""
        found, lines = mend(self.codes)
        return {"mended": [asdict(each) for each in found], "lines": lines}, {}

    def gradients(self, head: dict[str, Any], arrays: Mapping[str, Any]) -> Answer:
        """The student's gradients with these parameters."""
        code = self.codes[head.get("code", 0)]
        found = code.gradients({**code.params, **arrays})
        return {}, {name: without_step(g) for name, g in found.items()}

    def output(self, head: dict[str, Any], arrays: Mapping[str, Any]) -> Answer:
        """What a layer gives with these values of its tensors."""
        code = self.codes[head.get("code", 0)]
        return {}, {"out": code.output({**code.params, **arrays})}

    def cost(self, head: dict[str, Any], arrays: dict[str, Any]) -> Answer:
        """J after a step in one tensor: head name and index; arrays step, and params/NAME for other values."""
        code = self.codes[head.get("code", 0)]
        values = {k: v.astype(np.float64) if can_replace(code) else v for k, v in code.params.items()}
        step = arrays.pop("step")
        values |= {name.removeprefix("params/"): value for name, value in arrays.items()}
        values[head["name"]] = moved = values[head["name"]].astype(np.result_type(values[head["name"]], step.dtype))
        index = head["index"]
        moved.reshape(-1)[index if isinstance(index, int) else slice(*index)] += step
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", np.exceptions.ComplexWarning)  # an imaginary step that the code drops
            value = complex(code.cost(values))
        return {"cost": [value.real, value.imag]}, {}


def without_step(g: Any) -> Any:
    """The gradient without the imaginary step of an earlier question about J, which running averages may have kept."""
    tiny = np.iscomplexobj(g) and np.abs(g.imag).max(initial=0.0) <= 1e-20 * np.abs(g.real).max(initial=0.0)
    return g.real if tiny else g


QUESTIONS = (
    *("load", "check", "adapter", "variants", "variant", "gradients", "output", "cost", "mend"),
    *("train", "read", "updates", "gradient", "logits", "kept", "restore", "loops", "fit"),
)
FORMS = {"layer": "a single layer", "object": "an object that keeps its own batch", "pair": "a single layer"}


def serve(questions: IO[bytes], answers: IO[bytes]) -> None:
    """Answer until the other side closes."""
    session = Session()
    while True:
        try:
            head, arrays = receive(questions)
        except EOFError:
            return
        faulthandler.dump_traceback_later(
            head.pop("limit"), exit=True
        )  # even out of an endless loop: it names the line
        try:
            question = head["do"]
            if question not in QUESTIONS:
                raise CodeError(f"there is no question {question}")
            reply = getattr(session, question)(head, arrays)
        except BaseException as error:  # whatever the file raises
            reply = {"error": explain(error), "frames": frames(error)}, {}
        faulthandler.cancel_dump_traceback_later()
        sys.stdout.flush()
        try:
            send(answers, *reply)
        except (TypeError, ValueError) as error:  # something of the file's that is no plain value; nothing was sent yet
            send(answers, {"error": f"its answer cannot be sent: {explain(error)}"}, {})
