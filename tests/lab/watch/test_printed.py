"""What programs print while they train, as their authors wrote it, is read as columns."""

import pytest

from lab.watch.series import drawn
from tests.lab.watch.test_text import read, rows_of

KERAS = "".join(
    f"Epoch {e}/3\n  1/1500 [....] - ETA: 1:02 - loss: 2.3 - accuracy: 0.1{end}"
    f"1500/1500 [====] - 3s 2ms/step - loss: {1 / e:.3f} - accuracy: 0.9 "
    f"- val_loss: {1.5 / e:.3f} - val_accuracy: 0.85\n"
    for e, end in ((1, "\r"), (2, "\n"), (3, "\r"))
)
KERAS_3 = "".join(
    f"Epoch {e}/3\n\x1b[1m   1/1500\x1b[0m \x1b[37m━━━\x1b[0m \x1b[1m1:02\x1b[0m 1s/step - loss: 2.3\n"
    f"\x1b[1m1500/1500\x1b[0m \x1b[32m━━━\x1b[0m \x1b[1m3s\x1b[0m 2ms/step - loss: {1 / e:.3f} - val_loss: 1.2\n"
    for e in (1, 2, 3)
)
PRINTED = {
    "one line for an epoch": (
        "Starting\nEpoch 1/10 loss: 2.23 - acc: 0.15\nEpoch 2/10 loss: 1.23 - acc: 0.45\nDone in 3 s\n",
        "Epoch",
        {"loss": [(1, 2.23), (2, 1.23)], "acc": [(1, 0.15), (2, 0.45)]},
    ),
    "Keras 2": (
        KERAS,
        "Epoch",
        {
            "loss": [(1, 1), (2, 0.5), (3, 0.333)],
            "val_loss": [(1, 1.5), (2, 0.75), (3, 0.5)],
            "accuracy": [(e, 0.9) for e in (1, 2, 3)],
            "val_accuracy": [(e, 0.85) for e in (1, 2, 3)],
        },
    ),
    "Keras 3": (KERAS_3, "Epoch", {"loss": [(1, 1), (2, 0.5), (3, 0.333)], "val_loss": [(e, 1.2) for e in (1, 2, 3)]}),
    "PyTorch's first tutorial": (
        "[1,  2000] loss: 2.187\n[1,  4000] loss: 1.848\n",
        "row",
        {"loss": [(1, 2.187), (2, 1.848)]},
    ),
    "PyTorch's MNIST example": (
        "Train Epoch: 1 [0/60000 (0%)]\tLoss: 2.300\nTrain Epoch: 1 [640/60000 (1%)]\tLoss: 1.8\n\n"
        "Test set: Average loss: 0.0579, Accuracy: 9809/10000 (98%)\n",
        "row",
        {"train Loss": [(1, 2.3), (2, 1.8)], "Test set: Average loss": [(3, 0.0579)], "test Accuracy": [(3, 0.9809)]},
    ),
    "CS231n": (
        "(Iteration 1 / 4900) loss: 2.304060\n(Epoch 0 / 10) train acc: 0.107000; val_acc: 0.110000\n"
        "(Iteration 101 / 4900) loss: 1.8\n",
        "Iteration",
        {"loss": [(1, 2.30406), (101, 1.8)], "train acc": [(1, 0.107)], "val_acc": [(1, 0.11)]},
    ),
    "a colon after the step": (
        "step 0: train loss 4.2, val loss 4.3\nstep 250: train loss 2.2, val loss 2.3\n",
        "step",
        {"train loss": [(0, 4.2), (250, 2.2)], "val loss": [(0, 4.3), (250, 2.3)]},
    ),
    "a log with times": (
        "2026-11-27 10:00:00,123 INFO Epoch 1 train_loss=0.5 val_loss=0.6\n"
        "2026-11-27 10:00:01,123 INFO Epoch 2 train_loss=0.4 val_loss=0.5\n",
        "Epoch",
        {"train_loss": [(1, 0.5), (2, 0.4)], "val_loss": [(1, 0.6), (2, 0.5)]},
    ),
    "percent": (
        "Epoch 1: train accuracy 45.2%, validation accuracy 40 %\n"
        "Epoch 2: train accuracy 55%, validation accuracy 42 %\n",
        "Epoch",
        {"train accuracy": [(1, 0.452), (2, 0.55)], "validation accuracy": [(1, 0.4), (2, 0.42)]},
    ),
    "tqdm": (
        "Epoch 1:  10%|#  | 10/100 [00:01<00:09,  9.9it/s, loss=0.5]\r"
        "Epoch 1: 100%|###| 100/100 [00:10<00:00,  9.9it/s, loss=0.4]\n"
        "Epoch 2: 100%|###| 100/100 [00:10<00:00,  9.9it/s, loss=0.3]\n",
        "Epoch",
        {"loss": [(1, 0.4), (2, 0.3)]},
    ),
    "a dict of Python": (
        "{'loss': 0.3, 'epoch': 1.0}\n{'loss': 0.2, 'epoch': 2.0}\n",
        "epoch",
        {"loss": [(1, 0.3), (2, 0.2)]},
    ),
}


@pytest.mark.parametrize("pieces", [7, 10_000])
@pytest.mark.parametrize("program", PRINTED)
def test_it_is_read_as_columns(program, pieces):
    text, x, columns = PRINTED[program]
    data = text.encode()
    seen = drawn(read(data, *range(pieces, len(data), pieces)))
    assert seen.x.name == x
    assert {series.column: list(series.points) for series in seen.series} == {
        name: pytest.approx(points) for name, points in columns.items()
    }


def test_other_numbers_with_names_are_offered():
    log = read("update 100: cost = 2.3, eta = 1e-05\nupdate 200: cost = nan, eta = 0.01\n")
    assert drawn(log).others == ("eta",)
    assert [row["eta"] for row in rows_of(log)] == [1e-5, 0.01]


@pytest.mark.parametrize("line", ["Done in 3 s", "loading 3 files", "10:32:11 lr: 0.1 seed: 3", "saved to run-7.csv"])
def test_what_tells_of_no_training_is_no_row(line):
    assert read(f"{line}\n").rows == 0


def test_a_table_with_numbers_in_its_names_stays_a_table():
    log = read("epoch,loss,top1,top5\n1,2.3,10,50\n2,2.2,11,55\n")
    assert [*log.columns] == ["epoch", "loss", "top1", "top5"]
