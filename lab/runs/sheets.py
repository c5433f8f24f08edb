"""Pictures as PNG files for a report: one sheet for each kind, captions below the pictures."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from lab.runs.pictures import Picture
from lab.runs.store import RunStore

SIDE = 160  # pixels: what the longer side of a picture is enlarged to, as far as whole multiples go
GAP, TEXT = 12, 13  # pixels between pictures; height of the captions' letters


def write_sheets(store: RunStore, named: Mapping[str, Sequence[Picture]]) -> list[Path]:
    """Write figures/<name>.png of every kind of picture into the run directory; return the paths. Raises LabError."""
    images = {name: sheet(group) for name, group in named.items()}
    return [store.save_figure(f"{name}.png", partial(image.save, format="PNG")) for name, image in images.items()]


def sheet(group: Sequence[Picture]) -> Image.Image:
    """Pictures of one size in rows, enlarged by repeating pixels so that none is blurred, each above its caption."""
    height, width = group[0].pixels.shape[:2]
    times = max(1, SIDE // max(height, width))
    columns = _columns(len(group))
    font = ImageFont.load_default(TEXT)
    pen = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    boxes = [pen.multiline_textbbox((0, 0), picture.caption, font) for picture in group]
    cell = max(width * times, *(int(right) + 1 for _, _, right, _ in boxes)) + GAP
    line = height * times + max(int(bottom) + 1 for *_, bottom in boxes) + 2 * GAP
    rows = -(-len(group) // columns)
    image = Image.new("RGB", (GAP + columns * cell, GAP + rows * line), "white")
    pen = ImageDraw.Draw(image)
    for i, picture in enumerate(group):
        x, y = GAP + i % columns * cell, GAP + i // columns * line
        pixels = Image.fromarray(picture.pixels).resize((width * times, height * times), Image.Resampling.NEAREST)
        image.paste(pixels, (x, y))
        pen.multiline_text((x, y + height * times + GAP // 3), picture.caption, "black", font)
    return image


def _columns(count: int) -> int:
    """Four to six pictures in a row, whichever leaves the last row fullest."""
    return min(count, min((5, 4, 6), key=lambda columns: -count % columns))
