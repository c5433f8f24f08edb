"""A report: complete, its links whole, its figures drawn from what was recorded, and honest about how a run ended."""

import re
from pathlib import Path

import numpy as np
import pytest

from lab.errors import LabError
from lab.report.report import write_report
from lab.runs import run as lab_run
from lab.runs.saved import read
from presets.load import load

MAGIC = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


def quiet(done, total, name):
    """Progress nobody looks at."""


@pytest.fixture
def figures():
    """The module that draws. It imports Matplotlib, which every process that collects the tests would wait for."""
    from lab.report import figures

    return figures


@pytest.fixture
def trained(start):
    """The store of a run that has ended: trained("updates=3")."""

    def trained(*changes, **options):
        run = start(*changes, **options)
        run.go(lambda snapshot: None)
        return run.store

    return trained


@pytest.fixture
def few_figures(monkeypatch):
    """Leave out the drawing where only the text matters."""
    monkeypatch.setattr("lab.report.figures.of_run", lambda record: {})
    monkeypatch.setattr("lab.report.figures.of_runs", lambda records: {})


def test_the_command_writes_a_report_whose_links_are_whole(gradlab, trained, tmp_path):
    store = trained("updates=20", "lambda=0.5")
    code, out, err = gradlab("report", store.path.name, "--out", str(tmp_path / "out"))
    assert (code, out, err) == (0, f"{tmp_path}/out/report.md\n", "")
    text = (tmp_path / "out" / "report.md").read_text()
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) == 16  # five figures in three formats, and the misclassified digits
    for link in links:
        assert (tmp_path / "out" / link).read_bytes().startswith(MAGIC[link[-3:]])
    (again,) = re.findall(r"gradlab run (\S+\.toml)", text)
    assert (tmp_path / "out" / again).read_bytes() == (store.path / "preset.toml").read_bytes()


def test_the_text_has_settings_results_beside_the_reported_ones_and_every_class(trained, few_figures, tmp_path):
    store = trained("updates=20", "lambda=0.5")
    result = store.result()
    text = write_report([store], tmp_path / "out", quiet).read_text()
    assert "MNIST, embedded part: 300 train / 100 validation / 2,000 test" in text
    assert "The reported numbers are for the full data; this run saw only the embedded part of it." in text
    assert all(f"- {finding['sentence']}" in text for finding in result["findings"])
    assert f"| test accuracy | {result['final']['test']['accuracy']:.2%} | 45.88% | 47.09% |" in text
    assert f"| train loss | {result['final']['train']['loss']:.4f} | - | - |" in text
    assert "| loss.lambda | **0.5** | lambda |" in text
    assert "| optimiser.eta | 0.1 | eta |" in text
    scores = result["scores"]
    counts = np.array(result["confusion"]).sum(axis=1)
    for i in range(10):
        shares = " | ".join(f"{scores[name][i]:.1%}" for name in ("precision", "recall", "f1"))
        assert f"| {i} | {counts[i]} | {shares} |" in text
    assert "| Dense | 8 | 6,280 |" in text  # 784 * 8 + 8
    assert f"| macro mean | 2,000 | {np.mean(scores['precision']):.1%} |" in text


def test_figures_show_every_recorded_value_from_update_0_and_the_reported_one(trained, figures):
    record = read(trained("updates=20"))
    updates = [0, 7, 14, 20]
    for measure in ("loss", "cost", "accuracy"):
        lines = {line.get_label(): line for line in figures.curve(record, measure).axes[0].lines}
        for split in ("train", "validation"):
            assert list(lines[split].get_xdata()) == updates
            assert list(lines[split].get_ydata()) == [row[f"{split}_{measure}"] for row in record.metrics]
        assert lines["train"].get_linestyle() != lines["validation"].get_linestyle()
        assert lines["train"].get_marker() != lines["validation"].get_marker()
        reported = {label for label in lines if label.startswith("reported")}
        assert reported == ({"reported, test, full data: 45.88%"} if measure == "accuracy" else set())
    (line,) = figures.eta(record).axes[0].lines
    assert list(line.get_ydata()) == [row["eta"] for row in record.metrics]


def test_the_confusion_matrix_has_every_count_in_its_row_and_column(figures):
    confusion = np.arange(9).reshape(3, 3)
    axes = figures.confusion_figure(confusion, ["a", "b", "c"]).axes[0]
    found = {(text.get_position()[1], text.get_position()[0]): text.get_text() for text in axes.texts}
    assert found == {place: str(count) for place, count in np.ndenumerate(confusion)}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]


def test_several_runs_are_compared_first_and_told_apart_in_the_figures(trained, few_figures, tmp_path, figures):
    stores = [trained("updates=20"), trained("updates=20", "lambda=0.5")]
    one, other = (store.path.name[16:] for store in stores)
    text = write_report(stores, tmp_path / "out", quiet).read_text()
    assert text.startswith("# Comparison of 2 runs\n")
    assert "| loss.lambda | 0.01 | 0.5 |" in text
    assert text.index("| loss.lambda | 0.01 | 0.5 |") < text.index(f"## {one}") < text.index(f"## {other}")
    lines = figures.overlay(dict(zip((one, other), map(read, stores), strict=True)), "loss").axes[0].lines
    assert [line.get_label() for line in lines] == [f"{r}, {s}" for r in (one, other) for s in ("train", "validation")]
    assert len({(line.get_marker(), line.get_linestyle()) for line in lines}) == 4


