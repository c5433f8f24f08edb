"""gradlab names: whose model answers, what it answers, why, and what it refuses."""

import csv
import io
import json
import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from core.losses import softmax
from core.sequences import Marks
from data.alphabet import PAD, decode, encode
from data.errors import DataError
from data.sources import SURNAMES
from lab.errors import LabError
from lab.names import model as names
from lab.names import ship as ship_names
from lab.names.answer import answer
from lab.names.calibration import temperature
from lab.names.neighbours import neighbours
from lab.names.view import show_names
from lab.runs import run as lab_run
from lab.runs.store import RunStore
from presets.build import build, load_data
from presets.load import load

TINY = ["convolutions=[{filters=5, size=[2, 3]}]", "dropout=0", "updates=40", "evaluate_every=40"]
REPORT = ["Malmberg", "Baltatzis", "Karlsson", "Zhao", "Selmer", "Singh"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> RunStore:
    """A finished run of a tiny network on surnames."""
    session = lab_run.start(load("names-plus", TINY), "auto", tmp_path_factory.mktemp("runs"), threads=1)
    session.go(lambda snapshot: None)
    return session.store


@pytest.fixture(scope="module", params=["false", "true"], ids=["without marks", "with marks"])
def either(request, finished) -> names.NamesModel:
    """A network of each kind, at its start."""
    preset = load("names-plus", [*TINY, f"marks={request.param}"])
    network = build(preset, load_data(preset, "auto")).network
    return names.NamesModel(network, SURNAMES.classes, names.of_run(finished).origin)


@pytest.fixture
def copies(finished, tmp_path):
    """Put that run under the test's own runs, as one of the given name whose result.json is changed."""

    def copy(name: str, **result) -> RunStore:
        path = tmp_path / "runs" / name
        path.mkdir(parents=True)
        for file in finished.path.iterdir():
            (path / file.name).write_bytes(file.read_bytes())
        changed = finished.result() | result
        (path / "result.json").write_text(json.dumps(changed))
        return RunStore(path)

    return copy


# The answers


def test_a_model_gives_each_name_a_distribution_over_the_classes_whatever_the_company(finished):
    model = names.of_run(finished)
    p = model.probabilities(REPORT * 20)  # more than are read at a time
    assert p.shape == (120, 18)
    assert model.classes == SURNAMES.classes
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    for i, name in enumerate(REPORT):
        np.testing.assert_allclose(p[100 // 6 * 6 + i], model.probabilities([name])[0], rtol=1e-5)


def test_a_runs_model_is_as_good_as_the_run_says(finished):
    model = names.of_run(finished)
    assert (
        ship_names.validation_accuracy(model, finished.preset()) == finished.result()["final"]["validation"]["accuracy"]
    )


@pytest.mark.parametrize(
    ("written", "known"),
    [("ZHAO", "zhao"), ("Müller", "muller"), ("D’Angelo", "d'angelo"), (" van  der Berg ", "van der berg"),
     ("Łukasz‐Nowak", "lukasz-nowak"), ("Strauß", "strauss")],
)  # fmt: skip
def test_names_are_folded_as_in_training(finished, written, known):
    first, second = answer(names.of_run(finished), [written, known]).guesses
    assert (first.name, second.name) == (written, known)
    assert first.folded == second.folded == known
    assert first.probabilities == second.probabilities


@pytest.mark.parametrize(("wrong", "reason"), [("Ли", "'л'"), ("R2D2", "'2'"), ("", "no letters"), ("-'", "no letters"),
                                               ("a" * 21, "21 letters")])  # fmt: skip
def test_a_name_that_cannot_be_read_is_said_among_others_and_not_guessed(finished, wrong, reason):
    model = names.of_run(finished)
    said = answer(model, ["Zhao", wrong, "Singh"])
    assert [guess.name for guess in said.guesses] == ["Zhao", "Singh"]
    assert [guess.probabilities for guess in said.guesses] == [
        guess.probabilities for guess in answer(model, ["Zhao", "Singh"]).guesses
    ]
    (refused,) = said.document()["refused"]
    assert refused["name"] == wrong
    assert refused["reason"].startswith(repr(wrong))
    assert reason in refused["reason"]
    with pytest.raises(DataError, match=re.escape(reason)):
        answer(model, [wrong, wrong])


def test_explanations_are_what_hiding_each_letter_costs_each_class(either):
    model = either
    layers = model.network.astype(np.float64).layers
    marks = isinstance(layers[0], Marks)

    def log_p(row):
        x = row[None]
        for layer in layers[1:] if marks else layers:
            x = layer.forward(x, True)
        return np.log(softmax(x.mean(axis=1))[0])  # of the members

    def slow(name):
        letters = [c for c in encode(name) if c != PAD]
        begin, end, padding = ([29], [30], 31) if marks else ([], [], 29)
        row = np.array([*begin, *letters, *end] + [padding] * (20 - len(letters)))
        costs = []
        for i in range(len(letters)):
            hidden = row.copy()
            hidden[len(begin) + i] = padding
            costs.append(log_p(row) - log_p(hidden))
        return costs

    asked = ["Zhao", "van der Berg", "Y", "D'Angelo", "a" * 20] * 4  # more rows than are read at a time
    for name, drops in zip(asked, model.explain(asked), strict=True):
        np.testing.assert_allclose(drops, slow(name), rtol=1e-4, atol=1e-5)
    for guess in answer(model, asked[:3], explain=True).guesses:
        column = [row[model.classes.index(guess.best)] for row in guess.support]
        assert list(guess.letters) == column


def test_the_nearest_training_names_are_those_whose_features_point_the_same_way(finished):
    model = names.of_run(finished)
    near = neighbours(model.origin)
    train = load_data(finished.preset(), "auto").train
    assert near.features.shape[0] == len(train.x)
    asked, twin = train.x[17], model.network.astype(np.float64)

    def features(rows):
        for layer in twin.layers[:-1]:
            rows = layer.forward(rows, False)
        return rows.copy()

    mine, some = features(asked[None])[0], features(train.x[:400])
    cosines = some @ mine / (np.linalg.norm(some, axis=1) * np.linalg.norm(mine))
    nearest = near.nearest(decode(asked), 5)
    assert nearest[0].likeness == pytest.approx(1, abs=1e-5)
    assert [each.likeness for each in nearest] == sorted((each.likeness for each in nearest), reverse=True)
    assert nearest[-1].likeness >= np.sort(cosines)[-5] - 1e-5
    with pytest.raises(DataError):
        near.nearest("", 1)


def test_a_name_takes_less_than_a_millisecond():
    model = names.shipped()
    best = math.inf
    for name in REPORT * 10:
        start = time.perf_counter()
        model.probabilities([name])
        best = min(best, time.perf_counter() - start)
    assert best < 1e-3


# The shipped model


def test_the_shipped_model_has_its_stated_accuracy_and_is_small():
    stated = json.loads((names.SHIPPED / "model.json").read_text())["accuracy"]
    preset = load(str(names.SHIPPED / "preset.toml"))
    model = names.shipped()
    assert preset.name == model.origin.preset == "names-plus"
    assert preset.data.dedupe, "its validation names are none it learnt"
    assert model.origin.accuracy == stated
    assert ship_names.validation_accuracy(model, preset) == stated
    assert sum(path.stat().st_size for path in names.SHIPPED.iterdir()) < 300_000


def test_a_model_made_from_a_run_answers_as_the_run_and_states_its_own_accuracy(finished, tmp_path):
    message = ship_names.ship(finished, folder=tmp_path / "shipped")
    shipped, trained = names.shipped(tmp_path / "shipped"), names.of_run(finished)
    np.testing.assert_allclose(shipped.probabilities(REPORT), trained.probabilities(REPORT), atol=5e-3)
    assert shipped.network.theta.tolist() == trained.network.theta.astype(np.float16).tolist()
    assert shipped.origin.accuracy == ship_names.validation_accuracy(shipped, finished.preset())
    assert f"accuracy {shipped.origin.accuracy:.4f}" in message


def test_other_runs_choose_the_temperature_of_what_is_shipped(finished, copies, tmp_path, monkeypatch):
    data = load_data(finished.preset(), "auto")
    monkeypatch.setattr(ship_names, "load_data", lambda preset, variant: data)
    other = copies("20260101-000000-names-plus-aaaa")
    t = temperature([ship_names.judged(names.of_run(other), other.preset())])
    message = ship_names.ship(finished, [other], tmp_path / "shipped")
    shipped, trained = names.shipped(tmp_path / "shipped"), names.of_run(finished)
    expected = softmax(np.log(trained.probabilities(REPORT)) / t)
    np.testing.assert_allclose(shipped.probabilities(REPORT), expected, atol=5e-3)
    assert f"temperature {t:.3f}" in message
    lines = ship_names.report([finished, other]).splitlines()
    assert lines[2].startswith(f"mean {trained.origin.accuracy:.2%}, standard deviation 0.00%")
    counts = [int(line.split("|")[2]) for line in lines[6:]]
    assert sum(counts) == 2 * 252


def test_a_model_that_is_too_large_or_not_finished_is_not_shipped(finished, copies, tmp_path, monkeypatch):
    with pytest.raises(LabError, match="is not finished"):
        ship_names.ship(copies("20260101-000000-names-plus-aaaa", state="interrupted"))
    monkeypatch.setattr(ship_names, "LIMIT", 100)
    with pytest.raises(LabError, match="bytes of weights; 100 are allowed"):
        ship_names.ship(finished, folder=tmp_path / "shipped")
    assert not (tmp_path / "shipped").exists()


# Whose model


def test_the_newest_finished_run_on_surnames_answers_otherwise_the_shipped_model(copies, start, tmp_path):
    runs = tmp_path / "runs"
    assert names.choose(runs, None).origin.name == "shipped"
    old, new = copies("20260101-000000-names-plus-aaaa"), copies("20260102-000000-names-plus-bbbb")
    copies("20260103-000000-names-plus-cccc", state="interrupted")
    images = start("updates=1")
    images.go(lambda snapshot: None)
    damaged = copies("20260104-000000-names-plus-dddd")
    (damaged.path / "result.json").write_text("{")
    assert images.store.path.name > new.path.name
    assert names.choose(runs, None).origin.run == str(new.path)
    assert names.choose(runs, "aaaa").origin.run == str(old.path)
    assert names.choose(runs, "cccc").origin.name == "20260103-000000-names-plus-cccc"
    assert names.choose(runs, "shipped").origin.run is None
    assert [origin.run for origin in names.models(runs)] == [str(new.path), str(old.path), None]
    for origin in names.models(runs):
        assert names.load(origin).origin == origin


def test_runs_that_cannot_answer_are_refused(copies, start, refused):
    copies("20260101-000000-names-plus-aaaa", state="diverged")
    unfinished, mixed = copies("20260101-000000-names-plus-bbbb"), copies("20260101-000000-names-plus-cccc")
    (unfinished.path / "result.json").unlink()
    images = start("updates=1")
    images.go(lambda snapshot: None)
    (mixed.path / "checkpoint.npz").write_bytes((images.store.path / "checkpoint.npz").read_bytes())
    for run, reason in {
        "nix": "there is no run nix in",
        images.store.path.name: "is a run of a2-setting1, which does not learn surnames",
        "aaaa": "diverged: it has no model",
        "bbbb": "has no result: it is still running, or was killed",
        "cccc": "its files do not fit together: theta has shape",
    }.items():
        refused(f"names Zhao --run {run}", reason)


# The command


def test_the_command_shows_classes_down_names_across_and_who_answers(gradlab):
    code, out, err = gradlab("names", *REPORT)
    assert (code, err) == (0, "")
    model = names.shipped()
    assert out.startswith(
        f"names-plus, shipped with Gradlab: {model.origin.accuracy:.1%} of its validation names right"
    )
    p = model.probabilities(REPORT)
    for k, nationality in enumerate(SURNAMES.classes):
        figures = " +".join(f"{value:.4f}" for value in p[:, k])
        assert re.search(rf"^ {nationality} +{figures} *$", out, re.M)
    assert re.search(" +".join(REPORT), out)
    assert re.search("most likely +" + " +".join(SURNAMES.classes[k] for k in p.argmax(axis=1)), out)
    assert "Guesses are about names, not people" in out


def test_the_best_is_bold_and_many_names_stand_in_tables_below_each_other():
    asked = [name + ending for ending in ("", "s", "son") for name in REPORT]
    said = answer(names.shipped(), asked)
    terminal = Console(file=io.StringIO(), width=60, force_terminal=True, color_system="standard")
    show_names(terminal, said)
    shown = terminal.file.getvalue()
    bold = [float(x) for x in re.findall(r"\x1b\[1m *(\d\.\d{4})", shown)]
    assert sorted(bold) == sorted(float(f"{max(guess.probabilities):.4f}") for guess in said.guesses)
    plain = re.sub(r"\x1b\[[\d;]*m", "", shown)
    tables = plain.split("Arabic")
    assert len(tables) - 1 > 1
    assert all(name in plain for name in asked)
    assert all(len(line.rstrip()) <= 60 for line in plain.splitlines() if re.match(r" \w+ +0\.", line))


def test_a_document_says_all(gradlab, copies):
    store = copies("20260101-000000-names-plus-aaaa")
    code, out, err = gradlab("names", "Zhao", "Müller", "--explain", "--json")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert document["model"] == {
        "name": store.path.name,
        "run": str(store.path),
        "preset": "names-plus",
        "accuracy": store.result()["final"]["validation"]["accuracy"],
        "data": store.result()["data"],
    }
    assert document["classes"] == list(SURNAMES.classes)
    assert document["names"] == ["Zhao", "Müller"]
    assert document["folded"] == ["zhao", "muller"]
    assert [len(p) for p in document["probabilities"]] == [18, 18]
    assert document["best"] == [SURNAMES.classes[np.argmax(p)] for p in document["probabilities"]]
    assert [len(drops) for drops in document["explain"]] == [4, 6]
    assert "explain" not in json.loads(gradlab("names", "Zhao", "--json")[1])


def test_the_table_is_written_as_markdown_and_csv(gradlab, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = names.shipped()
    p = model.probabilities(["Zhao", "Müller"])
    for file in ("t.md", "t.csv"):
        assert gradlab("names", "Zhao", "Müller", "--out", file)[0] == 0
    rows = list(csv.reader((tmp_path / "t.csv").read_text("utf-8-sig").splitlines()))
    assert rows[0] == ["class", "Zhao", "Müller"]
    assert [row[0] for row in rows[1:]] == list(SURNAMES.classes)
    np.testing.assert_allclose(np.array([row[1:] for row in rows[1:]], float), p.T, atol=5e-7)
    assert (tmp_path / "t.csv").read_bytes().startswith(b"\xef\xbb\xbf"), "by this a spreadsheet knows the accents"
    lines = (tmp_path / "t.md").read_text().splitlines()
    assert lines[:2] == ["|  | Zhao | Müller |", "| --- | ---: | ---: |"]
    assert f"| Chinese | **{p[0].max():.4f}** | {p[1, 1]:.4f} |" in lines
    assert sum(line.count("**") for line in lines) == 4
    assert lines[-1].startswith("names-plus, shipped with Gradlab: ")
    refused("names Zhao --out t.md", "t.md exists already: give another name")
    refused("names Zhao --out t.html", "t.html: a table of names is written as .md or .csv")
    refused("names Zhao --out none/t.md", "none/t.md: No such file or directory")


def test_explanations_are_marks_below_the_letters(gradlab, monkeypatch):
    def explain(self, asked):
        return [np.tile([[-2.0], [4.0], [0.1], [2.0]], 18)]

    monkeypatch.setattr(names.NamesModel, "explain", explain)
    out = gradlab("names", "Zhao", "--explain")[1]
    assert "\n  z h a o \n  - █ · ▄ \n" in out
    assert "Zhao: Chinese\n" in out


def test_names_are_read_from_stdin(gradlab, monkeypatch):
    def given(content: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))

    given("\ufeffZhao\r\n\r\n Müller \r\n".encode())
    assert json.loads(gradlab("names", "-", "--json")[1])["names"] == ["Zhao", "Müller"]
    given("Zhao\nMüller\n".encode("latin-1"))
    assert gradlab("names", "-")[::2] == (2, "gradlab: stdin is not UTF-8 text (line 2): save the names as UTF-8\n")
    given(b"Zhao\n\n Singh \n")
    assert json.loads(gradlab("names", "-", "--json")[1])["names"] == ["Zhao", "Singh"]
    given(b"")
    assert gradlab("names", "-")[::2] == (2, "gradlab: no names: give some, or one per line on stdin\n")


def test_bad_names_are_one_line_and_exit_2(refused):
    refused("names", "Missing argument 'SURNAME...'")
    refused(
        "names Ли",
        "'Ли' has 'л' (cyrillic small letter el), 'и' (cyrillic small letter i): allowed are",
    )
    refused("names " + "a" * 21, "has 21 letters: a name may have up to 20")


def test_one_bad_name_does_not_hide_the_others(gradlab):
    code, out, err = gradlab("names", "Zhao", "R2D2", "Kowálski")
    assert code == 2
    assert out.splitlines()[-3].split() == ["most", "likely", "Chinese", "Polish"]
    assert err.splitlines() == [
        "'R2D2' has '2': allowed are the letters a to z with or without accents, space, hyphen and apostrophe"
    ]


def test_the_command_loads_no_framework_no_scipy_and_nothing_that_only_training_needs():
    code = (
        "import sys\nfrom lab.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'textual', 'matplotlib', 'torch', 'scipy', 'plotext', 'core.trainer', 'presets.schema', 'numpy'}\n"
        "print(*heavy & set(sys.modules), sep='\\n')"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, "names", "Zhao", "--explain"],
        capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    ).stdout  # fmt: skip
    assert out.splitlines()[-2:] == ["Guesses are about names, not people.", "numpy"]
