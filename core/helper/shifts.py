"""When it pays to ask a helper: as long as updates with it take less time than updates without it.

Where other programs keep the cores busy, two processes that wait for each other are slower than one.
"""

FEW, LOOK = 2, 0.02  # this number of updates, and these seconds of them, tell how long one takes
LONG = 100  # looks in a shift: then there is a short rest, which shows again how long an update takes without help
LONGEST = 2.0  # seconds of a rest after shifts that did not pay; or RESTS looks, where one takes long
RESTS = 20


class Shifts:
    """A helper works in shifts and rests between them. `working`: is it in a shift?

    A rest shows how long an update takes alone. A shift ends as soon as its updates are no faster, and then the rest
    is twice as long as the last.
    """

    def __init__(self) -> None:
        self.working = False
        self._alone = 0.0  # seconds of an update in the last rest
        self._rest = LOOK
        self._until = 0.0  # the clock at the end of this shift, or of this rest
        self._updates, self._seconds = 0, 0.0  # of this look
        self._began: float | None = None

    def update_begins(self, clock: float) -> None:
        """An update begins now, in seconds of any clock, and one that was going on has ended."""
        self.update_ends(clock)
        self._began = clock
        if self._updates < FEW or self._seconds < LOOK:
            return
        pace = self._seconds / self._updates
        if not self.working:
            self._alone = pace
            if clock >= self._until:
                self._change(clock + LONG * max(LOOK, FEW * pace))
        elif pace >= self._alone:
            self._rest = min(2 * max(self._rest, self._seconds), max(LONGEST, RESTS * self._seconds))
            self._change(clock + self._rest)
        elif clock >= self._until:
            self._change(clock)
        else:
            self._rest = max(LOOK, self._rest / 2)
            self._updates, self._seconds = 0, 0.0

    def update_ends(self, clock: float) -> None:
        """What comes now, until the next update begins, is not part of one: an evaluation, for example."""
        if self._began is not None:
            self._updates += 1
            self._seconds += clock - self._began
            self._began = None

    def _change(self, until: float) -> None:
        """From a rest to a shift or back."""
        self.working = not self.working
        self._until = until
        self._updates, self._seconds = 0, 0.0