def test_a_diverged_run_is_reported_as_such(trained, few_figures, tmp_path, figures):
    store = trained("updates=200", "eta=1e5", "schedule.kind=constant", "evaluate_every=1")
    text = write_report([store], tmp_path / "out", quiet).read_text()
    at = store.result()["diverged_at"]
    assert f"- State: **diverged: the loss was not finite at update {at} of 200**" in text
    assert "| test loss | - |" in text
    assert "| test accuracy | - |" in text
    assert "# Layers" in text
    assert "# Classes" not in text
    (line,) = (line for line in figures.curve(read(store), "loss").axes[0].lines if line.get_label() == "diverged")
    assert set(line.get_xdata()) == {at}


def test_an_interrupted_and_a_killed_run_are_reported_as_such(start, trained, few_figures, tmp_path, figures):
    run = start("updates=20")
    run.go(lambda snapshot: run.trainer.stop() if snapshot.update == 9 else None)
    text = write_report([run.store], tmp_path / "stopped", quiet).read_text()
    assert "- State: **interrupted at update 9 of 20**" in text
    killed = trained("updates=20")
    (killed.path / "result.json").unlink()
    assert "confusion" not in figures.of_run(read(killed))
    text = write_report([killed], tmp_path / "killed", quiet).read_text()
    assert "- State: **interrupted (killed), last evaluated at update 20**" in text
    assert "- Data: MNIST, embedded part" in text
    assert f"`gradlab run --resume {killed.path}` continues it" in text


def test_names_are_judged_on_their_validation_part(few_figures, tmp_path):
    """They have no test part."""
    run = lab_run.start(load("names-best", ["updates=2", "split=20 per class"]), "auto", tmp_path / "runs", 1)
    run.go(lambda snapshot: None)
    text = write_report([run.store], tmp_path / "out", quiet).read_text()
    assert "Classes (validation set)" in text
    worst = run.store.result()["misclassified"][0]
    row = [worst["text"], worst["true"], worst["predicted"], f"{worst['probability']:.1%}"]
    assert f"| {' | '.join(row)} |" in text
    assert f"| validation accuracy | {run.store.result()['final']['validation']['accuracy']:.2%} | 48.02%" in text


def test_the_folder_is_named_after_the_run_and_a_report_is_never_overwritten(
    gradlab, trained, few_figures, tmp_path, monkeypatch
):
    store = trained("updates=3")
    monkeypatch.chdir(tmp_path)
    written = Path(gradlab("report", store.path.name)[1].strip())
    assert written == Path(f"report-{store.path.name[16:]}/report.md")
    written.write_text("mine")
    code, _, err = gradlab("report", store.path.name)
    assert (code, err.count("\n")) == (2, 1)
    assert f"{written} already exists: give another folder with --out" in err
    assert written.read_text() == "mine"


def test_report_md_is_written_last_and_progress_counts_every_figure(trained, tmp_path, monkeypatch):
    monkeypatch.setattr("lab.report.figures.save", lambda figure, folder, name: None)
    store, seen = trained("updates=3"), []

    def watch(done, total, name):
        seen.append((done, total))
        if name != "report.md":
            assert not (tmp_path / "out" / "report.md").exists()

    write_report([store], tmp_path / "out", watch)
    assert seen == [(i, 5) for i in range(6)]


def test_what_cannot_be_reported_is_one_line(refused, trained, tmp_path):
    store = trained("updates=3")
    (tmp_path / "file").write_text("")
    refused("report nothing", "there is no run nothing in")
    refused(f"report {store.path} --out {tmp_path}/file", f"{tmp_path}/file")
    refused(f"report {store.path} {store.path}", "is given twice")
    (store.path / "metrics.csv").write_text("")
    with pytest.raises(LabError, match="has nothing recorded yet"):
        write_report([store], tmp_path / "out", quiet)
    assert not (tmp_path / "out").exists()


def test_a_report_that_cannot_be_finished_leaves_nothing(trained, tmp_path, monkeypatch):
    store = trained("updates=3")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "mine").touch()

    def fail(figure, folder, name):
        (folder / f"{name}.png").touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lab.report.figures.save", fail)
    for out in (tmp_path / "new", tmp_path / "here"):
        with pytest.raises(LabError, match="No space left on device"):
            write_report([store], out, quiet)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "runs") == ["here"]
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["mine"]


def test_the_report_of_a_run_that_is_deleted_meanwhile_is_whole(trained, few_figures, tmp_path, monkeypatch):
    store = trained("updates=3")
    preset = (store.path / "preset.toml").read_bytes()
    report = write_report([store], tmp_path / "out", lambda *at: store.delete() if store.path.exists() else None)
    assert (report.parent / re.findall(r"gradlab run (\S+\.toml)", report.read_text())[0]).read_bytes() == preset
    assert not list(store.path.parent.iterdir())


def test_every_label_is_in_the_legend_as_it_is(trained, figures):
    """matplotlib leaves out those that begin with _, and reads formulas between dollars."""
    record = read(trained("updates=3"))
    records = {"_begins": record, "__": record, "$x_$": record, "a$b": record, "^_{": record}
    figure = figures.overlay(records, "loss")
    figure.canvas.draw()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        f"{label}, {split}" for label in records for split in ("train", "validation")
    ]
    assert len(legend.get_lines()) == 10
