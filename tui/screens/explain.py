"""What a setting does: words, what the reports saw, and curves of recorded runs."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from lab.explain.explain import ExplainDocument, effect_figures, outcomes
from tui.widgets.plot import SeriesPlot
from tui.widgets.text import Text


class ExplainScreen(ModalScreen[None]):
    """Lies over the form; the same key again shows the keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Close", id="explain.close", tooltip="Back to the settings."),
        Binding("question_mark,f1", "keys", "Keys", id="explain.keys", tooltip="The keys and what they do."),
    ]

    def __init__(self, document: ExplainDocument) -> None:
        super().__init__()
        self._document = document

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue explain-dialogue") as dialogue:
            dialogue.border_title = self._document["key"]
            dialogue.border_subtitle = "esc closes · ? shows the keys"
            with VerticalScroll():
                yield Text(id="explain-words")
            if self._document["curves"]:
                with Horizontal(id="explain-plots"):
                    yield SeriesPlot(id="explain-loss")
                    yield SeriesPlot(id="explain-accuracy")

    def on_mount(self) -> None:
        """Fill in what there is."""
        document = self._document
        self.query_one("#explain-words", Text).show(_words(document))
        for plot, figure in zip(self.query(SeriesPlot), effect_figures(document), strict=True):
            plot.show(figure)

    async def action_keys(self) -> None:
        """Help, as it is shown elsewhere."""
        await self.dismiss()
        await self.app.run_action("help")


def _words(document: ExplainDocument) -> Content:
    unit = f" {document['unit']}" if document["unit"] else ""
    lines = [Content.styled(f"{document['preset']} has {document['value']}{unit}", "$foreground-muted")]
    lines += [Content(text) for text in (document["help"], document["text"]) if text]
    if document["reported"]:
        lines += [Content(""), Content.styled("what the reports saw", "bold"), *map(Content, document["reported"])]
    if document["curves"]:
        what = Content.assemble(("other values", "bold"), f" ({document['recorded_with']})")
        lines += [Content(""), what, *map(Content, outcomes(document))]
    return Content("\n").join(lines)
