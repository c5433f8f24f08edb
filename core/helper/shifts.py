"""When it pays to ask a helper: as long as gradients with it take less time than gradients without it.

Where other programs keep the cores busy, two processes that wait for each other are slower than one.
"""

FEW, LOOK = 2, 0.02  # gradients, and seconds of them, that it takes to tell how long one takes
LONG = 100  # looks in a shift: then there is a short rest, which shows again how long a gradient takes without help
RESTS, LONGEST = 100, 30.0  # a rest after shifts that did not pay takes as many looks at most, or as many seconds


class Shifts:
    """A helper works in shifts and rests between them. `working`: is it in a shift?

    A rest shows how long a gradient takes alone. A shift ends as soon as its gradients are no faster, and then the rest
    is twice as long as the last.
    """

    def __init__(self) -> None:
        self.working = False
        self._alone = 0.0  # seconds of a gradient in the last rest
        self._rest = LOOK
        self._left = 0.0  # seconds of gradients until the end of this shift, or of this rest
        self._gradients, self._seconds = 0, 0.0  # of this look
        self._began: float | None = None

    def begin(self, clock: float) -> None:
        """A gradient begins now, in seconds of any clock."""
        self._began = clock

    def end(self, clock: float) -> None:
        """It is there. What comes until the next one begins, a pause or an evaluation, does not count."""
        if self._began is None:
            return
        self._gradients += 1
        self._seconds += clock - self._began
        self._left -= clock - self._began
        self._began = None
        if self._gradients >= FEW and self._seconds >= LOOK:
            self._look(self._seconds / self._gradients)

    def _look(self, pace: float) -> None:
        if not self.working:
            self._alone = pace
            if self._left <= 0:
                self._change(LONG * max(LOOK, FEW * pace))
        elif pace >= self._alone:
            self._rest = min(2 * max(self._rest, self._seconds), RESTS * self._seconds, LONGEST)
            self._change(self._rest)
        elif self._left <= 0:
            self._change(0.0)
        else:
            self._rest = max(LOOK, self._rest / 2)
            self._gradients, self._seconds = 0, 0.0

    def _change(self, seconds: float) -> None:
        """From a rest to a shift of this length, or back."""
        self.working = not self.working
        self._left = seconds
        self._gradients, self._seconds = 0, 0.0
