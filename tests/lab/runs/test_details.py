"""What `gradlab runs RUN` says of a run: layers, classes, confusion matrix, mistakes, pictures."""

import io
import json
import re
import subprocess
import sys

import numpy as np
import pytest
import sklearn.metrics
from PIL import Image
from rich.console import Console

from data.sources import SURNAMES
from lab.runs.details_view import confusion_tables, show_details


def nothing(snapshot):
    """A subscriber that looks away."""


@pytest.fixture
def done(start):
    """A finished run of one layer."""
    run = start("updates=20", "hidden=")
    run.go(nothing)
    return run.store


def lines_between(text, first, last):
    return text.partition(first)[2].partition(last)[0].splitlines()


def test_a_run_is_shown_with_layers_classes_and_mistakes(gradlab, done):
    code, out, err = gradlab("runs", done.path.name)
    assert (code, err) == (0, "")
    assert re.search(r"Flatten +784 +0 *\n *Dense +10 +7,850", out)
    assert re.search(r"total +7,850", out)
    result = done.result()
    confusion = np.array(result["confusion"])
    y, guesses = (np.repeat(labels.ravel(), confusion.ravel()) for labels in np.indices(confusion.shape))
    report = sklearn.metrics.classification_report(y, guesses, output_dict=True, zero_division=0)
    rows = {row[0]: row[1:] for row in map(str.split, lines_between(out, "Classes, test set", "Confusion")) if row}
    for label, name in [*((str(k), str(k)) for k in range(10)), ("macro avg", "macro")]:
        expected = [f"{report[label][score]:.1%}" for score in ("precision", "recall", "f1-score")]
        assert rows[name][-3:] == expected
    assert rows["3"][0] == "200"
    assert "recall = accuracy" in out
    shown = [row.split() for row in lines_between(out, "Most confident mistakes, test set", "\0")[3:]]
    assert shown == [
        [each["true"], each["predicted"], f"{each['probability']:.1%}", f"{each['index']:,}"]
        for each in result["misclassified"]
    ]


def test_the_end_of_a_run_stays_short(gradlab, small):
    out = gradlab("run", "a2-setting1", "--data", "mini", *[a for c in (*small, "updates=2") for a in ("-s", c)])[1]
    assert "test accuracy" in out
    assert "Confusion" not in out


def matrix(classes, width, largest):
    """A random confusion matrix as it is printed at that width."""
    confusion = np.random.default_rng(0).integers(1, largest + 1, (len(classes), len(classes)))
    confusion[0, 0], confusion[1] = largest, 0
    file = io.StringIO()
    for table in confusion_tables(classes, confusion.tolist(), width):
        Console(file=file, width=width).print(table)
    return confusion, file.getvalue()


@pytest.mark.parametrize(
    ("count", "width", "largest", "tables"),
    [(10, 80, 200, 1), (10, 80, 9999, 1), (18, 80, 14, 1), (18, 80, 999, 1), (18, 80, 9999, 2), (18, 20, 14, 6)],
)
def test_a_confusion_matrix_is_whole_and_fits(count, width, largest, tables):
    classes = SURNAMES.classes[:count]
    confusion, text = matrix(classes, width, largest)
    assert max(map(len, text.splitlines())) <= width
    assert text.count("──") > 0
    rows = [line.split() for line in text.splitlines() if not line.startswith("─")]
    assert len(rows) == tables * (count + 1)
    headings = [heading for row in rows[:: count + 1] for heading in row]
    assert all(name.startswith(heading) for name, heading in zip(classes, headings, strict=True))
    assert all(len(heading) >= 3 for heading in headings)
    for k, name in enumerate(classes):
        parts = [rows[1 + k + table * (count + 1)] for table in range(tables)]
        assert all(name[:7] == part[0].rstrip("…")[:7] for part in parts)
        counts = [0 if cell == "·" else int(cell) for part in parts for cell in part[1:]]
        assert counts == confusion[k].tolist()


def test_headings_are_whole_where_there_is_room():
    assert matrix(SURNAMES.classes, 220, 14)[1].splitlines()[0].split() == list(SURNAMES.classes)


def test_mistakes_that_are_texts_are_shown_as_such():
    result = {
        "state": "done",
        "classes": ["Greek", "Irish"],
        "judge": "validation",
        "confusion": [[1, 1], [0, 1]],
        "scores": {"precision": [1.0, 0.5], "recall": [0.5, 1.0], "f1": [2 / 3, 2 / 3]},
        "misclassified": [{"index": 1, "true": "Greek", "predicted": "Irish", "probability": 0.9, "text": "doukas"}],
    }
    file = io.StringIO()
    show_details(Console(file=file, width=80), result)
    assert "Classes, validation set" in file.getvalue()
    assert re.search(r"doukas +Greek +Irish +90.0% +1\b", file.getvalue())


# --figures


def test_figures_are_shown_and_written_as_png(gradlab, done):
    code, out, err = gradlab("runs", done.path.name, "--figures")
    assert code == 0
    assert out.index("test accuracy") < out.index("Templates") < out.rindex("guessed ")
    assert "\x1b" not in out
    folder = done.path / "figures"
    assert sorted(path.name for path in folder.iterdir()) == ["misclassified.png", "templates.png"]
    for path in folder.iterdir():
        assert f"wrote {path}" in err
        with Image.open(path) as image:
            assert (image.format, image.mode) == ("PNG", "RGB")
            assert image.width > 4 * 140
    (folder / "templates.png").write_bytes(b"an old one")
    gradlab("runs", done.path.name, "--figures")
    assert (folder / "templates.png").read_bytes().startswith(b"\x89PNG")


def test_figures_beside_json_leave_stdout_to_the_document(gradlab, done):
    code, out, err = gradlab("runs", done.path.name, "--figures", "--json")
    assert code == 0
    assert json.loads(out) == done.result()
    assert {"confusion", "scores", "layers", "misclassified", "pictures"} <= json.loads(out).keys()
    assert "templates.png" in err
    assert (done.path / "figures" / "templates.png").exists()


def test_figures_need_a_run(refused):
    refused("runs --figures", "--figures needs a run")


@pytest.mark.parametrize("damage", [b"", b"no archive"])
def test_a_damaged_picture_file_is_named(gradlab, done, damage):
    (done.path / "pictures.npz").write_bytes(damage)
    code, _, err = gradlab("runs", done.path.name, "--figures")
    assert code == 2
    assert re.match(r"gradlab: .*pictures.npz cannot be used", err)


def test_a_run_of_an_earlier_version_is_shown_as_far_as_it_goes(gradlab, done):
    result = done.result()
    for key in ("misclassified", "layers", "pictures"):
        del result[key]
    done.save_result(result)
    (done.path / "pictures.npz").unlink()
    code, out, err = gradlab("runs", done.path.name, "--figures")
    assert code == 0
    assert "macro mean" in out
    assert "Layers" not in out
    assert "has no pictures" in err
    assert not (done.path / "figures").exists()


def test_a_diverged_run_is_shown_without_its_guesses(gradlab, start):
    run = start("updates=200", "eta=1e5", "schedule.kind=constant")
    assert run.go(nothing)["state"] == "diverged"
    code, out, _ = gradlab("runs", run.store.path.name, "--figures")
    assert code == 0
    assert "diverged" in out
    assert "macro mean" not in out


def test_pictures_are_drawn_without_the_app_s_library():
    code = "import sys, lab.runs.pictures_view, lab.runs.sheets\n"
    code += "print({'textual', 'textual_image', 'PIL'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "{'PIL'}"
