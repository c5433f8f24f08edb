"""An explanation in the terminal."""

from rich.console import Console
from rich.text import Text

from lab.drawing.plots import Plots
from lab.explain.explain import ExplainDocument, effect_figures, outcomes

HEIGHT = 10  # lines of a plot


def show_explanation(console: Console, document: ExplainDocument) -> None:
    """Words, curves, and what the curves ended with."""
    unit = f" {document['unit']}" if document["unit"] else ""
    console.print(
        Text.assemble((document["key"], "bold"), f"  {document['preset']} has {document['value']}{unit}"),
        highlight=False,
    )
    for text in (document["help"], document["text"]):
        if text:
            console.print(text, highlight=False)
    if document["reported"]:
        console.print("\nWhat the reports saw", style="bold")
        for sentence in document["reported"]:
            console.print(sentence, highlight=False)
    if document["curves"]:
        console.print(f"\nWhat other values do ({document['recorded_with']})", style="bold", highlight=False)
        console.print(Plots(effect_figures(document), HEIGHT))
        for sentence in outcomes(document):
            console.print(sentence, highlight=False)
