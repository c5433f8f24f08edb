"""What a lab report needs of one or several runs, in one folder: report.md, figures, and the presets to run again."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from lab import command_lines
from lab.disk import disk
from lab.errors import LabError
from lab.runs.compare import compare
from lab.runs.compare_view import comparison_rows
from lab.runs.interventions import in_words
from lab.runs.pictures import unpack
from lab.runs.result import Result, reference_document
from lab.runs.saved import SavedRun, distinct, labels, read, value_text
from lab.runs.sheets import sheet
from lab.runs.store import RunStore
from lab.runs.view import class_rows, final_rows, layer_rows, mini_note
from presets.keys import known_keys, settings
from presets.load import changed
from presets.toml import dump

Progress = Callable[[int, int, str], None]  # figures done, figures in all, the one at work
Names = Iterable[str]
VECTORS = ("svg", "pdf")
CAPTIONS = {
    "loss": "Loss against the update step",
    "cost": "Cost (loss plus L2 penalty) against the update step",
    "accuracy": "Accuracy against the update step",
    "eta": "Learning rate against the update step",
    "confusion": "Confusion matrix: true classes in rows, guesses in columns",
    "templates": "Weights of every class as an image, each scaled from black to white",
    "kernels": "Kernels of the first layer, each scaled from black to white",
    "misclassified": "Most confident mistakes",
}


def write_report(stores: Sequence[RunStore], out: Path | None, progress: Progress) -> Path:
    """Write the report of these runs into the folder `out` (default: ./report-<run>); returns the path of report.md.

    Raises LabError if a run has nothing recorded yet, the folder holds a report already, or cannot be written.
    """
    from lab.report.figures import of_run, of_runs, save  # matplotlib takes its time

    distinct(stores)
    records = dict(zip(labels(stores), map(read, stores), strict=True))
    out = default_place(list(records)) if out is None else out
    report = out / "report.md"
    if report.exists():
        raise LabError(f"{report} already exists: give another folder with --out, or move it away")
    drawings = {label: of_run(record) for label, record in records.items()}
    if len(records) > 1:
        drawings = {"comparison": of_runs(records), **drawings}
    pictures = {label: unpack(record.store.pictures()) for label, record in records.items()}
    total = sum(map(len, drawings.values()))
    done = 0
    with disk(out), _whole(out) as aside:
        for folder, figures in drawings.items():
            (aside / folder).mkdir()
            for name, draw in figures.items():
                progress(done, total, f"{folder}/{name}")
                save(draw(), aside / folder, name)
                done += 1
        for label, record in records.items():
            (aside / label / "preset.toml").write_text(dump(record.preset), encoding="utf-8")
            for name, group in pictures[label].items():
                sheet(group).save(aside / label / f"{name}.png")
    with disk(out):
        report.write_text(text(records, drawings, pictures), encoding="utf-8")  # last: where it is, the rest is whole
    progress(done, total, "report.md")
    return report


@contextmanager
def _whole(out: Path) -> Iterator[Path]:
    """A folder beside `out`, whose content is in `out` after the with-block; an error leaves nothing of it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".report-", dir=out.parent) as aside:
        yield Path(aside)
        shutil.copytree(aside, out, dirs_exist_ok=True)


def default_place(named: Sequence[str]) -> Path:
    """The folder of a report of runs with these labels."""
    more = f"-and-{len(named) - 1}-more" if len(named) > 1 else ""
    return Path(f"report-{named[0]}{more}")


def text(records: Mapping[str, SavedRun], drawings: Mapping[str, Names], pictures: Mapping[str, Names]) -> str:
    """The Markdown: a comparison if there are several runs, then a chapter on each. The others name what was drawn."""
    lines = list(_comparison(records, drawings["comparison"])) if len(records) > 1 else []
    for label, record in records.items():
        lines += _run(label, record, drawings[label], pictures[label], top=len(records) == 1)
    return "\n".join(lines) + "\n"


def _comparison(records: Mapping[str, SavedRun], figures: Names) -> Iterator[str]:
    yield from (f"# Comparison of {len(records)} runs", "")
    each = list(records.values())
    rows = [row or [""] * (1 + len(each)) for row in comparison_rows(compare(each), each)]
    yield from _table([["", *records], *rows])
    if any(record.variant == "mini" for record in each):
        yield from (mini_note("a run on 'mini'"), "")
    yield from _figures("comparison", figures)


