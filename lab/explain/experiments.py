"""The short runs that show what a setting does: for each setting a preset, what makes it short, and a few values."""

from typing import NamedTuple

SHORT = ("split=3500/500/test", "evaluate_every=50")  # images of the embedded part


class Experiment(NamedTuple):
    """values: what each run is called, as in "eta 0.01", and the changes to the preset that make it."""

    preset: str
    values: dict[str, tuple[str, ...]]
    changes: tuple[str, ...] = ()


def _tenths(key: str, preset: str, *values: str, changes: tuple[str, ...] = ()) -> Experiment:
    return Experiment(preset, {value: (f"{key}={value}",) for value in values}, changes)


EXPERIMENTS: dict[str, Experiment] = {
    "optimiser.eta": _tenths("eta", "a2-setting1", "0.01", "0.1", "1"),
    "loss.lambda": _tenths("lambda", "a2-setting1", "0.001", "0.01", "0.1"),
    "training.batch": _tenths("batch", "a2-setting1", "10", "100", "1000"),
    "network.hidden": _tenths("hidden", "a2-setting1", "5", "50", "500"),
    "schedule.n_s": _tenths("n_s", "a2-setting1", "50", "500", "5000", changes=("cycles=", "updates=1000")),
    "schedule.eta_min": _tenths("eta_min", "a2-setting1", "1e-05", "0.01", "0.1"),
    "network.dropout": _tenths("dropout", "a2-setting1", "0", "0.2", "0.5"),
    "network.batch_norm": _tenths("batch_norm", "a3-9layer", "false", "true", changes=("n_s=500", "cycles=1")),
    "network.initialiser": Experiment(
        "a3-9layer",
        {"he": ("initialiser=he",), "xavier": ("initialiser=xavier",), "normal": ("initialiser=normal", "sigma=0.01")},
        ("n_s=500", "cycles=1"),
    ),
    "network.sigma": _tenths(
        "sigma", "a3-3layer", "0.001", "0.01", "0.1", changes=("n_s=500", "cycles=1", "initialiser=normal")
    ),
    "optimiser.rho": _tenths("rho", "a2-setting1", "0", "0.9", "0.99", changes=("optimiser.kind=momentum", "eta=0.01")),
}
