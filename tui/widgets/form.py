"""The form of a preset, made from presets/schema.py: a row for every setting, checked at every key stroke."""

from asyncio import Event, Lock, timeout
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args, get_origin

import tomlkit
from pydantic.fields import FieldInfo
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Label, Select

from lab import command_lines
from presets.errors import PresetError
from presets.keys import NOT_SETTINGS, section_models
from presets.load import LENGTHS, load
from presets.schema import Preset
from presets.usable import usable
from tui.widgets.choice import Choice
from tui.widgets.field_help import FieldHelp
from tui.widgets.panel import Panel, entitle
from tui.widgets.text import Text


@dataclass(frozen=True)
class SettingRow:
    """A row: the dotted key, what the schema says of it, its choices (none: free text), its text in the preset.

    empty: what it means that nothing stands there.
    """

    key: str
    title: str
    help: str
    unit: str
    choices: tuple[str, ...]
    text: str
    empty: str = ""

    @property
    def id(self) -> str:
        """The id of its widget."""
        return self.key.replace(".", "-")


BOUNDS = {"gt": "greater than", "ge": "at least", "lt": "less than", "le": "at most"}
PATIENCE = 5.0  # seconds in which the rows come, also on a slow machine
IDLE = "f edits the settings, a shows all of them, u resets them."
DATA = SettingRow(
    "data",
    "data",
    "auto: the full set if present, otherwise the embedded part.",
    "",
    ("auto", "mini", "full"),
    "auto",
)


SECTIONS = ("network", "optimiser", "schedule", "loss", "training", "data", "run")  # as one thinks of a run


def settings_of(preset: Preset, kinds: dict[str, str]) -> dict[str, list[SettingRow]]:
    """The rows of every section, with `kinds` (section -> kind of optimiser, schedule) instead of the preset's own."""
    sections: dict[str, list[SettingRow]] = {}
    for section, field in Preset.model_fields.items():
        if section in NOT_SETTINGS or section == "search":  # a search is no training
            continue
        value, models = getattr(preset, section), section_models(section)
        if not models:
            sections.setdefault("run", []).append(_setting(section, field, value))
            continue
        if value is None:
            continue
        rows = sections.setdefault(section, [])
        if "kind" in models[0].model_fields:
            every = tuple(str(get_args(model.model_fields["kind"].annotation)[0]) for model in models)
            rows.append(SettingRow(f"{section}.kind", "kind", "", "", every, value.kind))
            models = section_models(section, kinds.get(section, value.kind))
        for name, inner in models[0].model_fields.items():
            if name != "kind":
                default = None if inner.is_required() else inner.get_default()
                rows.append(_setting(f"{section}.{inner.alias or name}", inner, getattr(value, name, default)))
    return {section: sections[section] for section in SECTIONS if section in sections}


def _setting(key: str, field: FieldInfo, value: Any) -> SettingRow:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    choices: tuple[str, ...] = ()
    if field.annotation is bool:
        choices = ("false", "true")
    elif get_origin(field.annotation) is Literal:
        choices = tuple(map(str, get_args(field.annotation)))
    title, unit, empty = field.title or key, str(extra.get("unit", "")), str(extra.get("empty", ""))
    help = field.description or ""
    told = " ".join(filter(None, [help, bounds(field), f"In {unit}." if unit and unit not in help.lower() else ""]))
    return SettingRow(key, title, told, unit, choices, text_of(value), empty)


def bounds(field: FieldInfo) -> str:
    """What a number may be, in words: "At least 0, less than 1."."""
    limits = {name: getattr(limit, name) for limit in field.metadata for name in BOUNDS if hasattr(limit, name)}
    for inner in get_args(field.annotation):  # of what may also be left out
        for limit in getattr(inner, "__metadata__", ()):
            limits |= {name: getattr(limit, name) for name in BOUNDS if hasattr(limit, name)}
    told = ", ".join(f"{BOUNDS[name]} {limits[name]:,g}" for name in BOUNDS if name in limits)
    return f"{told[0].upper()}{told[1:]}." if told else ""


def text_of(value: Any) -> str:
    """A value as `-s key=value` takes it: nothing for none, lists without their brackets, the rest as in TOML."""
    if value is None or value == []:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        items = [text_of(item) if isinstance(item, int) else _inline(item) for item in value]
        return ", ".join(items)
    return str(tomlkit.item(value).as_string())


def _inline(model: Any) -> str:
    pairs = model.model_dump(exclude_defaults=True).items()
    return "{" + ", ".join(f"{name} = {tomlkit.item(value).as_string()}" for name, value in pairs) + "}"


