"""Files as students hand them in: right ones, and mistakes planted into them. Data for tests; nothing here is imported.

right/ holds one file or folder per style, each with gradients that are right: names, arguments, returned forms, layouts
and obstacles as in real hand-ins, in words of our own. bugs.txt says what to change in which file to plant a mistake.
No test lives here, and nothing that only works with Gradlab.
"""

import re
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

RIGHT = Path(__file__).parent / "right"

# What may be said of each kind of mistake: the keys of the causes (lab/check/mistakes), any of them.
KINDS = {
    "activation": "activation-* slope-of-another-activation relu-* gradient-of-another-loss wrong-factor chain-*",
    "bias-penalty": "penalty-on-bias-in-cost-only bias-penalised",
    "bn-ddof": "norm-ddof",
    "bn-gamma": "norm-gamma-missing",
    "bn-gamma-gradient": "gamma-unnormalised gamma-times-gamma",
    "bn-left-out": "norm-left-out norm-only-gamma",
    "bn-mean": "norm-mean-* norm-only-gamma",
    "bn-running": "norm-running-statistics norm-statistics-constant",
    "bn-variance": "norm-variance-* norm-not-centred",
    "chain": "gradient-ignored chain-* relu-*",
    "conv-flipped": "conv-flipped",
    "conv-order": "conv-* *-order norm-axis weights-transposed",
    "conv-padding": "conv-padding",
    "conv-stride": "conv-stride",
    "divided-twice": "divided-twice divided-in-each-layer divided-by-batch",
    "dropout-mask": "dropout-mask dropout-mask-missing",
    "dropout-scale": "dropout-mask dropout-scale",
    "example-left-out": "example-left-out one-example-only",
    "factor": "cost-factor factor-two wrong-factor divided-by-other-number",
    "first-wrong-step": "first-wrong-step",
    "hinge": "hinge-*",
    "inverted": "first-wrong-step not-finite inverted",
    "labels-shifted": "labels-shifted cost-labels-shifted",
    "layer-left-out": "gradient-missing layer-left-out gradient-zero",
    "never-computed": "gradient-zero only-penalty",
    "not-divided": "not-divided-by-n cost-divided-twice",
    "other-n": "divided-by-other-number divided-by-batch divided-twice wrong-factor mean-for-sum",
    "overwritten": "overwritten",
    "p-in-place": "labels-subtracted-twice",
    "penalty-divided": "penalty-divided-by-n",
    "penalty-factor": "penalty-*",
    "penalty-missing": "penalty-missing penalty-only-in-gradient penalty-of-layer",
    "penalty-sign": "penalty-sign*",
    "pool-stride": "pool-stride",
    "relu-mask": "relu-mask-missing",
    "relu-mask-gradient": "relu-mask-of-gradient",
    "relu-mask-inverted": "relu-mask-inverted",
    "relu-mask-other-layer": "relu-mask-of-layer",
    "relu-mask-wrong": "relu-mask-* first-wrong-step",
    "shape": "shape bias-sum-axis",
    "sign": "sign",
    "softmax-axis": "softmax-axis cost-softmax-axis cost-not-normalised",
    "softmax-jacobian": "softmax-* labels-added",
    "softmax-unnormalised": "softmax-unnormalised",
    "stale": "gradients-not-reset stale stale-cache",
    "sum-axis": "bias-sum-axis norm-axis",
    "transposed": "weights-transposed through-transposed conv-transposed",
    "updated-weights": "updated-weights",
}

# What the check itself says of some of them, where no cause is looked for.
WORDS = {
    "layer-left-out": "there is no gradient for",
    "not-divided": "the division by the number of examples",
    "shape": "has shape",
}

