"""Reads a pickle stream as data: names and calls are written down, never imported and never made.

The instruction set is that of `pickletools` (protocols 0 to 5). What comes out consists of None, bool, int,
float, str, bytes (long ones as read-only memoryview), list, tuple, dict, set, frozenset, `Name`, `Call`, and
whatever the caller's own handler returned for a persistent id.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from planetview.engine.pickle_machine.octets import NUMBER_TEXT, Octets
from planetview.engine.pickle_machine.values import Call, Name, damaged, refused_instruction, refused_name

Allowed = Collection[tuple[str, str]]

# The mark that begins torch's older files takes ten bytes; nothing else comes near.
_INTEGER_BYTES = 10
# Wider whole numbers can be chosen so that all collide as keys, which makes a dictionary take quadratic time.
_KEY_BITS = 63
_NAME_TEXT = 512
_CHECK_EVERY = 8192
_KEY_TYPES = (str, int, float, bool, type(None), bytes)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one stream may take; files of 300 MB hold below 200,000 operations."""

    operations: int = 5_000_000
    stack: int = 200_000
    marks: int = 1_000
    memo: int = 2_000_000


DEFAULT_LIMITS: Final = Limits()


def never_cancelled() -> None:
    """Stand in where the caller has nothing to check."""


def run_pickle(
    data: bytes | mmap.mmap,
    allowed: Allowed,
    *,
    start: int = 0,
    persistent: Callable[[Any], Any] | None = None,
    limits: Limits = DEFAULT_LIMITS,
    check: Callable[[], None] = never_cancelled,
) -> tuple[Any, int]:
    """Read the pickle that begins at `start`; return its value and the offset behind it.

    allowed: the (module, name) pairs that may be mentioned. persistent: turns a persistent id into a value;
    without it such an id is refused. check: called every few thousand operations.
    Values may share memory with `data`. Raises UnsafeFile for everything that is not allowed or not well formed.
    """
    machine = _Machine(data, allowed, start, persistent, limits)
    return machine.run(check), machine.position


