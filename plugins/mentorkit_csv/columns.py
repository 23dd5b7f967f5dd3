"""Decides which column of a file feeds what: a lead's own fields, or a field of the profile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from mentorkit.domain.fields import Field
from mentorkit.errors import Problem

RESERVED = (
    "ref", "name", "given_name", "family_name", "email", "phone", "locale", "zone", "born",
    "capacity", "role", "business", "sector", "country", "started", "choices", "campaign",
    "cohort",
)  # fmt: skip
"""The fields of a lead itself; every other target is a field of the program's profile."""

NOTHING = "nothing"
"""What a column is mapped to that is not to be read, whatever it is called."""

_OTHER_NAMES: Mapping[str, str] = {
    "id": "ref", "key": "ref", "reference": "ref", "full name": "name",
    "first name": "given_name", "last name": "family_name", "surname": "family_name",
    "e mail": "email", "email address": "email", "e mail address": "email",
    "telephone": "phone", "mobile": "phone", "phone number": "phone", "language code": "locale",
    "time zone": "zone", "timezone": "zone", "year of birth": "born", "birth year": "born",
    "places": "capacity", "company": "business", "business name": "business",
}  # fmt: skip
"""What people call the reserved fields when nobody told them our names."""


_SLIPS: Mapping[str, tuple[str, ...]] = {"name": ("given_name", "family_name"), "email": ()}
"""What nearly every sheet holds, so that a heading near it is a slip; and what stands instead."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column that is used: where it stands, its name in the file, and what it feeds."""

    index: int
    name: str
    target: str


def folded(name: str) -> str:
    """Return a column's name without what people vary: case, spaces, underscores, hyphens."""
    return " ".join(name.replace("_", " ").replace("-", " ").split()).casefold()


def known_names(columns: Mapping[str, str], fields: Mapping[str, Field]) -> frozenset[str]:
    """Return the names, in lower case, by which a header of this program can be recognised."""
    names = [*columns, *RESERVED, *fields, *(label for label, _ in _labels(fields))]
    return frozenset(name.strip().casefold() for name in names)


def assign(
    header: tuple[str, ...],
    columns: Mapping[str, str],
    fields: Mapping[str, Field],
    *,
    role: str | None,
    name: str,
) -> tuple[tuple[Column, ...], list[Problem], list[Problem]]:
    """Return the columns to use, notes about what was decided, and all that is wrong.

    What `columns` maps goes first; the other columns feed what their names say, unless it is fed.

    Wrong are columns that the file lacks (with the nearest names), names that stand twice in the
    header, targets fed twice, no key, a required field missing. What is fed twice is not used.
    """
    problems: list[Problem] = []
    turned = _turned(header, columns, fields)
    used = _mapped(header, columns, fields, role, name, turned, problems)
    used += recognised(header, fields, used)
    used = [column for column in used if column.target != NOTHING]
    by_target: dict[str, Column] = {}
    for column in used:
        earlier = by_target.setdefault(column.target, column)
        if earlier.name == column.name and earlier is not column:
            problems.append(
                Problem(
                    f"{name}, column {column.name}",
                    f"stands in the header twice, as columns {earlier.index + 1} and "
                    f"{column.index + 1}; rename or remove one",
                )
            )
        elif earlier is not column:
            problems.append(
                Problem(
                    f"{name}, column {column.name}",
                    f"feeds {column.target}, and so does the column {earlier.name}; map only one",
                )
            )
    notes: list[Problem] = []
    meant = {*columns.values(), *turned.values()}
    used_places = {column.index for column in used}
    free = {folded(title): title for at, title in enumerate(header) if at not in used_places}
    if "ref" not in by_target and "email" in by_target:
        notes.append(
            Problem(
                name,
                "has no column for ref, so the e-mail address is what tells people apart; a "
                "person whose address changes would count as a new one",
            )
        )
    elif "ref" not in by_target and not {"ref", "email"} & meant:
        problems.append(
            Problem(
                name,
                "nothing tells people apart; map a column with an id of their own to ref, or one "
                f"with e-mail addresses to email (there are {_quoted(header)})",
            )
        )
    for field in fields.values():
        if not _plays(field, role) or field.id in by_target:
            continue
        near = _near(field.id, free)
        hint = f'if "{near}" is it, map it to {field.id}'
        if field.required and field.id not in meant:
            told = f"has no column for {field.id}, which this program requires; "
            problems.append(Problem(name, told + (hint if near else "add it")))
        elif near:
            notes.append(Problem(name, f"has no column for {field.id}; {hint}"))
    slips = [
        Problem(name, f'has no column for {target}; if "{near}" is it, map it to {target}')
        for target, instead in _SLIPS.items()
        if not {target, *instead} & {*by_target, *meant}
        and (near := _near(target, free, sure=True))
    ]
    notes += slips
    if problems:
        problems += slips
    fed = Counter(column.target for column in used)
    return tuple(column for column in used if fed[column.target] == 1), notes, problems


