"""TensorBoard's event files: the scalars in them.

The file is a row of records: length (8 bytes), its checksum (4), the data, their checksum (4). The data are an Event as
protocol buffers write it, and we read the few fields that a scalar needs (tensorflow/core/util/event.proto, and
summary.proto and tensor.proto in tensorflow/core/framework). https://www.tensorflow.org/tutorials/load_data/tfrecord
describes the records.
"""

import struct
from collections.abc import Iterator

from lab.watch.log import Log

HEAD = 12  # bytes: a length and its checksum
LARGEST = 1 << 16  # bytes of a record that can be a scalar's: what is larger is a picture or a graph, and is not read

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # kinds of fields
# Numbers in a tensor, by its dtype: the field of the list, and how struct reads the same as bytes.
_TENSORS = {1: (5, "f"), 2: (6, "d"), 3: (7, "i"), 9: (10, "q")}


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)  # the polynomial of CRC-32C, reversed
        table.append(byte)
    return table


_CRC = _crc_table()


def masked_crc(data: bytes) -> int:
    """The checksum that stands in the file: CRC-32C, turned and shifted so that it may stand among what it checks."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def is_head(head: bytes) -> bool:
    """Do a length and its checksum stand here?"""
    return len(head) == HEAD and masked_crc(head[:8]) == struct.unpack("<I", head[8:])[0]


class EventRows:
    """Adds to a log the scalars of an event file, in whatever pieces its bytes come. A damaged record ends it: after
    one, nobody can tell where the next begins."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._rest = b""
        self._skip = 0  # bytes of a large record that are still to come
        self._damaged = False

    def feed(self, data: bytes, last: bool = False) -> None:
        """More bytes; last: the file ends with them."""
        if self._damaged:
            return
        skipped = min(self._skip, len(data))
        self._skip -= skipped
        self._rest += data[skipped:]
        at = 0
        while len(self._rest) - at >= HEAD and not self._damaged:
            end = self._record(at)
            if end is None:
                break
            at = end
        self._rest = self._rest[at:]
        if last and (self._rest or self._skip) and not self._damaged:
            self._log.note("the last record is not complete")

    def _record(self, at: int) -> int | None:
        """Read the record that begins there; where the next begins, None if it is not all there yet."""
        head = self._rest[at : at + HEAD]
        if not is_head(head):
            self._stop()
            return None
        length = int.from_bytes(head[:8], "little")
        end = at + HEAD + length + 4
        if length > LARGEST:
            self._skip = max(end - len(self._rest), 0)
            return min(end, len(self._rest))
        if end > len(self._rest):
            return None
        data = self._rest[at + HEAD : end - 4]
        if masked_crc(data) != struct.unpack("<I", self._rest[end - 4 : end])[0]:
            self._stop()
            return None
        try:
            self._log.add(scalars(data))
        except (ValueError, IndexError, struct.error):
            self._log.skipped += 1
        return end

    def _stop(self) -> None:
        self._damaged = True
        self._log.note("a record is damaged: what comes after it is not read")


def scalars(event: bytes) -> dict[str, float]:
    """The scalars of an Event by their tags, and its step; {} if it has none. Raises ValueError, IndexError and
    struct.error where the bytes are no Event."""
    fields = list(_fields(event))
    row: dict[str, float] = {}
    for summary in (value for number, value in fields if number == 5 and isinstance(value, bytes)):
        for one in (value for number, value in _fields(summary) if number == 1 and isinstance(value, bytes)):
            its = dict(_fields(one))
            tag, value = its.get(1), _scalar(its)
            if isinstance(tag, bytes) and value is not None:
                row[tag.decode(errors="replace")] = value
    step = dict(fields).get(2, 0)
    return {"step": _signed(step), **row} if row and isinstance(step, int) else {}


def _scalar(value: dict[int, int | bytes]) -> float | None:
    """The number of a Summary.Value: simple_value, or a tensor that holds one number."""
    simple, tensor = value.get(2), value.get(8)
    if isinstance(simple, bytes):
        return float(struct.unpack("<f", simple)[0])
    if not isinstance(tensor, bytes):
        return None
    its = dict(_fields(tensor))
    kind, content = its.get(1), its.get(4)
    if not isinstance(kind, int) or kind not in _TENSORS:
        return None
    place, form = _TENSORS[kind]
    numbers = its.get(place, b"")
    if content is None and isinstance(numbers, int):
        return float(_signed(numbers))
    if content is None and form in "iq" and isinstance(numbers, bytes) and numbers:
        whole, end = _varint(numbers, 0)
        return float(_signed(whole)) if end == len(numbers) else None
    packed = numbers if content is None else content
    if not isinstance(packed, bytes) or len(packed) != struct.calcsize(f"<{form}"):
        return None
    return float(struct.unpack(f"<{form}", packed)[0])


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and content of each field: an int for a varint, bytes for all others."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == _VARINT:
            whole, at = _varint(message, at)
            yield key >> 3, whole
            continue
        if kind == _BYTES:
            length, at = _varint(message, at)
        elif kind in (_FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"a field of kind {kind}")
        if at + length > len(message):
            raise ValueError("a field is longer than its message")
        yield key >> 3, message[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A whole number in groups of seven bits, the lowest first, and where it ends."""
    whole = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        whole |= (byte & 0x7F) << shift
        if byte < 0x80:
            return whole, at
    raise ValueError("a number of more than ten bytes")


def _signed(whole: int) -> int:
    return whole - (1 << 64) if whole >= 1 << 63 else whole