# What has to be recognised in a file, where one would miss something: several things, or names nobody would guess.
RECOGNISED = {
    "a1_classifier_class.py": ("Classifier",),
    "a1_hard_coded_sizes.py": ("computeGradients",),
    "a1_loss_by_name.py": ("Classifier",),
    "a1_multiple_bce.py": ("BackwardPass",),
    "a2_class_attributes.py": ("TwoLayerNetwork",),
    "a2_params_dict.py": ("backward_pass",),
    "a2_private_methods.py": ("MLP",),
    "a2_tuples_per_layer.py": ("ANN_two_layer",),
    "a3_batchnorm_class.py": ("Network",),
    "a3_batchnorm_functions.py": ("ComputeGradients",),
    "a3_list_of_dicts.py": ("neuralNetwork",),
    "a3_net_params_bn.py": ("compute_grads",),
    "a3_reversed_lists.py": ("ComputeGradients",),
    "ann_sizes_sigmoid.py": ("ANN",),
    "classes_accumulate.py": ("Dense", "LeakyRelu"),
    "classes_dw.py": ("Linear", "ReLU", "Sigmoid", "Tanh", "SoftmaxCrossEntropy"),
    "classes_grads_beside_dx.py": ("FullyConnected", "BatchNorm", "Dropout"),
    "classes_update_inside.py": ("Dense", "Tanh"),
    "conv_classes.py": ("Conv2D", "MaxPool", "Flatten"),
    "cs_im2col_rows.py": ("conv", "relu"),
    "cs_layers_loops.py": ("conv", "max_pool", "svm_loss", "softmax_loss"),
    "cs_layers_norms.py": ("batchnorm", "layernorm", "spatial_batchnorm", "dropout"),
    "cs_linear_svm.py": ("svm_loss_naive", "svm_loss_vectorized"),
    "cs_package/cs231n/classifiers/fc_net.py": ("TwoLayerNet", "FullyConnectedNet"),
    "cs_package/cs231n/layer_utils.py": ("affine_relu", "conv_relu_pool"),
    "cs_package/cs231n/layers.py": ("affine", "relu", "batchnorm", "dropout", "conv", "max_pool", "softmax_loss"),
    "cs_softmax.py": ("softmax_loss_naive", "softmax_loss_vectorized"),
    "fman45_layers.py": ("fully_connected", "relu", "softmaxloss"),
    "layers_penalty_in_backward.py": ("Dense", "ReLU", "Model"),
    "layers_step_in_backward_pass.py": ("Affine", "Relu", "SoftmaxLoss", "Net"),
    "net_modes_and_cache.py": ("Model",),
    "net_of_layers.py": ("FC", "Rectifier", "Network"),
    "nodes_from_zero.py": ("LinearLayer", "ReLU", "CrossEntropyLoss", "Model"),
}


def bare(text: str) -> str:
    """Code without spaces, brackets and quotes, which may be written in several ways."""
    return re.sub(r"[\s()'\"]", "", text)


def plain(name: str) -> str:
    """A name without case, underscores and the endings that tell versions of a layer apart."""
    return re.sub(r"_(naive|fast|im2col)$", "", name).replace("_", "").lower()


@dataclass(frozen=True)
class Bug:
    """A mistake: in this file, this text becomes that; what kind it is and whose gradients it makes wrong.

    named: does the check have to name it, or only to catch it (KIND? in bugs.txt)?
    """

    file: str
    kind: str
    tensors: tuple[str, ...]
    old: str
    new: str
    named: bool

    def named_by(self, keys: Collection[str], says: str = "") -> bool:
        """Does one of these causes say what was planted, or do these words on a tensor?"""
        named = any(fnmatch(key, pattern) for key in keys for pattern in KINDS[self.kind].split())
        changed = "changed-line" in keys and any(
            bare(line) in bare(says) for line in self.new.split("\n") if line.strip()
        )
        return named or changed or (self.kind in WORDS and WORDS[self.kind] in says)

    def __str__(self) -> str:
        return f"{self.file}, {self.kind} ({' '.join(self.tensors)}): {self.old!r} -> {self.new!r}"


def files() -> list[str]:
    """The files a student would point at, relative to right/: all but helpers beside them and package files."""
    helpers = ("/functions.py", "__init__.py", "EvaluateClassifier.m", "ComputeCost.m", "_forward.m")
    paths = (path for path in RIGHT.rglob("*") if path.suffix in {".py", ".ipynb", ".m"})
    return sorted(path.relative_to(RIGHT).as_posix() for path in paths if not str(path).endswith(helpers))


def bugs() -> list[Bug]:
    """The mistakes of bugs.txt, in its order."""
    text = (Path(__file__).parent / "bugs.txt").read_text(encoding="utf-8")
    found = []
    for part in re.split(r"^== ", text, flags=re.MULTILINE)[1:]:
        file, *blocks = re.split(r"^# ", part, flags=re.MULTILINE)
        for block in blocks:
            head, *lines = block.rstrip("\n").split("\n")
            kind, tensors = head.split(": ")
            old, new = (
                "\n".join(line.removeprefix(mark).removeprefix(" ") for line in lines if line.startswith(mark))
                for mark in "<>"
            )
            found.append(Bug(file.strip(), kind.rstrip("?"), tuple(tensors.split()), old, new, not kind.endswith("?")))
    return found


def hand_in(folder: Path, file: str, bug: Bug | None = None) -> Path:
    """Put a file of right/ and what lies beside it into a folder, with the mistake planted; the path of the copy.

    Raises AssertionError unless the text that the mistake replaces stands in the file exactly once.
    """
    top = file.split("/")[0]
    if (RIGHT / top).is_dir():
        shutil.copytree(RIGHT / top, folder / top, dirs_exist_ok=True)
    else:
        shutil.copy(RIGHT / top, folder / top)
    path = folder / file
    if bug:
        text = path.read_text(encoding="utf-8")
        assert text.count(bug.old) == 1, f"{text.count(bug.old)} times in the file: {bug}"
        path.write_text(text.replace(bug.old, bug.new), encoding="utf-8")
    return path
