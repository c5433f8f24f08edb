"""What the columns of a log mean, by their names: "val_loss", "loss/train", "Train Accuracy", "top1", "trainLoss"."""

import re
from typing import Literal, NamedTuple

Measure = Literal["loss", "cost", "accuracy"]
Split = Literal["train", "validation", "test"]
Steps = Literal["update", "step", "iteration", "epoch"]

SPLITS: dict[str, Split] = {
    **dict.fromkeys(("train", "training", "trn", "tr"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "eval", "evaluation", "dev", "holdout"), "validation"),
    **dict.fromkeys(("test", "testing", "tst", "te"), "test"),
}
MEASURES: dict[str, Measure] = {
    **dict.fromkeys(("loss", "losses", "nll", "crossentropy", "xent"), "loss"),
    **dict.fromkeys(("cost", "costs", "j", "objective"), "cost"),
    **dict.fromkeys(("accuracy", "accuracies", "acc", "accs", "top1", "acc1", "prec1"), "accuracy"),
}
STEPS: dict[str, Steps] = {
    **dict.fromkeys(("update", "updates"), "update"),
    **dict.fromkeys(("step", "steps"), "step"),
    **dict.fromkeys(("iteration", "iterations", "iter", "iters", "it"), "iteration"),
    **dict.fromkeys(("epoch", "epochs", "ep"), "epoch"),
}
BESIDE_STEPS = {"global", "trainer", "current", "number", "no", "nr", "num", "index", "idx", "n", "t"}
# A column with one of these words is no measure: the scale of a loss, the time that an evaluation took.
NO_MEASURE = {
    "time",
    "seconds",
    "scale",
    "weight",
    "std",
    "lr",
    "rate",
    "best",
    "error",
    "err",
    "top5",
    "acc5",
    "prec5",
}
KNOWN = {*SPLITS, *MEASURES, *STEPS, *NO_MEASURE}

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")
_RUN_TOGETHER = re.compile(f"({'|'.join(SPLITS)})({'|'.join(MEASURES)})|({'|'.join(MEASURES)})({'|'.join(SPLITS)})")
_NUMBERED = re.compile(r"\b(top|acc|accuracy|prec)[ @_-]*([15])(?!\d)", re.I)


class Role(NamedTuple):
    """What a column holds. split: None where its name does not say; unknown: words of the name that say nothing."""

    measure: Measure
    split: Split | None
    unknown: int


def role(name: str) -> Role | None:
    """What the column of that name holds; None if the name does not say."""
    words = _words(name)
    measures = [MEASURES[word] for word in words if word in MEASURES]
    if not measures or NO_MEASURE.intersection(words):
        return None
    splits = [SPLITS[word] for word in words if word in SPLITS]
    return Role(measures[0], splits[0] if splits else None, sum(word not in KNOWN for word in words))


def steps(name: str) -> Steps | None:
    """What the column of that name counts; None if the name does not say."""
    words = _words(name)
    counted = [STEPS[word] for word in words if word in STEPS]
    known = {*STEPS, *SPLITS, *BESIDE_STEPS}
    return counted[0] if counted and known.issuperset(words) else None


def split_of(text: str) -> Split | None:
    """The split that a cell names, as in a column "phase"."""
    return SPLITS.get(text.strip().lower())


def split_in(text: str) -> Split | None:
    """The split that a word of a text names, as in "Test set" or "logs/validation"."""
    return next((SPLITS[word] for word in _words(text) if word in SPLITS), None)


def is_known(name: str) -> bool:
    """Does the name of a column say what it holds?"""
    return role(name) is not None or steps(name) is not None


def _words(name: str) -> list[str]:
    together = _NUMBERED.sub(r"\1\2 ", name)  # top-1, acc@1
    together = re.sub(r"(?i)cross[ _-]?entropy", "crossentropy ", together)
    words = []
    for part in re.split(r"[\W_]+", together):
        if part.lower() in KNOWN:
            words.append(part.lower())
            continue
        for word in _WORDS.findall(part):
            pair = _RUN_TOGETHER.fullmatch(word.lower())
            words += [piece for piece in pair.groups() if piece] if pair else [word.lower()]
    return words
