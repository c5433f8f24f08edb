"""What the curves of a run show, in sentences: the most important first, each with one thing to try."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from lab.reading.finding import Finding
from tui.widgets.panel import Panel, entitle
from tui.widgets.text import Text

TITLE = "reading the curves"


class FindingsPanel(Panel):
    """What is wrong stands in bold; where there is no room for all of it, the panel scrolls."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(TITLE, id=id)

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Text()

    def show(self, findings: Sequence[Finding], of: str = "", otherwise: str = "") -> None:
        """Show these from now on. of: what they were read from, for the title; otherwise: what stands here if there
        are none."""
        entitle(self, TITLE, of)
        lines = [_line(finding) for finding in findings] or [Content.styled(otherwise, "$foreground-muted")]
        self.query_one(Text).show(Content("\n").join(lines))


def _line(finding: Finding) -> Content:
    sentence = (finding["sentence"], "bold" if finding["kind"] == "fault" else "")
    remedy = (f" {finding['try']}" if finding["try"] else "", "$text-accent")
    return Content.assemble(sentence, remedy)
