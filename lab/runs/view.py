"""Results and runs as tables for the terminal."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lab.runs.interventions import in_words
from lab.runs.notes import in_words as noted_of

if TYPE_CHECKING:
    from data.sources import PartName
    from lab.reading.finding import Finding
    from lab.runs.catalogue import RunRow
    from lab.runs.result import LayerDocument, Measures, ReferenceDocument, Result
    from lab.runs.store import RunStore

ROOM_FOR_RUNS = 80  # columns that a list of runs needs as a table


def mini_note(who: str = "this run") -> str:
    """What is to be said where numbers of embedded data stand beside those of a report."""
    return f"The reported numbers are for the full data; {who} saw only the embedded part of it."


def show_result(console: Console, result: "Result", store: "RunStore") -> None:
    """The end of a run: curves, a table beside the reported numbers, and where the files are."""
    metrics = store.metrics()
    from lab.runs.curves import behind, curves  # here: not every table stands beside curves

    if len(metrics) > 1:
        expected = behind(True, store.preset(), result["variant"]) if "code" in result else None
        console.print(curves(metrics, expected))
        if expected:
            whose = f"{expected.preset}, mean and standard deviation of {expected.seeds} seeds"
            console.print(f"behind: {whose}", style="dim", highlight=False)
    console.print(f"{result['preset']} · {result['data']}", style="bold", highlight=False, soft_wrap=True)
    if code := result.get("code"):
        console.print(f"code: {code['file']}, {code['name']}", highlight=False, soft_wrap=True)
    if changes := result.get("interventions"):
        console.print(f"changed while it ran: {in_words(changes)}", style="yellow", highlight=False)
    console.print(_final_table(result))
    if code := result.get("code"):
        agreement, verdict = code["agreement"], code["verdict"]
        console.print(agreement["sentence"], style="bold" if agreement["parts_at"] else "", highlight=False)
        console.print(verdict, highlight=False)
    show_findings(console, result.get("findings", ()))  # a run made before curves were read has none
    if result["reference"] and result["variant"] == "mini":
        console.print(mini_note(), style="italic")
    if result["reference"] and (note := result["reference"].get("note")):
        console.print(note, style="italic")
    console.print(
        f"{result['updates']:,} updates in {result['seconds']:.1f} s ({result['updates_per_second']:,.0f}/s with "
        f"evaluations) · {result['parameters']:,} parameters · seed {result['seed']}",
        highlight=False,
    )
    console.print(result["run"], style="bold", soft_wrap=True, highlight=False)


def show_findings(console: Console, findings: "Sequence[Finding]") -> None:
    """What the curves show, a finding below the other; in bold what is wrong."""
    for finding in findings:
        console.print(finding["sentence"], style="bold" if finding["kind"] == "fault" else "", highlight=False)
        if finding["try"]:
            console.print(f"  {finding['try']}", style="italic", highlight=False)
    if findings:
        console.print()


def _final_table(result: "Result") -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    (first, *headings), *rows = final_rows(result["final"], result["reference"])
    table.add_column(first)
    for heading in headings:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*row, end_section=row[0].endswith("accuracy"))
    return table


def final_rows(final: "Mapping[PartName, Measures]", reference: "ReferenceDocument | None") -> list[list[str]]:
    """Headings, and a row for every measure of every split: here, and as reported and independently reached, if so."""
    given = {"reported": reference["reported"], "independent": reference["independent"]} if reference else {}
    beside = {name: numbers for name, numbers in given.items() if numbers}
    rows = [["", "here", *beside]]
    for split, measures in final.items():
        for measure, value in measures.items():
            others = (figure(measure, numbers.get(f"{split}.{measure}")) for numbers in beside.values())
            rows.append([f"{split} {measure}", figure(measure, value), *others])
    return rows


def layer_rows(layers: "Sequence[LayerDocument]") -> list[list[str]]:
    """Headings, a row for every layer of a result, and their parameters in all."""
    rows = [[each["layer"], "x".join(map(str, each["output"])), f"{each['parameters']:,}"] for each in layers]
    total = sum(each["parameters"] for each in layers)
    return [["layer", "output", "parameters"], *rows, ["total", "", f"{total:,}"]]


def class_rows(result: "Result") -> list[list[str]]:
    """Headings, a row for every class, and the mean of the classes. The recall of a class is its accuracy."""
    examples = [sum(row) for row in result["confusion"]]
    scores = [result["scores"]["precision"], result["scores"]["recall"], result["scores"]["f1"]]
    rows = [
        [name, f"{count:,}", *(f"{score:.1%}" for score in row)]
        for name, count, *row in zip(result["classes"], examples, *scores, strict=True)
    ]
    means = (f"{sum(score) / len(score):.1%}" for score in scores)
    headings = ["class", "examples", "precision", "recall = accuracy", "F1"]
    return [headings, *rows, ["macro mean", f"{sum(examples):,}", *means]]


def figure(measure: str, value: float | None) -> str:
    """An accuracy as a percentage, other measures with four decimals; a dash for what is not known or not finite."""
    if value is None or value != value or abs(value) == float("inf"):
        return "-"
    return f"{value:.2%}" if measure == "accuracy" else f"{value:.4f}"


def show_runs(console: Console, runs: "Sequence[RunRow]") -> None:
    """Saved runs, the newest last."""
    if not runs:
        console.print("No runs yet. gradlab run a2-setting1 makes one.")
        return
    if console.width < ROOM_FOR_RUNS:
        for run in runs:
            accuracy, reported = figure("accuracy", run["accuracy"]), figure("accuracy", run["reported"])
            console.print(run["name"], style="bold", soft_wrap=True, highlight=False)
            console.print(f"  {run['state']}, {run['data']}, {run['updates']:,} updates", highlight=False)
            console.print(f"  {accuracy} {run['judge']} accuracy, reported {reported}", highlight=False)
            if noted := noted_of(run["note"], run["tags"]):
                console.print(f"  {noted}", style="italic", highlight=False)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0)
    for heading in ("run", "state", "data", "updates", "result", "report"):
        table.add_column(heading, no_wrap=True)
    for run in runs:
        noted = noted_of(run["note"], run["tags"])
        table.add_row(
            Text.assemble(run["name"], *([("\n  " + noted, "italic")] if noted else [])),
            run["state"],
            run["data"],
            f"{run['updates']:,}",
            figure("accuracy", run["accuracy"]) + ("*" if run["judge"] != "test" else ""),
            figure("accuracy", run["reported"]),
        )
    console.print(table)
    if any(run["judge"] != "test" for run in runs):
        console.print("* on the validation set: these data have no test set", style="italic", highlight=False)
