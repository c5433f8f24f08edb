"""Modes in which code of the user's can be chosen: a file, and then which part of it."""

import threading
from collections.abc import Sequence
from pathlib import Path

from textual_fspicker import FileOpen

from lab.check.targets import FILE
from lab.check.trained import recognised_in
from lab.errors import LabError
from tui.screens.base import ModeScreen
from tui.screens.dialogues import CODE, AskScreen


class CodeScreen(ModeScreen):
    """A mode whose action `code` asks for a file. Subclasses override take_code()."""

    def take_code(self, target: str) -> None:
        """FILE:NAME was chosen."""
        raise NotImplementedError

    def action_code(self) -> None:
        """Ask for a file, and then which part of it."""
        self.app.push_screen(FileOpen(".", filters=CODE), self._file_chosen)

    def _file_chosen(self, path: Path | None) -> None:
        if path is not None:
            near = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
            # the file may take its time to load: nobody who leaves the app waits for it
            threading.Thread(target=self._look_into, args=[near], name="gradlab-names", daemon=True).start()

    def _look_into(self, file: Path) -> None:
        try:
            names = recognised_in(file)
        except LabError as error:
            self.app.call_from_thread(self.refuse, error)
        else:
            self.app.call_from_thread(self._choose, file, names)

    def _choose(self, file: Path, names: Sequence[str]) -> None:
        if len(names) == 1:
            self.take_code(f"{file}:{names[0]}")
            return
        note = f"Recognised in {file.name}: {', '.join(names) or 'nothing'}"
        text = f"{file}:{names[0] if names else ''}"
        self.app.push_screen(AskScreen("Your code", note, text, code_of), self._code_chosen)

    def _code_chosen(self, target: str | None) -> None:
        if target is not None:
            self.take_code(target)


def code_of(text: str) -> tuple[Path, str]:
    """The file and the name of FILE:NAME. Raises ValueError."""
    code = FILE.fullmatch(text)
    if code is None:
        raise ValueError("a file and a name in it, such as mine.py:Network")
    return Path(code["path"]), code["name"]
