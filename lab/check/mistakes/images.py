"""Reference layers of images (n, h, w, channels): convolution and pooling, right gradients and wrong ones.

Everything is a sum over the places of a window: `windows` gives, for a place in the window, the pixels of the (padded)
image that stand there, one for each output.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from core.types import Array
from lab.check.mistakes.layers import Answer, Inputs, LayerMistake, Made


@dataclass(frozen=True)
class Windows:
    """How windows lie on images: their height and width, the steps between them, zeros before and after."""

    size: tuple[int, int]
    stride: int
    before: int
    after: int

    def padded(self, x: Array) -> Array:
        """Images with zeros around them."""
        around = (self.before, self.after)
        return np.pad(x, ((0, 0), around, around, (0, 0)))

    def count(self, x: Array) -> tuple[int, int]:
        """How many windows fit below and beside each other."""
        h, w = (length + self.before + self.after for length in x.shape[1:3])
        return (h - self.size[0]) // self.stride + 1, (w - self.size[1]) // self.stride + 1

    def places(self, rows: int, columns: int) -> Iterator[tuple[int, int, tuple[slice, slice, slice, slice]]]:
        """Each place of the window, and where the pixels at it are in the padded images."""
        s, every = self.stride, slice(None)
        for a in range(self.size[0]):
            for b in range(self.size[1]):
                yield a, b, (every, slice(a, a + s * rows, s), slice(b, b + s * columns, s), every)

    def unpadded(self, x: Array, shape: tuple[int, ...]) -> Array:
        """The inside of padded images."""
        return x[:, self.before : self.before + shape[1], self.before : self.before + shape[2]]


def convolution(windows: Windows, turned: bool) -> Callable[[Inputs], Made]:
    """y = b + sum over the window of x W, W (h, w, channels, filters); `turned`: forward flips the kernel."""

    def made(inputs: Inputs) -> Made:
        x, W, b = inputs["x"], inputs["W"], inputs.get("b")
        kernel = W[::-1, ::-1] if turned else W
        rows, columns = windows.count(x)
        xp = windows.padded(x)
        y = sum(xp[at] @ kernel[i, j] for i, j, at in windows.places(rows, columns))
        out = y if b is None else y + b

        def answer(dy: Array) -> Answer:
            dW = kernel_gradient(xp, dy, windows, W.shape)
            dx = input_gradient(dy, kernel, windows, x.shape, xp.shape)
            right = {"W": dW[::-1, ::-1] if turned else dW, "x": dx}
            if b is not None:
                right["b"] = dy.sum(axis=(0, 1, 2))
            return right, [
                *(of_kernel(x, xp, dy, right["W"], windows)),
                *(of_input(x, xp, dy, kernel, windows)),
                *(of_bias(dy) if b is not None else []),
            ]

        return Made(np.asarray(out), answer)

    return made


def kernel_gradient(xp: Array, dy: Array, windows: Windows, shape: tuple[int, ...]) -> Array:
    """dW: at each place of the window, the pixels there times dy."""
    dW = np.zeros(shape)
    for i, j, at in windows.places(*dy.shape[1:3]):
        pixels = xp[at]
        if pixels.shape[:3] == dy.shape[:3]:
            dW[i, j] = np.tensordot(pixels, dy, axes=((0, 1, 2), (0, 1, 2)))
    return dW


def input_gradient(
    dy: Array, kernel: Array, windows: Windows, shape: tuple[int, ...], padded: tuple[int, ...]
) -> Array:
    """dx: every window gives dy W^T to its pixels, and what several windows give is added up."""
    return windows.unpadded(padded_gradient(dy, kernel, windows, padded), shape)


def padded_gradient(dy: Array, kernel: Array, windows: Windows, padded: tuple[int, ...]) -> Array:
    """The same with the zeros around it."""
    dx = np.zeros(padded)
    for i, j, at in windows.places(*dy.shape[1:3]):
        if dx[at].shape[:3] == dy.shape[:3]:
            dx[at] += dy @ kernel[i, j].T
    return dx


def of_kernel(x: Array, xp: Array, dy: Array, dW: Array, windows: Windows) -> list[LayerMistake]:
    """Instead of dW."""

    def wrong(key: str, sentence: str, gradient: Callable[[], Array | None]) -> LayerMistake:
        return LayerMistake(key, "W", "{Tensors} {match} " + sentence, gradient)

    square = dW.shape[0] == dW.shape[1]
    mistakes = [
        wrong("conv-flipped", "the right gradient flipped in both axes: do not turn it.", lambda: dW[::-1, ::-1]),
        wrong("conv-flipped", "the right gradient flipped along the rows: do not turn it.", lambda: dW[::-1]),
        wrong("conv-flipped", "the right gradient flipped along the columns: do not turn it.", lambda: dW[:, ::-1]),
        wrong(
            "conv-transposed",
            "the right gradient with rows and columns swapped.",
            lambda: dW.transpose(1, 0, 2, 3) if square else None,
        ),
        wrong(
            "conv-channels",
            "the right gradient with channels and filters swapped.",
            lambda: dW.transpose(0, 1, 3, 2) if dW.shape[2] == dW.shape[3] else None,
        ),
        wrong(
            "conv-stride",
            f"windows that lie 1 apart: the stride is {windows.stride}, window i starts at {windows.stride} * i.",
            lambda: other_windows(xp, dy, dW, windows, stride=1),
        ),
        wrong(
            "conv-padding",
            "images without the zeros around them: pad x as forward does.",
            lambda: other_windows(np.pad(x, padding_behind(windows)), dy, dW, windows, stride=windows.stride),
        ),
        wrong(
            "one-example-only",
            "the last image alone: add the images up (+=, not =).",
            lambda: kernel_gradient(xp[-1:], dy[-1:], windows, dW.shape),
        ),
        wrong(
            "one-example-only",
            "the first image alone: add the images up.",
            lambda: kernel_gradient(xp[:1], dy[:1], windows, dW.shape),
        ),
        wrong(
            "overwritten",
            "the last window alone: add the windows up (+=, not =).",
            lambda: only_window(xp, dy, dW, windows, all_images=False),
        ),
        wrong(
            "overwritten",
            "the last window of each image alone: add the windows up (+=, not =).",
            lambda: only_window(xp, dy, dW, windows, all_images=True),
        ),
        wrong(
            "conv-flipped",
            "dy turned by 180 degrees: dW is x correlated with dy as it is.",
            lambda: kernel_gradient(xp, dy[:, ::-1, ::-1], windows, dW.shape),
        ),
        wrong(
            "conv-transposed",
            "dy with rows and columns swapped.",
            lambda: (
                kernel_gradient(xp, dy.transpose(0, 2, 1, 3), windows, dW.shape) if dy.shape[1] == dy.shape[2] else None
            ),
        ),
    ]
    for name, rows in (("last", slice(0, -1)), ("first", slice(1, None))):
        mistakes.append(
            wrong(
                "example-left-out",
                f"a batch without its {name} image: let the loop run over all.",
                lambda rows=rows: kernel_gradient(xp[rows], dy[rows], windows, dW.shape),  # type: ignore[misc]
            )
        )
    for down, right in ((0, 1), (1, 0), (1, 1)):
        for sign in (1, -1):
            mistakes.append(
                wrong(
                    "conv-padding",
                    "windows that lie one pixel off: window i starts at stride * i of the padded image.",
                    lambda shift=(sign * down, sign * right): kernel_gradient(  # type: ignore[misc]
                        shifted(xp, shift), dy, windows, dW.shape
                    ),
                )
            )
    return mistakes


def padding_behind(windows: Windows) -> tuple[tuple[int, int], ...]:
    """All the zeros below and right of the images: as if nothing stood before them."""
    behind = (0, windows.before + windows.after)
    return (0, 0), behind, behind, (0, 0)


def other_windows(xp: Array, dy: Array, dW: Array, windows: Windows, stride: int) -> Array | None:
    """dW with windows at another distance."""
    return kernel_gradient(xp, dy, Windows(windows.size, stride, 0, 0), dW.shape)


def only_window(xp: Array, dy: Array, dW: Array, windows: Windows, all_images: bool) -> Array:
    """dW of the last window, of the last image or of each."""
    mask = np.zeros(dy.shape)
    mask[(slice(None) if all_images else slice(-1, None)), -1, -1] = 1
    return kernel_gradient(xp, dy * mask, windows, dW.shape)


def shifted(xp: Array, shift: tuple[int, int]) -> Array:
    """Images moved, zeros instead of what leaves."""
    out = np.zeros_like(xp)
    (down, right), (h, w) = shift, xp.shape[1:3]
    to = slice(max(down, 0), h + min(down, 0)), slice(max(right, 0), w + min(right, 0))
    of = slice(max(-down, 0), h + min(-down, 0)), slice(max(-right, 0), w + min(-right, 0))
    out[:, to[0], to[1]] = xp[:, of[0], of[1]]
    return out


def of_input(x: Array, xp: Array, dy: Array, kernel: Array, windows: Windows) -> list[LayerMistake]:
    """Instead of dx."""

    def wrong(key: str, sentence: str, gradient: Callable[[], Array | None]) -> LayerMistake:
        return LayerMistake(key, "x", "{Tensors} {match} " + sentence, gradient)

    def with_kernel(other: Array) -> Array:
        return input_gradient(dy, other, windows, x.shape, xp.shape)

    square = kernel.shape[0] == kernel.shape[1]

    def crop(top: int, left: int) -> Array | None:
        whole = padded_gradient(dy, kernel, windows, xp.shape)
        inside = whole[:, top : top + x.shape[1], left : left + x.shape[2]]
        return inside if inside.shape == x.shape else None

    p, ends = windows.before, windows.before + windows.after
    return [
        wrong(
            "conv-flipped",
            "a kernel the wrong way round on the way back: each pixel takes dy times the weight it was multiplied by "
            "(a correlation with the kernel turned by 180 degrees).",
            lambda: with_kernel(kernel[::-1, ::-1]),
        ),
        wrong("conv-flipped", "a kernel flipped along the rows.", lambda: with_kernel(kernel[::-1])),
        wrong("conv-flipped", "a kernel flipped along the columns.", lambda: with_kernel(kernel[:, ::-1])),
        wrong(
            "conv-transposed",
            "a kernel with rows and columns swapped.",
            lambda: with_kernel(kernel.transpose(1, 0, 2, 3)) if square else None,
        ),
        wrong(
            "conv-channels",
            "a kernel with channels and filters swapped.",
            lambda: with_kernel(kernel.transpose(0, 1, 3, 2)) if kernel.shape[2] == kernel.shape[3] else None,
        ),
        wrong(
            "conv-stride",
            f"windows that lie 1 apart: the stride is {windows.stride}, window i starts at {windows.stride} * i.",
            lambda: windows.unpadded(padded_gradient(dy, kernel, Windows(windows.size, 1, 0, 0), xp.shape), x.shape),
        ),
        *(
            wrong(
                "conv-padding",
                f"a gradient cut out of the padded one at the wrong place: its zeros are {p} wide, keep [{p}:-{p}]."
                if p
                else "a gradient cut out at the wrong place.",
                lambda top=top, left=left: crop(top, left),  # type: ignore[misc]
            )
            for top in range(ends + 1)
            for left in range(ends + 1)
            if (top, left) != (p, p)
        ),
        wrong(
            "overwritten",
            "windows that overwrite each other: where they overlap, add (+=, not =).",
            lambda: windows.unpadded(last_window(dy, kernel, windows, xp.shape), x.shape),
        ),
        wrong(
            "overwritten",
            "windows that overwrite each other: where they overlap, add (+=, not =).",
            lambda: windows.unpadded(last_weight(dy, kernel, windows, xp.shape), x.shape),
        ),
        wrong(
            "overwritten",
            "windows and filters that overwrite each other: where they meet, add (+=, not =).",
            lambda: windows.unpadded(
                last_window(dy[..., -1:], kernel[..., -1:], windows, xp.shape),
                x.shape,
            ),
        ),
        wrong(
            "overwritten",
            "windows and filters that overwrite each other: where they meet, add (+=, not =).",
            lambda: windows.unpadded(last_filter(dy, kernel, windows, xp.shape), x.shape),
        ),
        wrong(
            "overwritten",
            "the last filter alone: add the filters up (+=, not =).",
            lambda: with_kernel(kernel * (np.arange(kernel.shape[3]) == kernel.shape[3] - 1)),
        ),
        *(
            wrong(
                "one-example-only" if kept.sum() == 1 else "example-left-out",
                "a batch of which some images have no gradient: let the loop run over all.",
                lambda kept=kept: with_kernel(kernel) * kept[:, None, None, None],  # type: ignore[misc]
            )
            for n in [len(x)]
            for kept in (np.arange(n) == n - 1, np.arange(n) == 0, np.arange(n) < n - 1, np.arange(n) > 0)
        ),
    ]


def last_filter(dy: Array, kernel: Array, windows: Windows, padded: tuple[int, ...]) -> Array:
    """dx where filter after filter, and of each window after window, overwrites what earlier ones gave."""
    dx = np.zeros(padded)
    for f in range(kernel.shape[3]):
        own = last_window(dy[..., [f]], kernel[..., [f]], windows, padded)
        reached = last_window(np.ones_like(dy[..., [f]]), np.ones_like(kernel[..., [f]]), windows, padded) != 0
        dx = np.where(reached, own, dx)
    return dx


def last_window(dy: Array, kernel: Array, windows: Windows, padded: tuple[int, ...]) -> Array:
    """dx where each window, row by row, overwrites what earlier ones gave."""
    dx, (h, w), s = np.zeros(padded), windows.size, windows.stride
    for i in range(dy.shape[1]):
        for j in range(dy.shape[2]):
            dx[:, s * i : s * i + h, s * j : s * j + w] = np.einsum("nf,abcf->nabc", dy[:, i, j], kernel)
    return dx


def last_weight(dy: Array, kernel: Array, windows: Windows, padded: tuple[int, ...]) -> Array:
    """dx where each weight of the kernel, all windows at once, overwrites what earlier ones gave."""
    dx = np.zeros(padded)
    for i, j, at in windows.places(*dy.shape[1:3]):
        dx[at] = dy @ kernel[i, j].T
    return dx


def of_bias(dy: Array) -> list[LayerMistake]:
    """Instead of the sum of dy over examples and places."""

    def wrong(key: str, sentence: str, gradient: Callable[[], Array | None]) -> LayerMistake:
        return LayerMistake(key, "b", "{Tensors} {match} " + sentence, gradient)

    filters = dy.shape[3]
    right = "sum dy over examples, rows and columns, for each filter."
    return [
        wrong("bias-sum-axis", "a sum over the filters as well: " + right, lambda: np.full(filters, dy.sum())),
        wrong("bias-sum-axis", "dy at the first place alone: " + right, lambda: dy[:, 0, 0].sum(axis=0)),
        wrong("one-example-only", "the last image alone: " + right, lambda: dy[-1].sum(axis=(0, 1))),
        wrong("one-example-only", "the first image alone: " + right, lambda: dy[0].sum(axis=(0, 1))),
        wrong("overwritten", "dy at the last place of the last image alone: " + right, lambda: dy[-1, -1, -1]),
        wrong("overwritten", "dy at the last place alone: " + right, lambda: dy[:, -1, -1].sum(axis=0)),
        wrong("example-left-out", "a batch without its last image: " + right, lambda: dy[:-1].sum(axis=(0, 1, 2))),
        wrong("example-left-out", "a batch without its first image: " + right, lambda: dy[1:].sum(axis=(0, 1, 2))),
    ]


# Pooling


def max_pool(windows: Windows) -> Callable[[Inputs], Made | None]:
    """y = the largest pixel of each window."""

    def made(inputs: Inputs) -> Made | None:
        x = inputs["x"]
        if windows.count(x) != inputs["out"].shape[1:3]:
            return None
        stack, at = stacked(x, windows)
        winner = stack.argmax(axis=0)
        share = (np.arange(len(stack))[:, None, None, None, None] == winner).astype(float)

        def answer(dy: Array) -> Answer:
            return {"x": shared(dy * share, at, x.shape)}, [
                *of_pool(dy, share, at, x.shape, windows),
                pool_wrong(
                    "pool-mask-missing",
                    "a pooling that gives dy to every pixel of the window: only the largest gets it.",
                    lambda: shared(dy * np.ones_like(share), at, x.shape),
                ),
                pool_wrong(
                    "pool-mask-wrong",
                    "a pooling that gives dy to the smallest pixel of the window: the largest gets it.",
                    lambda: shared(dy * (stack == stack.min(axis=0)), at, x.shape),
                ),
                pool_wrong(
                    "pool-mask-wrong",
                    "a pooling that gives dy to the first pixel of the window: the largest gets it.",
                    lambda: shared(dy * first_of(share), at, x.shape),
                ),
                pool_wrong(
                    "pool-values",
                    "dy times the largest pixel: the mask is 1 there, not the value.",
                    lambda: shared(dy * share * stack, at, x.shape),
                ),
            ]

        return Made(stack.max(axis=0), answer)

    return made


def average_pool(windows: Windows) -> Callable[[Inputs], Made | None]:
    """y = the mean of each window."""

    def made(inputs: Inputs) -> Made | None:
        x = inputs["x"]
        if windows.count(x) != inputs["out"].shape[1:3]:
            return None
        stack, at = stacked(x, windows)
        share = np.full(stack.shape, 1 / len(stack))

        def answer(dy: Array) -> Answer:
            return {"x": shared(dy * share, at, x.shape)}, [
                *of_pool(dy, share, at, x.shape, windows),
                pool_wrong(
                    "pool-not-divided",
                    f"dy given whole to every pixel of the window: divide it by the {len(stack)} pixels.",
                    lambda: shared(dy * np.ones_like(share), at, x.shape),
                ),
                pool_wrong(
                    "pool-mask-wrong",
                    "dy given to the largest pixel of the window: all pixels of a mean get their share.",
                    lambda: shared(dy * (stack == stack.max(axis=0)), at, x.shape),
                ),
            ]

        return Made(stack.mean(axis=0), answer)

    return made


Spot = tuple[slice, slice, slice, slice]


def stacked(x: Array, windows: Windows) -> tuple[Array, list[Spot]]:
    """The pixels at each place of the window, (places, n, rows, columns, channels), and where they are."""
    at = [spot for _, _, spot in windows.places(*windows.count(x))]
    return np.stack([x[spot] for spot in at]), at


def shared(parts: Array, at: list[Spot], shape: tuple[int, ...]) -> Array:
    """What the windows give to the pixels, added up."""
    dx = np.zeros(shape)
    for part, spot in zip(parts, at, strict=True):
        dx[spot] += part
    return dx


def first_of(share: Array) -> Array:
    """A mask of the first place of each window."""
    mask = np.zeros_like(share)
    mask[0] = 1
    return mask


def pool_wrong(key: str, sentence: str, gradient: Callable[[], Array | None]) -> LayerMistake:
    """A mistake in dx."""
    return LayerMistake(key, "x", "{Tensors} {match} " + sentence, gradient)


def of_pool(dy: Array, share: Array, at: list[Spot], shape: tuple[int, ...], windows: Windows) -> list[LayerMistake]:
    """Mistakes of every pooling, where pixel k of a window gets dy * share[k]."""
    n = shape[0]

    def overwritten() -> Array:
        dx, (h, w), s = np.zeros(shape), windows.size, windows.stride
        parts = dy * share
        for i in range(dy.shape[1]):
            for j in range(dy.shape[2]):
                window = parts[:, :, i, j].reshape(h, w, n, -1).transpose(2, 0, 1, 3)
                dx[:, s * i : s * i + h, s * j : s * j + w] = window
        return dx

    def overwritten_where_given() -> Array:
        dx, s, w = np.zeros(shape), windows.stride, windows.size[1]
        parts = dy * share
        for i in range(dy.shape[1]):
            for j in range(dy.shape[2]):
                for k in range(len(share)):
                    pixel = dx[:, s * i + k // w, s * j + k % w]
                    given = share[k][:, i, j] != 0
                    pixel[given] = parts[k][:, i, j][given]
        return dx

    def overwritten_by_places() -> Array:
        dx = np.zeros(shape)
        for part, spot in zip(dy * share, at, strict=True):
            dx[spot] = part
        return dx

    def other_stride(stride: int) -> Array | None:
        spots = [spot for _, _, spot in Windows(windows.size, stride, 0, 0).places(*dy.shape[1:3])]
        if windows.stride == stride or any(np.zeros(shape)[spot].shape != dy.shape for spot in spots):
            return None
        return shared(dy * share, spots, shape)

    stride = f"the stride is {windows.stride}, window i starts at {windows.stride} * i."
    return [
        pool_wrong(
            "overwritten", "windows that overwrite each other: where they overlap, add (+=, not =).", overwritten
        ),
        pool_wrong(
            "overwritten",
            "windows that overwrite each other: where they overlap, add (+=, not =).",
            overwritten_where_given,
        ),
        pool_wrong(
            "overwritten",
            "windows that overwrite each other: where they overlap, add (+=, not =).",
            overwritten_by_places,
        ),
        pool_wrong("pool-stride", "windows that lie 1 apart: " + stride, lambda: other_stride(1)),
        pool_wrong(
            "pool-stride",
            f"windows that lie {windows.size[0]} apart: " + stride,
            lambda: other_stride(windows.size[0]),
        ),
        *(
            pool_wrong(
                "one-example-only" if kept.sum() == 1 else "example-left-out",
                "a batch of which some images have no gradient: let the loop run over all.",
                lambda kept=kept: shared(dy * share, at, shape) * kept[:, None, None, None],  # type: ignore[misc]
            )
            for kept in (np.arange(n) == n - 1, np.arange(n) == 0, np.arange(n) < n - 1, np.arange(n) > 0)
        ),
    ]
