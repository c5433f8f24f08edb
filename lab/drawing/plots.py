"""Figures on the command line: a heading and a plot each, side by side where there is room."""

from collections.abc import Sequence
from itertools import zip_longest

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.text import Text

from lab.drawing.draw import draw
from lab.drawing.figure import Figure
from lab.drawing.heading import foot, heading
from lab.drawing.look import Look

SIDE_BY_SIDE = 100  # columns
GAP = 2


class Plots:
    """Something that Rich can print. height: lines of a plot; widest: columns of them all."""

    def __init__(self, figures: Sequence[Figure], height: int = 14, widest: int = 160) -> None:
        self.figures, self.height, self.widest = figures, height, widest

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room, many = min(options.max_width, self.widest), len(self.figures)
        if room < SIDE_BY_SIDE:
            rows = [[figure] for figure in self.figures]
        else:
            rows, room = [list(self.figures)], (room - GAP * (many - 1)) // max(many, 1)
        look = Look(ascii=options.ascii_only)
        for row in rows:
            columns = [_column(figure, room, self.height, look, console) for figure in row]
            for lines in zip_longest(*columns, fillvalue=[]):  # not all have a note below
                for k, line in enumerate(lines):
                    last = k == len(lines) - 1
                    yield from line if last else Segment.adjust_line_length(line, room + GAP)
                yield Segment.line()


def _column(figure: Figure, width: int, height: int, look: Look, console: Console) -> list[list[Segment]]:
    """The heading, the plot and the note of a figure, a list of segments for each line."""
    head = Text.assemble(*heading(figure, look, width), no_wrap=True, overflow="ellipsis")
    below = foot(figure, look)
    texts = [head, *([Text(below, style="dim", no_wrap=True, overflow="ellipsis")] if below else [])]
    above, *after = [console.render_lines(text, console.options.update(width=width), pad=False)[0] for text in texts]
    return [above, *draw(figure, width, height, look), *after]
