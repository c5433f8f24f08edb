"""The schema of a preset: every hyperparameter, declared once.

Each field has its title, help, bounds and unit here. The TOML comments, the messages of `-s key=value`,
`gradlab presets NAME` and the app's form take them from here. `lambda` is a keyword of Python, so the code (and only
the code) writes `lambda_`.
"""

import re
from math import prod
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from data.sources import NAME_SETS, Judge, SetName, judge_of
from presets.reports import Report


class Section(BaseModel):
    """A table of the TOML file. Refuses unknown keys, nan, inf and values of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, serialize_by_alias=True)


def setting(default: Any, title: str, help_: str, *, unit: str = "", empty: str = "", **bounds: Any) -> Any:
    """A field with its title and help. `...` as the default makes it required. empty: what it means to give nothing."""
    return Field(default, title=title, description=help_, json_schema_extra={"unit": unit, "empty": empty}, **bounds)


def _is_split(split: str) -> str:
    if not re.fullmatch(r"(batch1/batch2|[0-9]+/[0-9]+)/test|[0-9]+ per class", split):
        raise ValueError(
            "must be 'batch1/batch2/test' or 'N/M/test', such as '45000/5000/test'; for surnames, 'N per class'"
        )
    return split


def _one_is_a_list(value: Any) -> Any:
    return [value] if isinstance(value, int | dict) and not isinstance(value, bool) else value


Split = Annotated[str, AfterValidator(_is_split)]
Units = Annotated[int, Field(ge=1, le=100_000)]
Hidden = Annotated[list[Units], BeforeValidator(_one_is_a_list)]
Rho = Annotated[float, Field(ge=0, lt=1)]
NonNegative = Annotated[float, Field(ge=0)]


class DataSection(Section):
    """The data set, how it is split, and how it is normalised."""

    set: SetName = setting("cifar10", "data set", "The data to learn from.")
    split: Split = setting(
        "batch1/batch2/test",
        "split",
        "Training, validation and test set. 'batch1/batch2/test': CIFAR-10's own batches. 'N/M/test': the first N "
        "and the last M training images. 'N per class' (surnames): N validation names of each class.",
    )
    normalise: Literal["zscore", "mean-pixel", "unit", "none"] = setting(
        "zscore",
        "normalisation",
        "zscore: mean 0 and standard deviation 1 per feature. mean-pixel: subtract the mean grey or colour. "
        "unit: 0..255 to 0..1. Fitted on the training set only. Surnames need none.",
    )
    dedupe: bool = setting(
        False,
        "no repeated names",
        "Keep each surname of a class once: no validation name is in the training set.",
    )

    @model_validator(mode="after")
    def _fits_the_set(self) -> "DataSection":
        names = self.set in NAME_SETS
        if names and self.normalise != "none":
            raise ValueError(f"{self.set} are not numbers: data.normalise must be 'none', not '{self.normalise}'")
        if names != self.split.endswith("per class"):
            allowed = "'N per class'" if names else "'batch1/batch2/test' or 'N/M/test'"
            raise ValueError(f"data.split = '{self.split}' is not for {self.set}, which has {allowed}")
        if self.dedupe and not names:
            raise ValueError("data.dedupe is for surnames")
        return self

    @property
    def judge(self) -> Judge:
        """The part that judges a network trained on these data."""
        return judge_of(self.set)


Size = Annotated[int, Field(ge=1, le=32)]


class Convolution(Section):
    """One convolution, followed by ReLU and optional max-pooling.

    The first convolution over characters may have several sizes, as in [2, 3, 4], with `filters` filters of each.
    """

    filters: Units
    size: Size | Annotated[list[Size], Field(min_length=1, max_length=20)]
    pool: Size = 1  # size and stride of max-pooling, images only; 1: none


class NetworkSection(Section):
    """Optional convolutions, then dense layers, with ReLU after each but the last."""

    convolutions: Annotated[list[Convolution], BeforeValidator(_one_is_a_list)] = setting(
        [],
        "convolutions",
        "Convolutions, first to last, as in [{filters = 16, size = 5, pool = 2}].",
        empty="none",
        max_length=20,
    )
    convolution_scale: PositiveFloat = setting(
        1.0, "convolution scale", "Factor on the initial weights of convolutions, for inputs that are not normalised."
    )
    marks: bool = setting(
        False,
        "begin and end marks",
        "Surnames only: a character of its own before each name and another after it.",
    )
    pool_over_time: bool = setting(
        False,
        "pool over time",
        "Surnames only: keep the maximum of each filter over the name. Windows may overlap both ends.",
    )
    members: int = setting(
        1,
        "members",
        "Surnames only: this many networks side by side, each with filters and a loss of its own. Their logits are "
        "averaged.",
        ge=1,
        le=20,
    )
    hidden: Hidden = setting(
        [],
        "hidden layers",
        "Number of units in each hidden layer, first to last.",
        unit="units",
        empty="none",
        max_length=100,
    )
    bias: bool = setting(True, "biases", "Add a learnt bias to every unit and filter.")
    batch_norm: bool = setting(False, "batch normalisation", "Normalise over the batch before each ReLU.")
    dropout: float = setting(
        0.0, "dropout", "Probability that an element of a hidden or pooled layer is set to 0 in training.", ge=0, lt=1
    )
    initialiser: Literal["he", "xavier", "normal"] = setting(
        "he", "initialiser", "Initial weights: N(0, 2/fan-in) (he), N(0, 1/fan-in) (xavier) or N(0, sigma^2) (normal)."
    )
    sigma: PositiveFloat | None = setting(
        None,
        "sigma",
        "Standard deviation of the initial weights; for the initialiser 'normal' only.",
        empty="he, xavier choose",
    )

    @model_validator(mode="after")
    def _sigma_goes_with_normal(self) -> "NetworkSection":
        if self.initialiser == "normal" and self.sigma is None:
            raise ValueError("the initialiser 'normal' needs network.sigma, its standard deviation")
        if self.initialiser != "normal" and self.sigma is not None:
            raise ValueError(f"network.sigma is for the initialiser 'normal', not for '{self.initialiser}'")
        return self


class LossSection(Section):
    """The cost: mean cross entropy + lambda * sum of squared weights."""

    lambda_: float = setting(
        0.0, "lambda", "L2 penalty on the weights: cost = loss + lambda * sum W^2.", alias="lambda", ge=0, le=1e6
    )
    label_smoothing: float = setting(
        0.0,
        "label smoothing",
        "In training, this share of each label is spread evenly over all classes. Reported losses are without it.",
        ge=0,
        lt=1,
    )
    logit_adjustment: bool = setting(
        False,
        "logit adjustment",
        "In training, add the log of each class's share of the drawn examples to its logit. So the network answers as "
        "if all classes were equally common.",
    )


class OptimiserBase(Section):
    """The settings of all optimisers."""

    eta: PositiveFloat = setting(..., "eta", "Learning rate: the step size. With a schedule, the largest one.", le=1e6)
    weight_decay: NonNegative = setting(
        0.0, "weight decay", "Each update also subtracts eta times this share of every parameter (FMAN45).", le=1e3
    )


class SGDSection(OptimiserBase):
    """theta -= eta g."""

    kind: Literal["sgd"]


class MomentumSection(OptimiserBase):
    """v = rho v + g; theta -= eta v."""

    kind: Literal["momentum"]
    rho: Rho = setting(0.9, "rho", "Share of the velocity that is kept.")


class MovingAverageSection(OptimiserBase):
    """m = mu m + (1 - mu) g; theta -= eta m."""

    kind: Literal["moving-average"]
    mu: Rho = setting(0.9, "mu", "Share of the moving average of the gradient that is kept.")


class NesterovSection(OptimiserBase):
    """v = rho v + g; theta -= eta (g + rho v)."""

    kind: Literal["nesterov"]
    rho: Rho = setting(0.9, "rho", "Share of the velocity that is kept.")


class AdaGradSection(OptimiserBase):
    """s += g^2; theta -= eta g / (sqrt(s) + eps)."""

    kind: Literal["adagrad"]
    eps: PositiveFloat = setting(1e-8, "eps", "Avoids division by 0.")


class AdamSection(OptimiserBase):
    """Bias-corrected averages of g and g^2."""

    kind: Literal["adam"]
    beta1: Rho = setting(0.9, "beta1", "Share of the average of g that is kept.")
    beta2: Rho = setting(0.999, "beta2", "Share of the average of g^2 that is kept.")
    eps: PositiveFloat = setting(1e-8, "eps", "Avoids division by 0.")


class ConstantSchedule(Section):
    """eta at every update."""

    kind: Literal["constant"]


class StepSchedule(Section):
    """eta, multiplied by factor after every `every` updates."""

    kind: Literal["step"]
    factor: float = setting(0.1, "factor", "Factor on eta at each step.", gt=0, le=1)
    every: PositiveInt = setting(..., "every", "Updates between steps.", unit="updates")


class TriangularSchedule(Section):
    """Cyclical: from eta_min up to optimiser.eta in n_s updates, and back down in n_s."""

    kind: Literal["triangular"]
    eta_min: NonNegative = setting(1e-5, "smallest eta", "Learning rate at the start and end of a cycle.")
    n_s: PositiveInt = setting(..., "half cycle", "Updates from the smallest to the largest eta.", unit="updates")


class CosineSchedule(Section):
    """Half a cosine from optimiser.eta down to eta_min over the run."""

    kind: Literal["cosine"]
    eta_min: NonNegative = setting(0.0, "smallest eta", "Learning rate at the end of the run.")


class LinearSchedule(Section):
    """A straight line from optimiser.eta to eta_min over the run."""

    kind: Literal["linear"]
    eta_min: NonNegative = setting(0.0, "smallest eta", "Learning rate at the end of the run.")


class TrainingSection(Section):
    """Batches and length of a run. Give the length once: as updates, epochs, or cycles of eta."""

    batch: PositiveInt = setting(100, "batch", "Examples per batch.", unit="examples")
    sampling: Literal["plain", "square-root", "balanced", "weighted"] = setting(
        "plain",
        "sampling",
        "The examples of an epoch. plain: every example once. square-root: draws with p proportional to 1/sqrt(n_y), "
        "between plain and weighted. balanced: the same number of each class, as many as the "
        "smallest class has, drawn again every epoch. weighted: draws with p = 1/(K n_y), all classes equally likely.",
    )
    updates: PositiveInt | None = setting(
        None, "updates", "Length of the run.", unit="updates", empty="not given", le=10**9
    )
    epochs: PositiveInt | None = setting(
        None, "epochs", "Length of the run.", unit="epochs", empty="not given", le=10**6
    )
    cycles: PositiveInt | None = setting(
        None, "cycles", "Length of the run, for the triangular schedule.", unit="cycles", empty="not given", le=10**6
    )
    evaluate_every: PositiveInt = setting(
        100, "evaluate every", "Updates between evaluations on the training and validation sets.", unit="updates"
    )

    @model_validator(mode="after")
    def _one_length(self) -> "TrainingSection":
        if sum(length is not None for length in (self.updates, self.epochs, self.cycles)) != 1:
            raise ValueError("give the length of the run as one of training.updates, training.epochs, training.cycles")
        return self


Metric = Annotated[str, Field(pattern=r"^(train|validation|test)\.(loss|cost|accuracy)$")]


class ReferenceSection(Section):
    """What a preset reproduces. Keys of numbers are split and measure, as in 'test.accuracy'."""

    report: Report
    where: str
    reported: dict[Metric, float] = {}
    independent: dict[Metric, float] = {}  # reached by a plain reference implementation, one seed, full data
    tolerance: PositiveFloat = 0.025  # of accuracies: a good implementation is within it, or better
    note: str | None = None


class Vary(Section):
    """A hyperparameter that a search varies, and the distribution of its values."""

    key: str  # a setting, by its dotted name
    distribution: Literal["log-uniform", "uniform", "choice", "grid"]
    low: float | None = None
    high: float | None = None
    whole: bool | None = None  # true: whole numbers only, both ends included
    values: list[Any] | None = None  # choice: drawn at random; grid: all combinations

    @model_validator(mode="after")
    def _range_or_values(self) -> "Vary":
        where = f"search.vary, {self.key}"
        if self.distribution in ("choice", "grid"):
            if not self.values or self.low is not None or self.high is not None or self.whole:
                raise ValueError(f"{where}: a {self.distribution} takes values, and nothing else")
        elif self.low is None or self.high is None or self.values is not None:
            raise ValueError(f"{where}: {self.distribution} needs low and high, and takes no values")
        elif self.low >= self.high:
            raise ValueError(f"{where}: low = {self.low:g} must be less than high = {self.high:g}")
        elif self.distribution == "log-uniform" and self.low <= 0:
            raise ValueError(f"{where}: low = {self.low:g} must be greater than 0 for log-uniform")
        elif self.whole and not (self.low.is_integer() and self.high.is_integer()):
            raise ValueError(f"{where}: low and high must be whole numbers, as whole = true")
        return self


class SearchSection(Section):
    """Trials that differ in some settings, to find the best values."""

    vary: list[Vary] = setting(
        ...,
        "varied settings",
        "Settings to vary, as in [{key = 'loss.lambda', distribution = 'log-uniform', low = 1e-5, high = 0.1}].",
        min_length=1,
    )
    trials: PositiveInt | None = setting(
        None, "trials", "Number of trials. By default all combinations, if all varied settings are grids.", le=10_000
    )
    draws: Literal["random", "sobol"] = setting(
        "random",
        "draws",
        "random: independent draws. sobol: a scrambled Sobol sequence, more evenly spread.",
    )
    maximise: Literal["validation.accuracy", "test.accuracy"] = setting(
        "validation.accuracy", "maximised", "The measure, at the end of a trial, that ranks the trials."
    )
    top: PositiveInt = setting(
        5, "best", "Number of best trials that are listed and set the range of a refined search."
    )
    halving: bool = setting(
        False, "successive halving", "Stop the worse half of the trials after each cycle of eta but the last."
    )
    longer: str | None = setting(None, "train longer", "The preset for training the best values longer.")

    @model_validator(mode="after")
    def _trials_fit(self) -> "SearchSection":
        keys = [vary.key for vary in self.vary]
        if len(set(keys)) < len(keys):
            raise ValueError(f"search.vary names a setting twice: {', '.join(keys)}")
        if self.trials is None and not self.all_grid:
            raise ValueError("search.trials is missing: only a search with nothing but grids can leave it out")
        if self.trials and self.all_grid and self.trials > self.combinations:
            raise ValueError(f"search.trials = {self.trials}: the grid has {self.combinations} combinations")
        return self

    @property
    def all_grid(self) -> bool:
        """Are all varied settings grids?"""
        return all(vary.distribution == "grid" for vary in self.vary)

    @property
    def combinations(self) -> int:
        """Number of combinations of the grids; 1 if there is no grid."""
        return prod(len(vary.values or ()) for vary in self.vary if vary.distribution == "grid")


Optimiser = Annotated[
    SGDSection | MomentumSection | MovingAverageSection | NesterovSection | AdaGradSection | AdamSection,
    Field(discriminator="kind"),
]
Schedule = Annotated[
    ConstantSchedule | StepSchedule | TriangularSchedule | CosineSchedule | LinearSchedule, Field(discriminator="kind")
]


class Preset(Section):
    """Everything that defines a run."""

    name: str
    title: str
    description: str = ""
    seed: int = setting(1, "seed", "Seed of all random draws of a run.", ge=0, lt=2**63)
    data: DataSection = DataSection()
    network: NetworkSection = NetworkSection()
    loss: LossSection = LossSection()
    optimiser: Optimiser
    schedule: Schedule = ConstantSchedule(kind="constant")
    training: TrainingSection
    search: SearchSection | None = None
    reference: ReferenceSection | None = None

    @model_validator(mode="after")
    def _parts_fit(self) -> "Preset":
        if self.training.cycles is not None and not isinstance(self.schedule, TriangularSchedule):
            raise ValueError("training.cycles needs schedule.kind = 'triangular'")
        if self.network.batch_norm and self.training.batch == 1:
            raise ValueError("training.batch = 1: batch normalisation needs at least 2 (one example is its own mean)")
        eta_min = getattr(self.schedule, "eta_min", 0.0)
        if eta_min > self.optimiser.eta:
            raise ValueError(f"schedule.eta_min = {eta_min:g} is larger than optimiser.eta = {self.optimiser.eta:g}")
        if self.search and self.search.halving:
            if (self.training.cycles or 0) < 2:
                raise ValueError("search.halving needs training.cycles of at least 2: it stops trials after a cycle")
            if self.search.maximise != "validation.accuracy":
                raise ValueError("search.halving needs search.maximise = 'validation.accuracy'")
            if any(vary.key.startswith(("schedule.", "training.", "data.")) for vary in self.search.vary):
                raise ValueError(
                    "search.halving cannot vary schedule, training or data: all trials must share their cycles"
                )
        return self
