"""Immutable: a mapping that hashes and pickles, so that a profile can travel to any worker."""

from __future__ import annotations

import sys
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from dataclasses import MISSING, fields
from typing import Any, TypeVar

T = TypeVar("T")
_PLAIN = frozenset({str, int, float, bool, type(None), bytes})


class Frozen(Mapping[str, Any]):
    """A read-only mapping. Lists become tuples, and mappings inside become `Frozen` too."""

    __slots__ = ("_data", "_made")
    _data: dict[str, Any]
    _made: dict[Callable[[Frozen], Any], Any]

    def __init__(self, data: Mapping[str, Any] | None = None, /, **values: Any) -> None:
        merged = {**(data or {}), **values} if values or not data else data
        if _PLAIN.issuperset(map(type, merged.values())):
            frozen = dict(merged)
        else:
            frozen = {key: freeze(value) for key, value in merged.items()}
        _set_data(self, frozen)
        _set_made(self, {})

    def __getitem__(self, key: str) -> Any:
        return self._data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    # Those of `Mapping` would do the same by the three above, several times as slowly.

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def get(self, key: str, default: Any = None) -> Any:
        return self._data.get(key, default)

    def keys(self) -> KeysView[str]:
        return self._data.keys()

    def values(self) -> ValuesView[Any]:
        return self._data.values()

    def items(self) -> ItemsView[str, Any]:
        return self._data.items()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Frozen mapping does not change; make a new one with `.with_(...)`")

    def __hash__(self) -> int:
        return hash(frozenset(self._data.items()))

    def __repr__(self) -> str:
        return f"Frozen({self._data!r})"

    def __reduce__(self) -> tuple[type[Frozen], tuple[dict[str, Any]]]:
        return (Frozen, (self._data,))

    def once(self, make: Callable[[Frozen], T]) -> T:
        """Return what a function makes of this, made at the first call; nobody may change it.

        Nothing is kept with an empty one: `NOTHING` is everybody's, of all tenants.
        """
        if not self._data:
            return make(self)
        if make not in self._made:
            self._made.setdefault(make, make(self))
        made: T = self._made[make]
        return made

    def with_(self, **values: Any) -> Frozen:
        """Return a copy with these keys set; a value of None removes its key."""
        merged = {**self._data, **values}
        return Frozen({key: value for key, value in merged.items() if value is not None})


_set_data, _set_made = Frozen._data.__set__, Frozen._made.__set__  # type: ignore[attr-defined]
NOTHING = Frozen()
"""An empty mapping, for all who need one."""


def freeze(value: Any) -> Any:
    """Return `value` with every list, set and mapping inside made immutable."""
    if value.__class__ in _PLAIN or isinstance(value, Frozen):
        return value
    if isinstance(value, (list, tuple)):
        if _PLAIN.issuperset(map(type, value)):
            return tuple(value)
        return tuple(freeze(item) for item in value)
    if isinstance(value, Mapping):
        return Frozen(value)
    if isinstance(value, (set, frozenset)):
        return tuple(sorted(freeze(item) for item in value))
    return value


def thaw(value: Any) -> Any:
    """Return `value` as plain dicts and lists, ready for JSON."""
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [thaw(item) for item in value]
    return value


def quick(cls: type[T]) -> type[T]:
    """Have each slot of a frozen dataclass set by itself when one is made, in a third of the time.

    `dataclass` has it set through `object.__setattr__`, by its name. All fields are given by name;
    a class for which more than that is to be done is a `TypeError`.
    """
    told: Any = fields(cls)  # type: ignore[arg-type]
    outer = {f"put_{one.name}": getattr(cls, one.name).__set__ for one in told}
    outer |= {f"its_{one.name}": one.default for one in told if one.default is not MISSING}
    plain = all(o.init and o.kw_only and o.default_factory is MISSING for o in told)
    clear = {"self", *outer}.isdisjoint(one.name for one in told)
    if not (plain and clear) or hasattr(cls, "__post_init__"):
        raise TypeError(f"{cls.__name__} has more to do when one is made than to set its fields")
    given = [o.name if o.default is MISSING else f"{o.name}=its_{o.name}" for o in told]
    lines = [
        f"def make({', '.join(outer)}):",
        f"    def __init__(self, *, {', '.join(given)}):",
        *(f"        put_{one.name}(self, {one.name})" for one in told),
        "    return __init__",
    ]
    found: dict[str, Any] = {}
    theirs = vars(sys.modules[cls.__module__])  # where its annotations are looked up, too
    exec(compile("\n".join(lines), f"<quick {cls.__name__}>", "exec"), theirs, found)
    made, usual = found["make"](**outer), cls.__init__
    made.__qualname__, made.__annotations__ = usual.__qualname__, usual.__annotations__
    cls.__init__ = made  # type: ignore[method-assign]
    return cls
