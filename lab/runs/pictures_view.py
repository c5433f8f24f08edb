"""Pictures in the terminal: two pixels in a cell, or shades of grey where there are no colours."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich_pixels import Pixels

from lab.runs.pictures import Picture

SMALLEST = 10  # cells: narrower pictures, as kernels are, are enlarged to this or a little more
GAP = 2  # cells between pictures
SHADES = " .:-=+*#%@"  # from black to white, as on a dark terminal


def show_pictures(console: Console, named: Mapping[str, Sequence[Picture]]) -> None:
    """Every kind of picture under its name, as many in a row as fit; too large ones are made smaller."""
    coloured = console.color_system in ("256", "truecolor") and not console.no_color
    for name, group in named.items():
        console.print(f"\n{name.capitalize()}", style="bold")
        console.print(grid(group, console.width, coloured))


def grid(group: Sequence[Picture], room: int, coloured: bool) -> Table:
    """Pictures with their captions, as many in a row as `room` cells hold; in shades of grey if not coloured."""
    images = [_fitted(picture, room) for picture in group]
    captions = [line for picture in group for line in picture.caption.split("\n")]
    width = min(room, max(images[0].width, *map(len, captions)))
    columns = min(len(group), (room + GAP) // (width + GAP))
    table = Table.grid(padding=(0, GAP, 1, 0), pad_edge=False)
    for _ in range(columns):
        table.add_column(width=width)
    cells = [
        Group(_cells(image, coloured), Text(picture.caption)) for image, picture in zip(images, group, strict=True)
    ]
    for start in range(0, len(cells), columns):
        table.add_row(*cells[start : start + columns])
    return table


def _fitted(picture: Picture, room: int) -> Image.Image:
    """The picture at its size in the terminal, one pixel wide as a cell, half a cell high."""
    image = Image.fromarray(picture.pixels)
    times = max(1, -(-SMALLEST // image.width))
    if image.width * times <= room:
        return image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    return image.resize((room, max(1, image.height * room // image.width)), Image.Resampling.BOX)


def _cells(image: Image.Image, coloured: bool) -> RenderableType:
    if coloured:
        pixels: RenderableType = Pixels.from_image(image)
        return pixels
    grey = np.asarray(image.convert("L").resize((image.width, -(-image.height // 2)), Image.Resampling.BOX))
    return Text("\n".join("".join(SHADES[level] for level in row) for row in grey.astype(int) * len(SHADES) // 256))
