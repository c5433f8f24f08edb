"""The Textual app: app.py, a Screen class for each mode in screens/, widgets/, styles/. It shows and steers. All facts
and actions are in lab, presets and core, where the commands use them too. Only lab/app imports this package.

A mode is an entry in modes.py (key, title, help) and a class `<Name>Screen(ModeScreen)` in screens/<name>.py. The class
yields its widgets in `compose_mode()`, gives its bindings ids and tooltips (footer, help and command palette are made
from them), and brings its styles in styles/<name>.tcss (`CSS_PATH`).

A thread touches no widget. It leaves its latest news in one attribute (an immutable Snapshot, a list it only appends
to), and the mode reads it in `tick()`, which is called four times a second (settings.refresh_rate) while the mode is
to be seen, and redraws what has changed. Short work in a thread: `self.run_worker(work, thread=True,
exit_on_error=False)` and `on_worker_state_changed`.

The first screen is painted before NumPy is loaded: app.py and screens/presets.py import what needs it where it is used,
and what takes its time waits for `app.painted`.

A person is told by `self.tell("saved as mine.toml")`, and of what went wrong by `self.refuse(error)`: the same one line
as on the command line. Colours and markers of series come from theme.py, never from a mode.
"""

import os

os.environ.setdefault("TEXTUAL_FPS", "120")  # a key may wait for two of Textual's frames until it shows: 17 ms, not 33