def _run(label: str, record: SavedRun, figures: Names, pictures: Names, top: bool) -> Iterator[str]:
    mark = "#" if top else "##"
    preset, result, reference = record.preset, record.result, record.preset.reference
    yield from (f"{mark} {label}: {preset.title}", "")
    if preset.description:
        yield from (preset.description, "")
    if reference:
        yield from (f"Reproduces report {reference.report}, {reference.where}.", "")
    state = record.state_line if record.state == "done" else f"**{record.state_line}**"
    yield from (f"- State: {state}", f"- Data: {record.data}", f"- Run: `{record.store.path}`")
    if result:
        made_with = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
        yield f"- {result['parameters']:,} parameters, seed {result['seed']}, {result['seconds']:.1f} s"
        yield f"- Made with {made_with}"
    again = f"`{command_lines.run(f'{label}/preset.toml')}`"
    if code := record.code:
        yield f"- Code: `{code['file']}`, {code['name']}. {code['agreement']['sentence']} {code['verdict']}"
        like, target = f"{label}/preset.toml", f"{code['file']}:{code['name']}"
        looped = command_lines.run_loop(code["file"], code["name"], like)
        again = f"`{looped if code.get('loop') else command_lines.run_code(target, like)}`"
    if record.interventions:
        yield f"- **Changed while it ran: {in_words(record.interventions)}.** {again} repeats the run without that."
    else:
        yield f"- To run it again: {again}"

    yield from ("", f"{mark}# Results", "")
    yield from _table(final_rows(record.final, reference_document(reference) if reference else None))
    yield from (note + "\n" for note in _notes(record))
    if record.findings:
        yield from (f"{mark}# What the curves show", "")
        yield from (f"- {each['sentence']} {each['try']}".rstrip() for each in record.findings)
        yield ""
    yield from (f"{mark}# Settings", "")
    yield from _settings(record)
    if result and record.state != "diverged":
        yield from (f"{mark}# Classes ({result['judge']} set)", "")
        yield from _table(class_rows(result))
        yield from _layers(result, f"{mark}# Layers")
        yield from _misclassified(result, f"{mark}# Most confident mistakes ({result['judge']} set)")
    elif result:
        yield from _layers(result, f"{mark}# Layers")
    yield from (f"{mark}# Figures", "")
    yield from _figures(label, figures)
    yield from _figures(label, pictures, vectors=())


def _notes(record: SavedRun) -> Iterator[str]:
    reference = record.preset.reference
    if reference and record.variant == "mini":
        yield mini_note()
    if reference and reference.note:
        yield reference.note
    if record.result is None:
        yield (
            "The run is not finished, so there is no test result and no confusion matrix. "
            f"`{command_lines.resume(record.store.path)}` continues it."
        )
    else:
        yield from record.result["notes"]


def _settings(record: SavedRun) -> Iterator[str]:
    keys, differing = known_keys(), changed(record.preset)
    rows = [["setting", "value", ""]]
    for name, value in settings(record.preset).items():
        key = keys.get(name)
        meaning = ", ".join(part for part in (key.title, key.unit) if part) if key else ""
        shown = f"**{value_text(value)}**" if name in differing else value_text(value)
        rows.append([name, shown, meaning])
    yield from _table(rows)
    if differing:
        yield from (f"Bold: changed from the preset {record.preset.name}.", "")


def _layers(result: Result, title: str) -> Iterator[str]:
    if layers := result.get("layers"):  # a run made before they were recorded has none
        yield from (title, "", *_table(layer_rows(layers)))


def _misclassified(result: Result, title: str) -> Iterator[str]:
    """Texts; of images there is a sheet among the figures."""
    rows = [
        [each["text"], each["true"], each["predicted"], f"{each['probability']:.1%}"]
        for each in result.get("misclassified", ())
        if each["text"]
    ]
    if rows:
        yield from (title, "", *_table([["example", "true", "guessed", "probability"], *rows]))


def _figures(folder: str, names: Names, vectors: Sequence[str] = VECTORS) -> Iterator[str]:
    for name in names:
        yield from (f"![{CAPTIONS[name]}]({folder}/{name}.png)", "")
        others = " · ".join(f"[{kind.upper()}]({folder}/{name}.{kind})" for kind in vectors)
        yield from (f"{CAPTIONS[name]}. {others}".rstrip(), "")


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A Markdown table, the first row its heading, columns after the first flush right."""
    heading, *body = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    yield "| " + " | ".join(heading) + " |"
    yield "| --- " + "| ---: " * (len(heading) - 1) + "|"
    yield from ("| " + " | ".join(row) + " |" for row in body)
    yield ""
