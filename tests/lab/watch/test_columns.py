"""What the name of a column says, however people write it."""

import itertools

import pytest

from lab.watch.columns import role, steps

SPLITS = {"train": ("train", "training"), "validation": ("val", "valid", "validation"), "test": ("test",)}
MEASURES = {"loss": ("loss", "cross_entropy"), "cost": ("cost", "J"), "accuracy": ("acc", "accuracy", "top1", "acc@1")}
SPELLINGS = ["{0}_{1}", "{1}_{0}", "{0}/{1}", "{1}/{0}", "{0} {1}", "{0}-{1}", "{1} ({0})", "epoch_{0}_{1}", "{0}.{1}"]
CASES = [str, str.upper, str.title]


def test_every_split_and_measure_in_any_order_and_spelling():
    wrong = []
    for split, measure, spelling, case in itertools.product(SPLITS, MEASURES, SPELLINGS, CASES):
        for s, m in itertools.product(SPLITS[split], MEASURES[measure]):
            name = case(spelling.format(s, m))
            its = role(name)
            if its is None or its[:2] != (measure, split) or steps(name):
                wrong.append((name, its))
    assert not wrong


@pytest.mark.parametrize("name", ["valLoss", "ValLoss", "lossVal", "valloss", "VALLOSS", "vAl_LoSs", "Loss Val (%)"])
def test_words_that_run_together(name):
    assert role(name)[:2] == ("loss", "validation")


@pytest.mark.parametrize(
    ("name", "measure", "split"),
    [
        ("loss", "loss", None),
        ("sparse_categorical_accuracy", "accuracy", None),
        ("evaluation_accuracy_vs_iterations", "accuracy", "validation"),
        ("trainJ", "cost", "train"),
        ("Top-1", "accuracy", None),
        ("training loss", "loss", "train"),
    ],
)
def test_names_that_libraries_write(name, measure, split):
    assert role(name)[:2] == (measure, split)


@pytest.mark.parametrize(
    "name", ["lr", "loss_scale", "eval_time", "top5", "train_top5_acc", "error", "", "42", "train"]
)
def test_what_is_no_measure(name):
    assert role(name) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [("Step", "step"), ("_step", "step"), ("global_step", "step"), ("trainer/global_step", "step"), ("Epoch", "epoch")]
    + [("iter", "iteration"), ("Iterations", "iteration"), ("update", "update"), ("# epoch", "epoch")]
    + [(name, None) for name in ("epoch_loss", "step_size", "epoch time", "loss", "")],
)
def test_what_counts(name, kind):
    assert steps(name) == kind