class _Machine(Octets):
    """The state of one run."""

    __slots__ = ("_allowed", "_limits", "_marks", "_memo", "_persistent", "_stack", "_start")

    def __init__(
        self,
        data: bytes | mmap.mmap,
        allowed: Allowed,
        start: int,
        persistent: Callable[[Any], Any] | None,
        limits: Limits,
    ) -> None:
        super().__init__(data, start)
        self._allowed, self._persistent, self._limits = allowed, persistent, limits
        self._start = start
        self._stack: list[Any] = []
        self._marks: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def run(self, check: Callable[[], None]) -> Any:
        """Follow the stream to its end; return the one value left."""
        limits, data = self._limits, self._data
        for count in range(limits.operations):
            if count % _CHECK_EVERY == 0:
                check()
            if self.position >= self._end:
                raise damaged("it ends too early")
            code = data[self.position]
            self.position += 1
            if code == _STOP:
                return self._finish()
            operation = _OPERATIONS.get(code)
            if operation is None:
                self._refuse_instruction(code)
            operation(self)
            if len(self._stack) > limits.stack:
                raise damaged(f"more than {limits.stack:,} values wait at once")
        raise damaged(f"it takes more than {limits.operations:,} steps to read")

    def _finish(self) -> Any:
        if self._marks or len(self._stack) != 1:
            raise damaged("values are left over at its end")
        return self._stack[0]

    def _refuse_instruction(self, code: int) -> NoReturn:
        what = _REFUSED.get(code)
        if what is None:
            raise damaged(f"byte {self.position - 1:,} is not an instruction")
        raise refused_instruction(what)

    def _pop(self) -> Any:
        if not self._stack:
            raise damaged("a value is missing")
        return self._stack.pop()

    def _top(self) -> Any:
        if not self._stack:
            raise damaged("a value is missing")
        return self._stack[-1]

    def _pop_to_mark(self) -> list[Any]:
        if not self._marks:
            raise damaged("a mark is missing")
        values, self._stack = self._stack, self._marks.pop()
        return values

    def _replace(self, count: int) -> None:
        """Turn the last `count` values into one tuple."""
        if len(self._stack) < count:
            raise damaged("a value is missing")
        values = tuple(self._stack[-count:])
        self._stack[-count:] = [values]

    def mark(self) -> None:
        if len(self._marks) >= self._limits.marks:
            raise damaged(f"values are nested more than {self._limits.marks:,} deep")
        self._marks.append(self._stack)
        self._stack = []

    def pop(self) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self._pop_to_mark()

    def pop_marked(self) -> None:
        self._pop_to_mark()

    def protocol(self) -> None:
        if self.position != self._start + 1 or self.number(1) > 5:
            raise damaged("its protocol is not known")

    def frame(self) -> None:
        if self.number(8) > self._end - self.position:
            raise damaged("it ends too early")

    def integer_text(self) -> None:
        line = self._data[self.position : self.position + 3]
        if line in (b"00\n", b"01\n"):
            self.position += 3
            self._stack.append(line == b"01\n")
        else:
            self._stack.append(self._small(self.decimal()))

    def long_text(self) -> None:
        self._stack.append(self._small(self.decimal()))

    @staticmethod
    def _small(number: int) -> int:
        if number.bit_length() >= 8 * _INTEGER_BYTES:
            raise damaged("a number is too large")
        return number

    def long_bytes(self, width: int) -> None:
        count = self.number(width)
        if count > _INTEGER_BYTES:
            raise damaged("a number is too large")
        self._stack.append(int.from_bytes(self.take(count), "little", signed=True))

    def float_text(self) -> None:
        line = self.line(NUMBER_TEXT)
        try:
            self._stack.append(float(line))
        except ValueError as error:
            raise damaged("a number is not a number") from error

    def unicode_text(self) -> None:
        try:
            self._stack.append(self.line().decode("raw-unicode-escape"))
        except UnicodeDecodeError as error:
            raise damaged("a text cannot be decoded") from error

    def items(self) -> None:
        values = self._pop_to_mark()
        if len(values) % 2:
            raise damaged("a key has no value")
        self._store(self._top(), values)

    def item(self) -> None:
        value, key = self._pop(), self._pop()
        self._store(self._top(), [key, value])

    def _store(self, target: Any, values: list[Any]) -> None:
        if type(target) is Call:
            target = target.items
        if type(target) is not dict:
            raise damaged("a value is stored by key in something that has no keys")
        _keyed(target, values)

    def append(self) -> None:
        value = self._pop()
        self._list().append(value)

    def appends(self) -> None:
        values = self._pop_to_mark()
        self._list().extend(values)

    def _list(self) -> list[Any]:
        target = self._top()
        if type(target) is not list:
            raise damaged("a value is appended to something that is no list")
        return target

    def add_items(self) -> None:
        values, target = self._pop_to_mark(), self._top()
        if type(target) is not set:
            raise damaged("a value is added to something that is no set")
        target.update(_plain_values(values))

    def global_text(self) -> None:
        try:
            module, name = self.line(_NAME_TEXT).decode(), self.line(_NAME_TEXT).decode()
        except UnicodeDecodeError as error:
            raise damaged("a name is not text") from error
        self._mention(module, name)

    def global_of_stack(self) -> None:
        name, module = self._pop(), self._pop()
        if type(name) is not str or type(module) is not str:
            raise damaged("a name is not text")
        self._mention(module, name)

    def _mention(self, module: str, name: str) -> None:
        if (module, name) not in self._allowed:
            raise refused_name(module, name)
        self._stack.append(Name(module, name))

    def call(self) -> None:
        args, callee = self._pop(), self._pop()
        if type(callee) is not Name or type(args) is not tuple:
            raise damaged("it calls something that is no function")
        self._stack.append(Call(callee, args))

    def build(self) -> None:
        state, target = self._pop(), self._top()
        if type(target) is not Call or target.state is not None:
            raise damaged("it changes something that is not its own")
        target.state = state

    def remember(self, index: int) -> None:
        if len(self._memo) >= self._limits.memo:
            raise damaged(f"it remembers more than {self._limits.memo:,} values")
        self._memo[index] = self._top()

    def recall(self, index: int) -> None:
        if index not in self._memo:
            raise damaged("it recalls a value it never had")
        self._stack.append(self._memo[index])

    def persistent_text(self) -> None:
        self._resolve(_PERSID, self.line(_NAME_TEXT).decode("latin-1"))

    def persistent_of_stack(self) -> None:
        self._resolve(_BINPERSID, self._pop())

    def _resolve(self, code: int, identity: Any) -> None:
        if self._persistent is None:
            self._refuse_instruction(code)
        self._stack.append(self._persistent(identity))


def _keyed(target: dict[Any, Any], values: list[Any]) -> dict[Any, Any]:
    if len(values) % 2:
        raise damaged("a key has no value")
    for key in values[::2]:
        _require_plain(key)
    target.update(zip(values[::2], values[1::2], strict=True))
    return target


