"""A network as boxes in a row; where they have no room, as words with arrows between them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content

if TYPE_CHECKING:
    from lab.library.plan import Block

LINES = {False: ("╭", "╮", "╰", "╯", "─", "│", "─▶"), True: ("+", "+", "+", "+", "-", "|", "->")}


def sketch(blocks: "Sequence[Block]", width: int, ascii_only: bool = False) -> Content:
    """Four lines of boxes, or as many lines of words as it takes."""
    boxes = [_box(block, ascii_only) for block in blocks]
    arrow = LINES[ascii_only][-1]
    if sum(len(box[0]) for box in boxes) + len(arrow) * (len(boxes) - 1) > width:
        return _words(blocks, width, "->" if ascii_only else "→")
    joints = ["  ", arrow, "  ", "  "]
    lines = [joint.join(box[k] for box in boxes) for k, joint in enumerate(joints)]
    left = " " * ((width - len(lines[0])) // 2)
    return Content("\n").join(Content(left + line) for line in lines)


def _box(block: "Block", ascii_only: bool) -> list[str]:
    left, right, low_left, low_right, line, side, _ = LINES[ascii_only]
    width = max(len(block.what), len(block.detail)) + 2
    return [
        left + line * width + right,
        side + block.what.center(width) + side,
        side + block.detail.center(width) + side,
        low_left + line * width + low_right,
    ]


def _words(blocks: "Sequence[Block]", width: int, arrow: str) -> Content:
    lines, used = [Content("")], 0
    for k, block in enumerate(blocks):
        mark = f" {arrow} " if k else ""
        piece = Content.assemble((mark, "$foreground-muted"), block.what, (f" ({block.detail})", "$foreground-muted"))
        if k and used + len(piece.plain) > width:
            lines.append(Content(""))
            used = 0
        lines[-1] = lines[-1] + piece
        used += len(piece.plain)
    return Content("\n").join(lines)
