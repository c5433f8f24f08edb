"""The learning-rate range test of a preset, drawn while it goes."""

import threading
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from lab.search.lr_range import RULE, SOURCE, LrRange, begin, of_code, of_preset, train_with
from lab.search.lr_range_view import in_words, range_figure
from presets.schema import Preset
from tui.screens.code import code_of
from tui.widgets.plot import SeriesPlot
from tui.widgets.progress import progress
from tui.widgets.text import Text

if TYPE_CHECKING:
    from tui.app import GradlabApp

SECONDS = 0.25  # between two drawings


class LrRangeScreen(ModalScreen[list[str] | None]):
    """Its result: the changes that train between the bounds, if the user wants to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close", id="lr_range.close", tooltip="End the test and close it."),
        Binding("t", "train", "Train", id="lr_range.train", tooltip="Open Train with the suggested values."),
    ]

    def __init__(self, preset: Preset, variant: str, target: str | None = None) -> None:
        """target: FILE:NAME of code of the user's that is tested in the place of the preset's network."""
        super().__init__()
        self._preset, self._target = preset, target
        make = of_preset if target is None else partial(of_code, *code_of(target))
        self._begin = partial(begin, preset, variant, make=make)
        self._test: LrRange | None = None
        self._error = ""
        self._ended = self._left = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue range-dialogue") as dialogue:
            dialogue.border_title = f"Learning-rate range test of {self._target or self._preset.name}"
            dialogue.border_subtitle = "t trains with it · esc closes"
            yield SeriesPlot(id="range-plot")
            yield Text(id="range-words")

    def on_mount(self) -> None:
        """Start."""
        lab = cast("GradlabApp", self.app)
        work = partial(self._work, lab.compute, lab.threads)
        threading.Thread(target=work, name="gradlab-range", daemon=True).start()
        self.set_interval(SECONDS, self._draw)

    def on_unmount(self) -> None:
        """Nobody watches any more."""
        self._left = True
        if self._test:
            self._test.stop()

    def _work(self, compute: threading.Lock, cores: int) -> None:
        try:
            with compute:
                test = self._begin()
                if not self._left:
                    self._test = test
                    test.run(cores)
        except Exception as error:  # whatever it is, the app lives on and says it
            self._error = " ".join(str(error).split())
        self._ended = True

    def _draw(self) -> None:
        words = self.query_one("#range-words", Text)
        if self._error:
            words.show(Content.styled(self._error, "$text-error"))
        elif self._test is None:
            words.show("loading data")
        else:
            test, ended = self._test, self._ended
            self.query_one("#range-plot", SeriesPlot).show(range_figure(test))
            said = Content.assemble((in_words(test), "bold")) if ended else progress(len(test.etas) / test.updates)
            rule = Content.styled(f"{RULE}. The test is that of {SOURCE}.", "$foreground-muted")
            words.show(Content("\n").join([said, rule]))

    def action_train(self) -> None:
        """Take the suggested values."""
        if self._ended and self._test and self._test.bounds:
            self.dismiss(train_with(self._preset, *self._test.bounds))
