"""Reading drawn cells back: the dots of Braille signs."""

from rich.segment import Segment

Dots = set[tuple[int, int]]  # (x, y), y downwards
ORDER = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))  # of the bits of a Braille sign, by Unicode


def texts(lines: list[list[Segment]]) -> list[str]:
    """The characters of the lines."""
    return ["".join(segment.text for segment in line) for line in lines]


def dots(lines: list[list[Segment]]) -> dict[str, Dots]:
    """The dots by the colour of their cells ('#rrggbb')."""
    found: dict[str, Dots] = {}
    for row, line in enumerate(lines):
        column = 0
        for segment in line:
            for sign in segment.text:
                bits = ord(sign) - 0x2800
                if 0 < bits < 0x100:
                    colour = segment.style.color.get_truecolor().hex if segment.style and segment.style.color else ""
                    its = found.setdefault(colour, set())
                    its |= {(2 * column + x, 4 * row + y) for k, (x, y) in enumerate(ORDER) if bits >> k & 1}
                column += 1
    return found


def spots(text: str) -> int:
    """The points drawn in a text: dots that touch, at least four of them, so not those of a grid."""
    left = set().union(*dots([[Segment(line)] for line in text.splitlines()]).values())
    found = 0
    while left:
        spot, front = set(), {left.pop()}
        while front:
            x, y = front.pop()
            spot.add((x, y))
            touching = left & {(x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1)}
            left -= touching
            front |= touching
        found += len(spot) >= 4
    return found


def peaks(heights: list[float], prominence: float) -> int:
    """How often a series rises to a top that stands out by that much on both sides; its ends count as falling."""
    tops, top, low = 0, None, heights[0]
    for height in [*heights, heights[-1] - 2 * prominence]:
        if top is None:
            low = min(low, height)
            top = height if height - low >= prominence else None
        elif height > top:
            top = height
        elif top - height >= prominence:
            tops, top, low = tops + 1, None, height
    return tops
