"""The sanity check of the courses as a change of settings: can the network overfit a few examples?"""

from presets.errors import PresetError
from presets.schema import Preset

EXAMPLES = 100


def overfit(preset: Preset) -> list[str]:
    """The 'key=value' changes that make a preset overfit 100 images: all of them in every batch, no penalty, weight
    decay, dropout, label smoothing or logit adjustment, and a constant learning rate.

    With correct gradients the training loss then goes towards 0. Raises PresetError for surnames.
    """
    if not preset.data.split.endswith("/test"):
        raise PresetError(f"{preset.name}: the sanity check takes {EXAMPLES} images; data.set is {preset.data.set}")
    eta_min = getattr(preset.schedule, "eta_min", None)
    eta = preset.optimiser.eta if eta_min is None else (eta_min + preset.optimiser.eta) / 2
    return [
        f"data.split={EXAMPLES}/1000/test",
        "network.dropout=0.0",
        "loss.lambda=0.0",
        "loss.label_smoothing=0.0",
        "loss.logit_adjustment=false",
        f"optimiser.eta={float(f'{eta:.3g}')}",
        "optimiser.weight_decay=0.0",
        "schedule.kind=constant",
        f"training.batch={EXAMPLES}",
        "training.updates=1000",
        "training.evaluate_every=25",
    ]
