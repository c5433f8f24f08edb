"""What stands in for a package that is not installed: use of it is swallowed, numbers wanted of it are refused."""

import dis
import importlib.machinery
import re
import sys
import types
from collections.abc import Iterator
from typing import Any

UNPACK = ("UNPACK_SEQUENCE", "UNPACK_EX")
DECORATED = (types.FunctionType, type, staticmethod, classmethod, property)


class NotHereError(Exception):
    """A student's code needs something that is not there; the message is a sentence for the student."""


class Stub:
    """Something of a package that is not there. Attributes, items, calls and with-blocks give stubs; as a decorator
    it gives back what it decorates; of something to loop over it gives the elements. It has no value: arithmetic,
    comparison, truth and conversion raise NotHereError, whose sentence is `name` and `why` it is not there. What
    `plots` is empty wherever it is looped over; the rest only in a for-loop, not as numbers.
    """

    def __init__(self, name: str, why: str, plots: bool = False, given: tuple[Any, ...] = ()) -> None:
        self.__dict__.update(_name=name, _why=why, _plots=plots, _given=given)

    def _part(self, name: str, given: tuple[Any, ...] = ()) -> "Stub":
        return Stub(name, self._why, self._plots, given)

    def __repr__(self) -> str:
        return f"<{self._name}: not there>"

    def __format__(self, _: str) -> str:
        return repr(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self._part(f"{self._name}.{name}")

    def __setattr__(self, name: str, value: Any) -> None:
        pass

    def __call__(self, *given: Any, **named: Any) -> Any:
        if len(given) == 1 and not named and isinstance(given[0], DECORATED):
            return given[0]  # a decorator
        last = self._name.rpartition(".")[2]
        if last.endswith("range") and given and all(isinstance(n, int) for n in given):
            return range(*given)  # trange, xrange
        if re.match(r"(is|has)_", last):
            return False  # torch.cuda.is_available()
        return self._part(self._name if self._name.endswith("()") else f"{self._name}()", given)

    def __getitem__(self, index: Any) -> Any:
        return self._part(f"{self._name}[...]")

    def __setitem__(self, index: Any, value: Any) -> None:
        pass

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __iter__(self) -> Iterator[Any]:
        if self._given and hasattr(self._given[0], "__iter__"):  # tqdm(range(n))
            return iter(self._given[0])
        operation, count = _operation(sys._getframe(1))
        if operation in UNPACK:  # fig, axes = plt.subplots()
            return iter([self._part(f"{self._name}[{i}]") for i in range(count)])
        if operation == "GET_ITER" or self._plots:
            return iter(())
        return self._refuse()  # type: ignore[no-any-return]

    def __len__(self) -> int:
        if self._given and hasattr(self._given[0], "__len__"):
            return len(self._given[0])
        return self._refuse()  # type: ignore[no-any-return]

    def __mro_entries__(self, bases: Any) -> tuple[type, ...]:
        return ()  # class Net(nn.Module)

    def __instancecheck__(self, thing: Any) -> bool:
        return False

    def __subclasscheck__(self, thing: Any) -> bool:
        return False

    def __or__(self, other: Any) -> Any:
        return self if isinstance(other, type) or other is None else self._refuse()  # np.ndarray | torch.Tensor

    __ror__ = __or__

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise NotHereError(f"uses {self._name}, and {self._why}")


def _operation(frame: types.FrameType) -> tuple[str, int]:
    """What a frame is at, as Python's operation, and how many values that unpacks if it does."""
    code, at = frame.f_code.co_code, frame.f_lasti
    if at < 0:
        return "", 0
    count, shift, before = code[at + 1], 8, at - 2
    while before >= 0 and dis.opname[code[before]] == "EXTENDED_ARG":
        count |= code[before + 1] << shift
        before, shift = before - 2, shift + 8
    name = dis.opname[code[at]]
    return name, (count & 0xFF) + (count >> 8) if name == "UNPACK_EX" else count


_BINARY = "add sub mul matmul truediv floordiv mod pow and xor lshift rshift divmod"
_VALUES = "lt le gt ge bool int float complex index neg pos abs invert round array array_ufunc array_function contains"
_OPERATORS = [f"{side}{name}" for name in _BINARY.split() for side in ("", "r", "i")]
for _method in [*_OPERATORS, *_VALUES.split()]:
    setattr(Stub, f"__{_method}__", Stub._refuse)


class StubModule(Stub, types.ModuleType):
    """A module that is not there."""

    def __init__(self, name: str, why: str, plots: bool, wanted: frozenset[str]) -> None:
        """wanted: names that a star import gives."""
        types.ModuleType.__init__(self, name)
        Stub.__init__(self, name, why, plots)
        self.__dict__.update(__path__=[], __version__="0", __all__=sorted(wanted))

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, (types.ModuleType, importlib.machinery.ModuleSpec)):
            self.__dict__[name] = value