def _require_plain(value: Any) -> None:
    if type(value) not in _KEY_TYPES or (type(value) is int and value.bit_length() > _KEY_BITS):
        raise damaged("a key is neither text nor a plain number")


def _plain_values(values: list[Any]) -> list[Any]:
    for value in values:
        _require_plain(value)
    return values


def _push(make: Callable[[_Machine], Any]) -> Callable[[_Machine], None]:
    def operation(machine: _Machine) -> None:
        machine._stack.append(make(machine))

    return operation


def _make(make: Callable[[list[Any]], Any]) -> Callable[[_Machine], None]:
    def operation(machine: _Machine) -> None:
        made = make(machine._pop_to_mark())
        machine._stack.append(made)

    return operation


_STOP, _PERSID, _BINPERSID = ord("."), ord("P"), ord("Q")
_REFUSED: Final = {
    _PERSID: "PERSID",
    _BINPERSID: "BINPERSID",
    ord("S"): "STRING",
    ord("T"): "BINSTRING",
    ord("U"): "SHORT_BINSTRING",
    ord("i"): "INST",
    ord("o"): "OBJ",
    0x82: "EXT1",
    0x83: "EXT2",
    0x84: "EXT4",
    0x92: "NEWOBJ_EX",
    0x97: "NEXT_BUFFER",
    0x98: "READONLY_BUFFER",
}
_OPERATIONS: Final[dict[int, Callable[[_Machine], None]]] = {
    ord("("): _Machine.mark,
    ord("0"): _Machine.pop,
    ord("1"): _Machine.pop_marked,
    ord("2"): _push(lambda m: m._top()),
    0x80: _Machine.protocol,
    0x95: _Machine.frame,
    ord("N"): _push(lambda m: None),
    0x88: _push(lambda m: True),
    0x89: _push(lambda m: False),
    ord("I"): _Machine.integer_text,
    ord("L"): _Machine.long_text,
    ord("J"): _push(lambda m: int.from_bytes(m.take(4), "little", signed=True)),
    ord("K"): _push(lambda m: m.number(1)),
    ord("M"): _push(lambda m: m.number(2)),
    0x8A: lambda m: m.long_bytes(1),
    0x8B: lambda m: m.long_bytes(4),
    ord("F"): _Machine.float_text,
    ord("G"): _push(lambda m: struct.unpack(">d", m.take(8))[0]),
    ord("V"): _Machine.unicode_text,
    0x8C: _push(lambda m: m.text(m.number(1))),
    ord("X"): _push(lambda m: m.text(m.number(4))),
    0x8D: _push(lambda m: m.text(m.number(8))),
    ord("C"): _push(lambda m: m.take(m.number(1))),
    ord("B"): _push(lambda m: m.take_view(m.number(4))),
    0x8E: _push(lambda m: m.take_view(m.number(8))),
    0x96: _push(lambda m: m.take_view(m.number(8))),
    ord(")"): _push(lambda m: ()),
    ord("t"): _make(tuple),
    0x85: lambda m: m._replace(1),
    0x86: lambda m: m._replace(2),
    0x87: lambda m: m._replace(3),
    ord("]"): _push(lambda m: []),
    ord("l"): _make(list),
    ord("a"): _Machine.append,
    ord("e"): _Machine.appends,
    ord("}"): _push(lambda m: {}),
    ord("d"): _make(lambda values: _keyed({}, values)),
    ord("s"): _Machine.item,
    ord("u"): _Machine.items,
    0x8F: _push(lambda m: set()),
    0x90: _Machine.add_items,
    0x91: _make(lambda values: frozenset(_plain_values(values))),
    ord("c"): _Machine.global_text,
    0x93: _Machine.global_of_stack,
    ord("R"): _Machine.call,
    0x81: _Machine.call,
    ord("b"): _Machine.build,
    ord("p"): lambda m: m.remember(m.decimal()),
    ord("q"): lambda m: m.remember(m.number(1)),
    ord("r"): lambda m: m.remember(m.number(4)),
    0x94: lambda m: m.remember(len(m._memo)),
    ord("g"): lambda m: m.recall(m.decimal()),
    ord("h"): lambda m: m.recall(m.number(1)),
    ord("j"): lambda m: m.recall(m.number(4)),
    _PERSID: _Machine.persistent_text,
    _BINPERSID: _Machine.persistent_of_stack,
}
