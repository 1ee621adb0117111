"""Header fields: names in any case, repeats and order kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any, TypeVar, overload

T = TypeVar("T")

HeadersInit = Mapping[str, Any] | Iterable[tuple[str, Any]] | None


class Headers(MutableMapping[str, str]):
    """The header fields of a request or a response.

    Looks like a dict whose keys have no case. A name that occurs more than
    once is given as one value, joined by ", ", as the fetch API does it;
    `get_all` gives each, and `items` all fields in their order.
    """

    __slots__ = ("_fields",)

    def __init__(self, init: HeadersInit = None, /, **more: str) -> None:
        self._fields: list[list[Any]] = []
        if init is not None:
            self.extend(init)
        for name, value in more.items():
            self.append(name, value)

    @classmethod
    def wrap(cls, fields: list[list[Any]]) -> Headers:
        """Make headers of [name, value] lists without copying them."""
        headers = cls.__new__(cls)
        headers._fields = fields
        return headers

    def fields(self) -> list[list[Any]]:
        """Give the fields as they are held: [name, value] lists."""
        return self._fields

    def extend(self, init: HeadersInit) -> None:
        """Append fields: of a mapping, of other headers, or of pairs.

        A list or tuple as a mapping's value is a name that repeats.
        """
        if init is None:
            return
        if isinstance(init, Headers):
            self._fields.extend([name, value] for name, value in init._fields)
        elif isinstance(init, Mapping):
            for name, value in init.items():
                for one in value if isinstance(value, (list, tuple)) else (value,):
                    self.append(name, one)
        else:
            for name, value in init:
                self.append(name, value)

    def append(self, name: str, value: Any) -> None:
        """Add a field; what is there under the name stays."""
        self._fields.append([name, value])

    add = append

    def set(self, name: str, value: Any) -> None:
        """Put one field in place of all of that name."""
        low = name.lower()
        for i, (other, _) in enumerate(self._fields):
            if other.lower() == low:
                self._fields[i] = [name, value]
                self._fields[i + 1 :] = [f for f in self._fields[i + 1 :] if f[0].lower() != low]
                return
        self._fields.append([name, value])

    __setitem__ = set

    def delete(self, name: str) -> None:
        """Remove all fields of a name; it need not be there."""
        low = name.lower()
        self._fields[:] = [field for field in self._fields if field[0].lower() != low]

    def __delitem__(self, name: str) -> None:
        """Remove all fields of a name; KeyError where there is none."""
        if name not in self:
            raise KeyError(name)
        self.delete(name)

    def get_all(self, name: str) -> list[str]:
        """List the values of a name, in their order."""
        low = name.lower()
        return [value for other, value in self._fields if other.lower() == low]

    getall = getAll = getlist = get_all

    def get_set_cookie(self) -> list[str]:
        """List the Set-Cookie values, which can't be joined."""
        return self.get_all("set-cookie")

    getSetCookie = get_set_cookie

    @overload
    def get(self, name: str, default: None = None) -> str | None: ...
    @overload
    def get(self, name: str, default: T) -> str | T: ...

    def get(self, name: str, default: Any = None) -> Any:
        """Give the value of a name, its repeats joined by ", "."""
        values = self.get_all(name)
        if len(values) == 1:
            return values[0]
        return ", ".join(map(str, values)) if values else default

    def __getitem__(self, name: str) -> str:
        """Give the value of a name; KeyError where there is none."""
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def has(self, name: str) -> bool:
        """Say whether there is a field of that name."""
        return name in self

    def __contains__(self, name: object) -> bool:
        """Say whether there is a field of that name."""
        if not isinstance(name, str):
            return False
        low = name.lower()
        return any(other.lower() == low for other, _ in self._fields)

    def __iter__(self) -> Iterator[str]:
        """Yield every name once, as it was first written."""
        seen = set()
        for name, _ in self._fields:
            if (low := name.lower()) not in seen:
                seen.add(low)
                yield name

    def __len__(self) -> int:
        """Count the names that differ."""
        return len({name.lower() for name, _ in self._fields})

    def items(self) -> list[tuple[str, str]]:
        """List all fields as (name, value), repeats included."""
        return [(name, value) for name, value in self._fields]

    entries = items

    def values(self) -> list[str]:
        """List the values of all fields, repeats included."""
        return [value for _, value in self._fields]

    def copy(self) -> Headers:
        """Give headers of their own with the same fields."""
        return Headers(self)

    def __eq__(self, other: object) -> bool:
        """Compare fields in their order, names without case."""
        if isinstance(other, Headers):
            return _lower(self._fields) == _lower(other._fields)
        if isinstance(other, Mapping):
            return {k.lower(): v for k, v in dict(self).items()} == {
                str(k).lower(): v for k, v in other.items()
            }
        return NotImplemented

    __hash__ = None

    def __repr__(self) -> str:
        """Show the fields."""
        return f"Headers({self.items()!r})"


def _lower(fields: list[list[Any]]) -> list[tuple[str, Any]]:
    return [(name.lower(), value) for name, value in fields]
