"""A place where there is nothing yet: what it will show, what to press, and an example in muted colours."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from lab.drawing.figure import Curve, Figure
from tui.widgets.plot import SeriesPlot
from tui.widgets.text import Text

LEARNING = Figure(
    "loss",
    tuple(
        Curve(tuple((float(x), least + fall * 0.5 ** (x / 120)) for x in range(0, 1001, 20)), style, name)
        for style, (name, least, fall) in enumerate([("train", 1.1, 2.2), ("validation", 1.5, 1.8)])
    ),
    (0, 1000),
    x_title="update",
)  # nobody's run


class Empty(Vertical):
    """what: a sentence or two; keys: pairs of a key and what it does, as in ("r", "starts a run"); example: a Figure,
    or text such as the lines of a table, that shows what it could look like. It is called an example and drawn muted,
    so that nobody takes it for a result."""

    def __init__(
        self, what: str, keys: Sequence[tuple[str, str]], example: Figure | str | None = None, id: str | None = None
    ) -> None:
        super().__init__(id=id, classes="empty")
        self._what, self._keys, self._example = what, keys, example

    def compose(self) -> ComposeResult:
        words = Text(classes="empty-words")
        width = max((len(key) for key, _ in self._keys), default=0)
        lines = [Content(self._what), Content("")]
        lines += [
            Content.assemble((key.rjust(width), "bold $footer-key-foreground"), f"  {does}") for key, does in self._keys
        ]
        words.show(Content("\n").join(lines))
        yield words
        if isinstance(self._example, Figure):
            yield SeriesPlot(example=True)
        elif self._example:
            text = Text(classes="panel empty-example")
            text.border_title = "example"
            text.show(Content.styled(self._example, "$foreground-disabled"))
            yield text

    def on_mount(self) -> None:
        """Draw the example."""
        if isinstance(self._example, Figure):
            self.query_one(SeriesPlot).show(self._example)
