"""Which part of the x axis several plots show together, and where their values are read."""

from dataclasses import dataclass, replace

LEAST = 1 / 64  # of the whole axis


@dataclass(frozen=True)
class Reading:
    """cursor: the x whose values are read, None for the last ones; window: the part of the axis, None for all."""

    cursor: float | None = None
    window: tuple[float, float] | None = None

    def at(self, x: float | None) -> "Reading":
        """Reading the values at x."""
        return replace(self, cursor=x)

    def zoomed(self, whole: tuple[float, float], factor: float, x: float | None) -> "Reading":
        """With `factor` times as much of the axis, x (or the middle) staying where it is; at most the whole."""
        low, high = self.window or whole
        centre = (low + high) / 2 if x is None else x
        start, end = centre - (centre - low) * factor, centre + (high - centre) * factor
        if end - start < (whole[1] - whole[0]) * LEAST:
            return self
        start, end = max(start, whole[0]), min(end, whole[1])
        return replace(self, window=None if (start, end) == whole else (start, end))


UNREAD = Reading()  # the whole axis, and the last values
