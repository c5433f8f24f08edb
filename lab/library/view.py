"""Presets and data sets in the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from lab.command_lines import fetch
from lab.runs.view import figure

if TYPE_CHECKING:
    from data.catalogue import Entry
    from presets.schema import NetworkSection, Preset


def show_presets(console: Console, presets: "Sequence[Preset]") -> None:
    """All presets with the network they train and the test accuracy they reproduce."""
    table = Table("preset", "what", "network", "test accuracy reported", box=box.SIMPLE_HEAD)
    for preset in presets:
        reported = preset.reference.reported if preset.reference else {}
        accuracy = figure("accuracy", reported.get("test.accuracy"))
        table.add_row(preset.name, preset.title, network_line(preset.network), accuracy)
    console.print(table)
    console.print("gradlab run NAME trains one; gradlab presets NAME shows its settings.", highlight=False)


def network_line(network: "NetworkSection") -> str:
    """The layers between input and classes in a few words: 'conv 16@5 32@3, 50-50 BN' is two convolutions, 16 filters
    of size 5 and 32 of size 3, and two hidden layers with batch normalisation. '3 x conv 96@2' is three such
    networks side by side."""
    convolutions = [f"{c.filters}@{str(c.size).strip('[]').replace(' ', '')}" for c in network.convolutions]
    parts = [" ".join(["conv", *convolutions])] if convolutions else []
    if network.members > 1:
        parts = [f"{network.members} x {part}" for part in parts]
    if network.hidden:
        parts.append("-".join(map(str, network.hidden)) + (" BN" if network.batch_norm else ""))
    return ", ".join(parts) or "one layer"


def show_data(console: Console, entries: "Sequence[Entry]") -> None:
    """The data sets: what is embedded, what is there in full, and from whom they come."""
    for entry in entries:
        counts = ", ".join(f"{count:,} {part}" for part, count in entry.embedded.items())
        full: str = entry.full
        if not entry.download_size:
            full = "the same: all of it is embedded"
        elif full == "present":
            full += f", {decimal(entry.full_size)} in {entry.place}"
        else:
            full += f"; {fetch(entry.name)} downloads {decimal(entry.download_size)}"
        console.print(Text.assemble((entry.title, "bold"), f" ({entry.name})"))
        console.print(f"  embedded  {counts} ({decimal(entry.embedded_size)})", highlight=False)
        console.print(f"  full      {full}", highlight=False, soft_wrap=True)
        if entry.near:
            console.print(f"  near      {entry.near}", highlight=False, soft_wrap=True)
        console.print(f"  source    {entry.source}", highlight=False, soft_wrap=True)
        console.print(f"  licence   {entry.licence}", highlight=False, soft_wrap=True)
