"""A finding: what a run shows, in words."""

from typing import Literal

from typing_extensions import TypedDict

Fault = Literal[
    "not-normalised",
    "diverged",
    "dead-units",
    "vanishing-gradients",
    "lambda-too-large",
    "eta-too-large",
    "eta-too-small",
    "labels-shuffled",
    "class-imbalance",
    "underfitting",
    "overfitting",
    "plateau",
    "cycle",
    "too-few-evaluations",
]
Note = Literal["still-falling", "flat", "beside-expected", "best", "gap", "reached"]

# try is a word of Python, so that the fields cannot stand in a class.
Finding = TypedDict(
    "Finding",
    {
        "key": Fault | Note,
        "kind": Literal["fault", "note"],
        "sentence": str,
        "evidence": dict[str, float],  # the numbers the sentence rests on, by name
        "try": str,  # one thing to try; "" where there is nothing to mend
    },
)


def fault(key: Fault, sentence: str, evidence: dict[str, float], remedy: str) -> Finding:
    """Something is wrong, or keeps the run from being judged."""
    return {"key": key, "kind": "fault", "sentence": sentence, "evidence": evidence, "try": remedy}


def note(key: Note, sentence: str, evidence: dict[str, float], remedy: str = "") -> Finding:
    """How the run went."""
    return {"key": key, "kind": "note", "sentence": sentence, "evidence": evidence, "try": remedy}
