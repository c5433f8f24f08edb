"""Which settings can matter, by the other settings: a form shows these, and hides the rest."""

from collections.abc import Mapping

from data.sources import NAME_SETS


def usable(key: str, texts: Mapping[str, str]) -> bool:
    """Can this setting change a run with the others as they are? texts: settings by dotted key, as -s takes them;
    nothing for what is not given."""
    names = texts.get("data.set") in NAME_SETS
    match key:
        case "network.sigma":
            return texts.get("network.initialiser") == "normal"
        case "network.convolution_scale":
            return bool(texts.get("network.convolutions"))
        case "network.convolutions":
            return names or bool(texts.get(key))
        case "network.pool_over_time" | "network.marks" | "network.members" | "data.dedupe":
            return names
        case "loss.logit_adjustment":
            return texts.get("training.sampling") not in ("balanced", "weighted")  # all shares are equal
        case "data.normalise":
            return not names
        case "training.cycles":
            return texts.get("schedule.kind") == "triangular"
    return True
