"""How far something is: one bar, with percent and the time left."""

from textual.content import Content

from tui.words import duration

LONGEST = 24  # cells
SHORT = 8  # where it is one of several things in a line


def progress(share: float, left: float | None = None, width: int = LONGEST, ascii_only: bool = False) -> Content:
    """A share of 0..1 as a bar with its percent; left: the seconds that remain, None where nobody knows.

    width: cells of the bar, at most LONGEST of them. What is done is heavy and what is not is light, also without
    colour. 100 % is said only when all is done.
    """
    share, width = min(max(share, 0.0), 1.0), max(min(width, LONGEST), 1)
    done = width if share == 1 else min(round(share * width), width - 1)
    heavy, light = ("=", "-") if ascii_only else ("━", "─")
    percent = 100 if share == 1 else min(int(100 * share), 99)
    colour = "$success" if share == 1 else "$primary"
    parts = [(heavy * done, colour), (light * (width - done), "$foreground 30%"), (f" {percent:>3}%", "")]
    if left is not None and share < 1:
        parts.append((f"  {duration(left)} left", "$foreground-muted"))
    return Content.assemble(*parts)
