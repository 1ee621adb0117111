"""An SQL database, as the worker's env has it."""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import _pymode

from pymode._binding import Binding, Result
from pymode._host import call


class D1Error(Exception):
    """What the database says of a query; the cause has the text without its prefix."""

    __module__ = "pymode.env"  # where workers import it from; tracebacks say so


class D1Result(Sequence[dict[str, Any]]):
    """The rows of a query, each a dict, and what is told of it.

    `result.results` and `result["results"]` are the rows, `result.meta` and
    `result.success` the rest; the result itself iterates over the rows.
    """

    def __init__(self, results: list[dict[str, Any]], meta: Mapping[str, Any]) -> None:
        self.results = results
        self.success = True
        self.meta = Result(meta)
        if isinstance(timings := self.meta.get("timings"), dict):
            self.meta["timings"] = Result(timings)

    def __getitem__(self, key: Any) -> Any:
        """Give a part by its name, or a row by its number."""
        if isinstance(key, str):
            if key not in self.keys():
                raise KeyError(key)
            return getattr(self, key)
        return self.results[key]

    def keys(self) -> list[str]:
        """List the names of the parts."""
        return ["success", "meta", "results"]

    def get(self, key: str, default: Any = None) -> Any:
        """Give a part by its name, or the default."""
        return getattr(self, key) if key in self.keys() else default

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    def __contains__(self, item: object) -> bool:
        """Say whether there is such a part, or such a row."""
        return item in self.keys() if isinstance(item, str) else item in self.results

    def __eq__(self, other: object) -> bool:
        """Compare the rows."""
        if isinstance(other, D1Result):
            return self.results == other.results
        return self.results == other

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        """Be true also without rows: the query succeeded."""
        return True

    def __repr__(self) -> str:
        return f"<D1Result {len(self.results)} rows>"


class D1PreparedStatement:
    """SQL with parameters, to be run as often as one likes."""

    def __init__(self, database: D1, sql: str, params: list[Any] | None = None) -> None:
        self._database = database
        self._sql = sql
        self._params = params or []

    def bind(self, *params: Any) -> D1PreparedStatement:
        """Give the statement with these parameters."""
        return D1PreparedStatement(self._database, self._sql, [_wire(p) for p in params])

    def all(self) -> D1Result:
        """Run it and give all rows."""
        return _result(self._run("all"))

    def run(self) -> D1Result:
        """Run it, for what it changes."""
        return _result(self._run("run"))

    def first(self, column: str | None = None) -> Any:
        """Run it and give the first row, or that row's value in a column; None without rows."""
        answer = self._run("first")
        rows = _rows(answer)
        if not rows:
            return None
        row = dict(zip(answer["columns"], rows[0], strict=True))
        if column is None:
            return row
        if column not in row:
            raise _error(f"D1_COLUMN_NOTFOUND: Column not found ({column})")
        return row[column]

    def raw(
        self,
        column_names: bool | Mapping[str, Any] = False,
        *,
        columnNames: bool | None = None,  # noqa: N803
    ) -> list[list[Any]]:
        """Run it and give the rows as lists, the columns' names first where they are asked for."""
        answer = self._run("raw")
        if isinstance(column_names, Mapping):
            column_names = bool(column_names.get("columnNames", column_names.get("column_names")))
        if columnNames is not None:
            column_names = columnNames
        header = [list(answer["columns"])] if column_names else []
        return header + _rows(answer)

    def _run(self, method: str) -> dict[str, Any]:
        return _call(
            "d1.query",
            {
                "binding": self._database.name,
                "sql": self._sql,
                "params": self._params,
                "method": method,
            },
        )

    def __repr__(self) -> str:
        return f"<D1PreparedStatement {self._sql!r}>"


class D1(Binding):
    """An SQL database."""

    kind = "D1"

    def prepare(self, sql: str) -> D1PreparedStatement:
        """Make a statement of SQL, with ? where parameters go."""
        return D1PreparedStatement(self, str(sql))

    def batch(self, statements: Sequence[D1PreparedStatement]) -> list[D1Result]:
        """Run statements in one transaction: all of them, or none."""
        queries = [{"sql": s._sql, "params": s._params} for s in statements]
        answer = _call("d1.batch", {"binding": self.name, "queries": queries})
        return [_result(item) for item in answer]

    def exec(self, sql: str) -> Result:
        """Run SQL without parameters, each line a statement; gives count and duration."""
        return Result(_call("d1.exec", {"binding": self.name, "sql": str(sql)}))

    def dump(self) -> bytes:
        """Refuse: the platform has no dumps any more."""
        return bytes(_call("d1.dump", {"binding": self.name}))

    def with_session(self, constraint: str | None = None) -> D1DatabaseSession:
        """Give the database as a session: here there are no replicas, so it is the same."""
        return D1DatabaseSession(self)

    withSession = with_session


class D1DatabaseSession:
    """A session of a database."""

    def __init__(self, database: D1) -> None:
        self._database = database

    def prepare(self, sql: str) -> D1PreparedStatement:
        """Make a statement of SQL, with ? where parameters go."""
        return self._database.prepare(sql)

    def batch(self, statements: Sequence[D1PreparedStatement]) -> list[D1Result]:
        """Run statements in one transaction: all of them, or none."""
        return self._database.batch(statements)

    def get_bookmark(self) -> str | None:
        """Give None: without replicas there are no bookmarks."""
        return None

    getBookmark = get_bookmark


def _call(op: str, args: Mapping[str, Any]) -> Any:
    try:
        return call(op, args)[0]
    except _pymode.HostError as e:
        text = str(e)
    if not text.startswith("Error: "):
        raise D1Error(text)
    raise _error(text.removeprefix("Error: "))


def _error(text: str) -> D1Error:
    """Make an error whose cause has the text without "D1_ERROR: "."""
    error = D1Error(text)
    error.__cause__ = D1Error(text.partition(": ")[2])
    return error


def _rows(answer: Mapping[str, Any]) -> list[list[Any]]:
    rows: list[list[Any]] = answer["rows"]
    if answer["blobs"]:
        for row in rows:
            for i, value in enumerate(row):
                if isinstance(value, dict):
                    row[i] = b64decode(value["$blob"])
    return rows


def _result(answer: Mapping[str, Any]) -> D1Result:
    columns = answer["columns"]
    # Of two columns with the same name the last counts, as in the platform's objects.
    return D1Result([dict(zip(columns, row, strict=True)) for row in _rows(answer)], answer["meta"])


def _wire(value: Any) -> Any:
    """Put a parameter into the form in which it goes to the host."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            return None
        # JSON, in which parameters go to the platform, has no NaN and no infinity.
        return number if math.isfinite(number) else None
    if isinstance(value, bytes | bytearray | memoryview):
        return {"$blob": b64encode(value).decode("ascii")}
    if isinstance(value, list | tuple) and all(isinstance(n, int) for n in value):
        return {"$blob": b64encode(bytes(n & 0xFF for n in value)).decode("ascii")}
    shown = "[object Object]" if isinstance(value, Mapping) else str(value)
    raise _error(f"D1_TYPE_ERROR: Type 'object' not supported for value '{shown}'")
