"""Which settings can matter, by the other settings: a form shows these, and hides the rest."""

from collections.abc import Mapping

from data.sources import NAME_SETS


def usable(key: str, texts: Mapping[str, str]) -> bool:
    """Can this setting change a run with the others as they are? texts: settings by dotted key, as -s takes them;
    nothing for what is not given. A dense network of images stays dense: convolutions are for presets that have some.
    """
    names = texts.get("data.set") in NAME_SETS
    hidden, convolutions = bool(texts.get("network.hidden")), texts.get("network.convolutions", "").count("{")
    pooled = names and texts.get("network.pool_over_time") == "true"
    match key:
        case "network.sigma":
            return texts.get("network.initialiser") == "normal"
        case "network.convolution_scale":
            return convolutions > 0
        case "network.convolutions":
            return names or convolutions > 0
        case "network.hidden":
            return texts.get("network.members", "1") == "1"
        case "network.batch_norm":
            return hidden
        case "network.dropout":
            return hidden or pooled
        case "network.members":
            return pooled and convolutions == 1 and not hidden
        case "network.pool_over_time" | "network.marks" | "data.dedupe":
            return names
        case "loss.logit_adjustment":  # no class of images is much more common than another
            return names and texts.get("training.sampling") not in ("balanced", "weighted")
        case "data.normalise":
            return not names
        case "training.cycles":
            return texts.get("schedule.kind") == "triangular"
    return True