class Toggle(Checkbox):
    """Yes or no, also in words, because only the colour tells a cross from no cross."""

    def __init__(self, value: bool, id: str) -> None:
        super().__init__("yes" if value else "no", value, compact=True, id=id)

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Letters and digits are no commands here: y is yes, n is no."""
        return character is not None and character.isalnum()

    def on_key(self, event: events.Key) -> None:
        """Take letters and digits."""
        if self.check_consume_key(event.key, event.character):
            event.stop()
            self.value = {"y": True, "n": False}.get(event.character or "", self.value)

    def watch_value(self) -> None:
        """Say it."""
        super().watch_value()
        self.label = "yes" if self.value else "no"

    def render(self) -> Content:
        """The cross where there is one."""
        self.BUTTON_INNER = "X" if self.value else " "
        return super().render()


class FormChoice(Choice[str], inherit_bindings=False):
    """One of several. Arrows are the form's: only enter and space open the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "show_overlay", "Choose", show=False, id="form.choose", tooltip="Open the list."),
    ]


class Fields(VerticalScroll, can_focus=False, inherit_bindings=False):
    """The rows. Arrows are the form's: from field to field, which scrolls as far as it must."""


class PresetForm(Panel):
    """A preset to be edited. `preset` is what the form says, or None while that is refused; `changes` are its
    'key=value's against the preset opened."""

    class Changed(Message):
        """Something was typed or chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "app.focus_previous", "Field above", show=False, id="form.up", tooltip="The field above."),
        Binding("down", "app.focus_next", "Field below", show=False, id="form.down", tooltip="The field below."),
        Binding("f1", "explain", "Explain", id="form.explain",
                tooltip="What this setting does, and what other values do; again: the keys."),
        Binding("question_mark", "explain", "Explain", show=False, key_display="?", id="form.explain_choice",
                tooltip="What this setting does, where ? is no text."),
    ]  # fmt: skip

    def __init__(self, name: str, changes: list[str] | None = None, id: str | None = None) -> None:
        super().__init__("settings", id=id)
        self.source = name
        self.opened = load(name)
        self.preset: Preset | None = self.opened
        self.changes: list[str] = []
        self.message = ""  # why there is no preset
        self._kinds: dict[str, str] = {}
        self._settings: dict[str, SettingRow] = {}
        self._start_with = changes or []
        self._variant = "auto"
        self._all = False  # is what cannot matter shown, too?
        self.ready = False  # are the rows there?
        self._filled = Event()  # set while they are
        self._filling = Lock()  # another preset may be opened while they come

    # Building

    def compose(self) -> ComposeResult:
        yield Fields(id="fields")
        yield Text(id="form-message")
        yield FieldHelp(IDLE, id="form-help")
        yield Text(id="form-command")

    async def _fill(self) -> None:
        """A row for every setting, instead of those that are there."""
        async with self._filling:
            self.ready = False
            self._filled.clear()
            self._settings.clear()
            rows, fields = self._rows(), self.query_one("#fields", Fields)
            await fields.remove_children()
            await fields.mount(*rows)
            self.ready = True
            self._filled.set()
        self._check()

    def _rows(self) -> list[Widget]:
        """A row for every setting, below the titles of their sections."""
        shown = load(self.source, self._start_with)
        self._kinds = {"optimiser": shown.optimiser.kind, "schedule": shown.schedule.kind}
        texts = {s.key: s.text for settings in settings_of(shown, self._kinds).values() for s in settings}
        rows: list[Widget] = []
        for section, settings in settings_of(self.opened, self._kinds).items():
            fields = [self._row(setting, texts.get(setting.key, setting.text)) for setting in settings]
            if section == DATA.key:
                fields.insert(0, self._row(DATA, self._variant))
            rows.append(Vertical(Label(section, classes="section-title"), *fields, id=f"section-{section}"))
        return rows

    def _row(self, setting: SettingRow, text: str) -> Horizontal:
        self._settings[setting.key] = setting
        control: Widget
        if setting.choices == ("false", "true"):
            control = Toggle(text == "true", setting.id)
        elif setting.choices:
            control = FormChoice(
                [(c, c) for c in setting.choices], value=text, allow_blank=False, compact=True, id=setting.id
            )
        else:
            control = Input(text, setting.empty, compact=True, id=setting.id)
        control.tooltip = f"{setting.key}: {setting.help}"
        title = Text(classes="title")
        title.show(f"  {setting.title}")
        unit = [Label(setting.unit, classes="unit")] if setting.unit else []
        return Horizontal(title, control, *unit, classes="row")

    def on_mount(self) -> None:
        """Say what there is; the rows, which take longest to come up, follow the first paint."""
        self._check()
        self.call_after_refresh(self._fill)

    async def field(self, key: str = "") -> Widget | None:
        """The field of a setting, or the first one that is shown; waits for the rows while they come."""
        with suppress(TimeoutError):
            async with timeout(PATIENCE):
                await self._filled.wait()
        shown = [control for control in self.query(Input) if control.parent and control.parent.display]
        named = [control for control in shown if self.ready and key and control.id == self._settings[key].id]
        return next(iter(named or shown), None)

    # What the form says

    @property
    def variant(self) -> str:
        """Which data: 'auto', 'mini' or 'full'."""
        return str(self.query_one("#data", Select).value) if self.ready else self._variant

    @property
    def command(self) -> str:
        """The command line that does the same."""
        return command_lines.run(self.source, self.changes, self.variant)

    def text(self, key: str) -> str:
        """What stands in the field of a key."""
        control = self.query_one(f"#{self._settings[key].id}")
        if isinstance(control, Checkbox):
            return "true" if control.value else "false"
        return str(control.value) if isinstance(control, Select) else self._input_text(control)

    @staticmethod
    def _input_text(control: Widget) -> str:
        assert isinstance(control, Input)
        return control.value.strip()

    def _changed_keys(self) -> list[str]:
        keys = [key for key, setting in self._settings.items() if key != "data" and self.text(key) != setting.text]
        lengths = [key for key in keys if key.removeprefix("training.") in LENGTHS]
        if any(self.text(key) for key in lengths):  # a length that is given takes the others away
            keys = [key for key in keys if key not in lengths or self.text(key)]
        return sorted(keys, key=lambda key: not key.endswith(".kind"))  # stable: kinds first, the rest in its order

    def _check(self) -> None:
        """Load the preset as changed, and show what comes of it."""
        if not self.is_attached or (self._settings and not self.ready):
            return  # the app is being left, or rows are on their way
        keys = self._changed_keys()
        self.changes = [f"{key}={self.text(key)}" for key in keys] if self.ready else self._start_with
        wrong: frozenset[str] = frozenset()
        self.message = ""
        try:
            self.preset = load(self.source, self.changes)
        except PresetError as error:
            self.preset, wrong = None, error.keys
            self.message = str(error).partition(": ")[2] or str(error)
        texts = {key: self.text(key) for key in self._settings}
        for key, setting in self._settings.items():
            row = self.query_one(f"#{setting.id}").parent
            assert row is not None
            bad = any(k == key or k.startswith(f"{key}.") for k in wrong)
            row.set_class(bad, "-wrong")
            row.display = self._all or bad or key in keys or usable(key, texts)
            if row.has_class("-changed") != (key in keys):
                row.toggle_class("-changed")
                row.query_one(".title", Text).show(f"{'•' if key in keys else ' '} {setting.title}")
        hidden = sum(not row.display for row in self.query(".row"))
        entitle(self, "settings", self.opened.name, f"a: {hidden} more" if hidden else "")
        self.query_one("#form-message").display = bool(self.message)
        self.query_one("#form-message", Text).show(self.message)
        self.query_one("#form-command", Text).show(self.command)
        self.post_message(self.Changed())

    # What the user does

    def show_all(self) -> None:
        """Show also what cannot matter, or no longer."""
        self._all = not self._all
        self._check()

    @on(events.DescendantFocus)
    @on(events.DescendantBlur)
    def _mark_focus(self) -> None:
        """Mark the row that has the focus: a class, because `:focus-within` reaches its title late or never."""
        for row in self.query(".row"):
            row.set_class(self.screen.focused in row.children, "-focused")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        length = (event.input.id or "").removeprefix("training-")
        if length in LENGTHS and event.value and event.input.has_focus:
            with self.prevent(Input.Changed):
                for other in LENGTHS:
                    if other != length:
                        self.query_one(f"#training-{other}", Input).value = ""
        self._check()

    @on(Checkbox.Changed)
    def _switched(self) -> None:
        self._check()

    @on(Select.Changed)
    async def _chosen(self, event: Select.Changed) -> None:
        if not self.ready or not event.select.is_attached:
            return  # of a preset that was shown before
        section, _, kind = (event.select.id or "").partition("-")
        if kind == "kind" and self._kinds.get(section) != event.value:
            await self._change_kind(section, str(event.value))
        self._check()

    @on(Input.Submitted)
    def _next_field(self) -> None:
        self.screen.focus_next()

    async def _change_kind(self, section: str, kind: str) -> None:
        """Another kind has other settings: replace the rows below it."""
        async with self._filling:
            self._kinds[section] = kind
            box = self.query_one(f"#section-{section}", Vertical)
            texts = {key: self.text(key) for key in self._settings if key.startswith(f"{section}.")}
            self.ready = False
            for key in texts:
                if not key.endswith(".kind"):
                    del self._settings[key]
            await box.remove_children(list(box.query(".row"))[1:])
            rows = [s for s in settings_of(self.opened, self._kinds)[section] if not s.key.endswith(".kind")]
            await box.mount(*(self._row(setting, texts.get(setting.key, setting.text)) for setting in rows))
            self.ready = True

    async def action_explain(self) -> None:
        """Say what the setting with the focus does."""
        field = self.screen.focused
        key = next((key for key, setting in self._settings.items() if field and setting.id == field.id), DATA.key)
        if key == DATA.key:  # which data are there is no setting of a preset
            await self.app.run_action("help")
            return
        from lab.explain.explain import explain
        from tui.screens.explain import ExplainScreen

        self.app.push_screen(ExplainScreen(explain(self.source, key)))

    async def open(self, name: str, changes: list[str] | None = None) -> None:
        """Show another preset, or this one with other changes. Raises PresetError."""
        load(name, changes or [])  # refused before anything is replaced
        self._variant = self.variant
        self.source, self.opened, self._start_with = name, load(name), changes or []
        if self._settings:
            await self._fill()
        else:
            self._check()
