"""A plot: a figure in a frame, its values in the frame's title, drawn again only when its content changes."""

from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from lab.drawing.draw import draw, x_at
from lab.drawing.figure import Figure, value
from lab.drawing.heading import foot, heading
from lab.drawing.look import Look

if TYPE_CHECKING:
    from tui.app import GradlabApp

LEAST = 1 / 32  # of the x axis, that is dragged over
FRAME = 4  # cells of the line on top that are not for the title


class SeriesPlot(Widget, can_focus=True):
    """Draws a Figure. Its values can be read with the mouse and, when it has the focus, with the arrows. What is
    dragged over fills the plot."""

    ALLOW_SELECT = False  # to drag over a plot is to zoom

    class Pointed(Message):
        """The user points at an x, or at none any more."""

        def __init__(self, plot: "SeriesPlot", x: float | None) -> None:
            super().__init__()
            self.plot, self.x = plot, x

        @property
        def control(self) -> "SeriesPlot":
            return self.plot

    class Zoomed(Message):
        """The user wants to see more (factor below 1) or less of what is around an x; None: around the middle."""

        def __init__(self, plot: "SeriesPlot", factor: float, x: float | None) -> None:
            super().__init__()
            self.plot, self.factor, self.x = plot, factor, x

        @property
        def control(self) -> "SeriesPlot":
            return self.plot

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "point(-1)", "Value left", show=False, id="plot.left", tooltip="Read the values further left."),
        Binding("right", "point(1)", "Value right", show=False, id="plot.right",
                tooltip="Read the values further right."),
        Binding("home", "point_at(0)", "First value", show=False, id="plot.first", tooltip="Read the first values."),
        Binding("end", "point_at(-1)", "Last value", show=False, id="plot.last", tooltip="Read the last values."),
        Binding("plus,equals_sign", "zoom(0.5)", "Zoom in", show=False, key_display="+", id="plot.zoom_in",
                tooltip="Half as much of the x axis; the wheel does it, too, and dragging sees a part."),
        Binding("minus", "zoom(2.0)", "Zoom out", show=False, key_display="-", id="plot.zoom_out",
                tooltip="Twice as much of the x axis."),
    ]  # fmt: skip

    def __init__(self, id: str | None = None, example: bool = False) -> None:
        """example: nothing real, so it is drawn muted and not to be read."""
        super().__init__(id=id, classes="panel")
        self.can_focus = not example
        self.figure = Figure()
        self._example = example
        self._pressed: float | None = None  # the x at which a button of the mouse went down
        self._drawn: object = None
        self._strips: list[Strip] = []

    def show(self, figure: Figure) -> None:
        """Show this figure from now on."""
        if figure != self.figure:
            self.figure = figure
            if self.is_attached:
                self.redraw()

    def redraw(self) -> None:
        """Draw again, in the colours as they are."""
        self._drawn = None
        self._entitle()
        self.refresh()

    def on_resize(self) -> None:
        """There may be room for other words."""
        self._entitle()

    @property
    def look(self) -> Look:
        """How the app draws; an example without colours."""
        look = cast("GradlabApp", self.app).look
        return look._replace(colours=(look.muted,)) if self._example else look

    def _entitle(self) -> None:
        width = max(self.size.width - FRAME, 1)
        before = "example  " if self._example else ""
        pieces = heading(self.figure, self.look, width - len(before), "$foreground-muted")
        if before:
            pieces = [(text, "$foreground-muted") for text in (before, *(text for text, _ in pieces))]
        self.border_title = Content.assemble(*pieces).truncate(width, ellipsis=True)
        self.border_subtitle = Content(foot(self.figure, self.look, width))

    def render_line(self, y: int) -> Strip:
        """A line of the plot, which is drawn when anything that it shows is another."""
        shown = (self.figure, self.size, self.look)
        if shown != self._drawn:
            self._drawn, style = shown, self.rich_style  # which takes long to put together
            lines = [Strip(line) for line in draw(self.figure, *self.size, self.look)]
            self._strips = [line.adjust_cell_length(self.size.width).apply_style(style) for line in lines]
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width, self.rich_style)

    def notify_style_update(self) -> None:
        """Draw again on what may be another ground."""
        self._drawn = None
        super().notify_style_update()

    # What the user does

    def _under(self, event: events.MouseEvent) -> float | None:
        column = event.get_content_offset_capture(self).x
        return x_at(self.figure, *self.size, self.look, column)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Read the values under the mouse."""
        if not self._example:
            self.post_message(self.Pointed(self, self._under(event)))

    def on_leave(self) -> None:
        """The last values again."""
        if not self._example:
            self.post_message(self.Pointed(self, None))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """What is dragged over begins here."""
        self._pressed = self._under(event)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """See what was dragged over."""
        pressed, released, self._pressed = self._pressed, self._under(event), None
        if self.figure.span is None or pressed is None or released is None:
            return
        (start, end), (low, high) = sorted((pressed, released)), self.figure.span
        factor = (end - start) / (high - low)
        if LEAST < factor < 1:  # and no click
            self.post_message(self.Zoomed(self, factor, (start - low * factor) / (1 - factor)))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """See more of what is under the mouse."""
        event.stop()
        self.post_message(self.Zoomed(self, 0.5, self._under(event)))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """See less of it."""
        event.stop()
        self.post_message(self.Zoomed(self, 2.0, self._under(event)))

    def action_zoom(self, factor: float) -> None:
        """Around the values that are read."""
        self.post_message(self.Zoomed(self, factor, self.figure.cursor))

    def action_point(self, by: int) -> None:
        """To the next point of the first curve, or the one before."""
        if not (xs := self._xs()):
            return
        now = self.figure.cursor
        if now is None:
            self.action_point_at(-1 if by < 0 else 0)
            return
        nearest = min(range(len(xs)), key=lambda k: abs(xs[k] - now))
        self.action_point_at(min(max(nearest + by, 0), len(xs) - 1))

    def action_point_at(self, place: int) -> None:
        """To a point of the first curve by its place among those in sight."""
        if xs := self._xs():
            self.post_message(self.Pointed(self, xs[place]))

    def _xs(self) -> list[float]:
        low, high = self.figure.span or (float("-inf"), float("inf"))
        curves = [curve for curve in self.figure.curves if value(curve, None)]
        return [x for x, _ in curves[0].points if low <= x <= high] if curves else []
