"""What `gradlab bench` prints."""

from rich import box
from rich.console import Console
from rich.table import Table

from lab.bench.bench import Rates
from lab.bench.efficiency import Efficiency


def show_rates(console: Console, document: Rates) -> None:
    """Updates per second of every preset, a column for each number of threads."""
    counts = list(document["presets"][0]["updates_per_second"])
    headings = [f"{n} thread" if n == "1" else f"{n} threads" for n in counts]
    table = _table("preset", "batch", "parameters", *headings)
    for row in document["presets"]:
        rates = (f"{row['updates_per_second'][n]:,.0f}/s" for n in counts)
        table.add_row(row["preset"], str(row["batch"]), f"{row['parameters']:,}", *rates)
    console.print(table)
    console.print(
        f"updates per second without evaluations, on embedded data · {document['cores']} cores", highlight=False
    )


def show_experiment(console: Console, document: Efficiency) -> None:
    """The methods beside the report's times, and whether their gradients agree."""
    table = _table("gradients by", "here", "× Gradlab", "reported", "difference")
    for method in document["methods"]:
        reported = method["reported_seconds"]
        table.add_row(
            method["description"],
            f"{method['seconds']:.3g} s",
            f"{method['times_gradlab']:,.0f}",
            "-" if reported is None else f"{reported:g} s",
            f"{method['largest_difference']:.0e}",
        )
    console.print(table)
    console.print(
        f"{document['updates']} updates of {document['preset']}, batches of {document['batch']}, one thread, float64 · "
        f"{document['data']}",
        highlight=False,
        soft_wrap=True,
    )
    same, tolerance = document["same_gradient"], document["tolerance"]
    verdict = f"The first and the last gradient {'agree to' if same else 'DIFFER by more than'} {tolerance:.0e}"
    console.print(
        f"{verdict} of their largest element", highlight=False, soft_wrap=True, style="none" if same else "red"
    )


def _table(first: str, *headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
