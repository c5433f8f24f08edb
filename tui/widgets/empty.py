"""A place where there is nothing yet: what it will show, what to press, and an example in muted colours."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget

from lab.drawing.figure import Curve, Figure, Range
from tui.widgets.plot import SeriesPlot
from tui.widgets.text import FittedText, Text

Example = Figure | str
XS = range(0, 1001, 20)  # of the examples below, which are nobody's runs


def _curve(name: str, style: int, start: float, end: float) -> Curve:
    return Curve(tuple((float(x), end + (start - end) * 0.5 ** (x / 120)) for x in XS), style, name)


def _batches(x: int) -> Range:
    middle, width = 1.1 + 2.2 * 0.5 ** (x / 120), 0.2 + x % 60 / 200
    return (float(x), middle - width, middle + width)


LEARNING = Figure(
    "loss", (_curve("train", 0, 3.3, 1.1), _curve("validation", 1, 3.3, 1.5)), (0, 1000),
    band=tuple(map(_batches, XS)), x_title="update",
)  # fmt: skip
ACCURACY = Figure(
    "accuracy", (_curve("train", 0, 0.1, 0.62), _curve("validation", 1, 0.1, 0.48)), (0, 1000), percent=True,
    x_title="update",
)  # fmt: skip
ETA = Figure(
    "eta", (Curve(((0.0, 0.0), (250.0, 0.1), (500.0, 0.0), (750.0, 0.1), (1000.0, 0.0)), 2, "eta"),), (0, 1000),
    x_title="update",
)  # fmt: skip


class Empty(Vertical):
    """what: a sentence or two; keys: pairs of a key and what it does, as in ("r", "starts a run"); rows: examples side
    by side, a Figure or text such as the lines of a table, that show what it could look like. They are called examples
    and drawn muted, so that nobody takes them for results. Where it is low, nothing follows the first
    row with a figure."""

    def __init__(
        self, what: str, keys: Sequence[tuple[str, str]], *rows: Sequence[Example], id: str | None = None
    ) -> None:
        super().__init__(id=id, classes="empty")
        self._what, self._keys, self._rows = what, keys, rows

    def compose(self) -> ComposeResult:
        words = FittedText(classes="empty-words")
        words.fit(self._words)
        yield words
        drawn = False
        for row in self._rows:
            figures = any(isinstance(example, Figure) for example in row)
            with Horizontal(classes=f"examples {'-figures' if figures else ''} {'-more' if drawn else ''}"):
                for place, example in enumerate(row):
                    yield self._example(example, "-beside" if place else "")
            drawn = drawn or figures

    def _words(self, width: int) -> Content:
        """What it is, and the keys: in one line if they have room, or else below one another."""
        longest = max((len(key) for key, _ in self._keys), default=0)
        line = Content("     ").join(_key(key, does) for key, does in self._keys)
        below = Content("\n").join(_key(key.rjust(longest), does) for key, does in self._keys)
        return Content("\n\n").join([Content(self._what), line if line.cell_length <= width else below])

    @staticmethod
    def _example(example: Example, classes: str) -> Widget:
        if isinstance(example, Figure):
            plot = SeriesPlot(example=True)
            plot.add_class(*classes.split())
            plot.show(example)
            return plot
        text = Text(classes=f"panel empty-example {classes}")
        text.border_title = "example"
        text.show(muted(Content(example)))
        return text


def muted(content: Content) -> Content:
    """In one weak colour, as examples are."""
    return Content.styled(content.plain, "$foreground-disabled")


def _key(key: str, does: str) -> Content:
    return Content.assemble((key, "bold $footer-key-foreground"), f"  {does}")