def unread(
    header: tuple[str, ...],
    columns: Mapping[str, str],
    used: Iterable[Column],
    told: Iterable[Problem],
    name: str,
) -> list[Problem]:
    """Return a note of the columns that feed nothing, but for those meant to, or `told` of."""
    places = {column.index for column in used}
    meant = {folded(title) for title, target in columns.items() if target == NOTHING}
    said = " ".join(one.message for one in told)
    left = [
        f'"{title}"'
        for at, title in enumerate(header)
        if title and at not in places and folded(title) not in meant and f'"{title}"' not in said
    ]
    which = "these columns are" if len(left) > 1 else "this column is"
    message = f"{which} not read: {', '.join(left)}; map what is to be kept to a field of its own"
    return [Problem(name, message)] if left else []


def _mapped(
    header: tuple[str, ...],
    columns: Mapping[str, str],
    fields: Mapping[str, Field],
    role: str | None,
    name: str,
    turned: Mapping[str, str],
    problems: list[Problem],
) -> list[Column]:
    exact: dict[str, list[int]] = {}
    loose: dict[str, list[int]] = {}
    for index, title in enumerate(header):
        exact.setdefault(title, []).append(index)
        loose.setdefault(folded(title), []).append(index)
    used: list[Column] = []
    for title, target in columns.items():
        places = exact.get(title.strip()) or loose.get(folded(title))
        if places:
            used += [Column(index, header[index], target) for index in places]
        elif title in turned:
            told = f'turn the two round: write `"{target}" = "{turned[title]}"` (left the heading '
            problems.append(
                Problem(f"{name}, column {title}", f"{told}of the sheet, right what it feeds)")
            )
        elif not _optional(target, fields, role):
            near = get_close_matches(folded(title), list(loose), n=3, cutoff=0.5)
            names = [header[loose[one][0]] for one in near if one]
            hint = f"did you mean {_quoted(names)}?" if names else f"it has {_quoted(header)}"
            problems.append(
                Problem(f"{name}, column {title}", f"is mapped to {target} but not there; {hint}")
            )
    return used


def _turned(
    header: tuple[str, ...], columns: Mapping[str, str], fields: Mapping[str, Field]
) -> dict[str, str]:
    """Return what is mapped the wrong way round, a name of ours to a heading: what each means."""
    titles = {folded(title) for title in header}
    ours = {**_OTHER_NAMES, **{folded(target): target for target in (*RESERVED, *fields)}}
    return {
        title: ours[folded(title)]
        for title, target in columns.items()
        if folded(title) in ours.keys() - titles
        and folded(target) in titles
        and target not in (*RESERVED, *fields)
    }


def recognised(
    header: tuple[str, ...], fields: Mapping[str, Field], mapped: Sequence[Column] = ()
) -> list[Column]:
    """Return the columns whose names fit, but for those that are mapped and what those feed."""
    taken = {column.index for column in mapped}
    fed = {column.target for column in mapped}
    names: dict[str, str] = {folded(label): target for label, target in _labels(fields)}
    names.update((folded(target), target) for target in (*fields, *RESERVED))
    plain = set(names)
    used = [
        Column(index, title, names[folded(title)])
        for index, title in enumerate(header)
        if folded(title) in plain and index not in taken and names[folded(title)] not in fed
    ]
    # Other names count only where the real one is absent: `id` beside `ref` is just a column.
    fed |= {column.target for column in used}
    for index, title in enumerate(header):
        target = _OTHER_NAMES.get(folded(title))
        if target and target not in fed and folded(title) not in plain and index not in taken:
            used.append(Column(index, title, target))
    return used


def _labels(fields: Mapping[str, Field]) -> Iterable[tuple[str, str]]:
    for field in fields.values():
        for label in field.label.values():
            yield str(label), field.id


def _near(target: str, titles: Mapping[str, str], *, sure: bool = False) -> str | None:
    """Return the column that may well be meant: nearly the same name, or a longer one with it.

    With `sure` the longer ones do not count.
    """
    wanted = folded(target)
    longer = [one for one in titles if not sure and set(wanted.split()) <= set(one.split())]
    near = get_close_matches(wanted, list(titles), n=1, cutoff=0.75) or longer
    return titles[near[0]] if near else None


def _optional(target: str, fields: Mapping[str, Field], role: str | None) -> bool:
    """Return whether a file about this role may do without: mentees offer no capacity."""
    if target == NOTHING:
        return True
    if target == "capacity":
        return role == "mentee"
    return target in fields and not _plays(fields[target], role)


def _plays(field: Field, role: str | None) -> bool:
    return role in field.roles if role in ("mentee", "mentor") else len(field.roles) == 2


def _quoted(names: Iterable[Any]) -> str:
    shown = [f'"{name}"' for name in names if name]
    return ", ".join(shown[:20]) + (", ..." if len(shown) > 20 else "")
