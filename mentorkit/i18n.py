"""Words and figures in the reader's language: gettext domain `mentorkit`, formats from Babel.

Catalogs stand in `translations/` beside this file (``<locale>/LC_MESSAGES/mentorkit.mo``). A
language without a catalog reads English; its dates and numbers are its own all the same.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from babel import Locale

DOMAIN = "mentorkit"
TRANSLATIONS = Path(__file__).parent / "translations"
FALLBACK = "en"
WEEK = 7 * 24
"""The hours of a week."""
QUARTER = 15
"""The minutes in which weekly times are told."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PHONE = re.compile(
    r"(?<![^\s(])(?<!\S\()(?!\d\d?[.:]\d\d ?[-–] ?\d\d?[.:]\d\d)"
    r"(?:\+|0)[0-9](?:[ ().-]{0,2}[0-9]){5,}"
)
"""A phone number as people write it, of seven digits or more; in an address no space is before it,
and hours from one to another (``05:00 - 07:00``, ``08.00-10.00``) are none."""


@lru_cache(maxsize=64)
def translations(locale: str, folder: Path = TRANSLATIONS) -> gettext.NullTranslations:
    """Return the catalog for a locale (BCP 47, ``pt-BR``): the region's, else its language's."""
    wanted = locale.replace("-", "_")
    languages = [wanted, wanted.split("_")[0]]
    return gettext.translation(DOMAIN, folder, languages=languages, fallback=True)


def translate(message: str, locale: str = FALLBACK, *, folder: Path = TRANSLATIONS) -> str:
    """Return `message` in this language, or as it is where nobody has translated it yet."""
    return translations(locale, folder).gettext(message) if message else ""


def counted(
    one: str, many: str, count: int, locale: str = FALLBACK, *, folder: Path = TRANSLATIONS
) -> str:
    """Return the form for a count in this language; in English `one` is for 1 alone."""
    return translations(locale, folder).ngettext(one, many, count)


def format_number(value: int | float, locale: str = FALLBACK) -> str:
    """Return a number as written in this language: 4,820,655 or 4.820.655."""
    from babel.numbers import format_decimal

    return format_decimal(value, locale=babel_locale(locale))


def format_minutes(minutes: int, locale: str = FALLBACK) -> str:
    """Return a time in hours and minutes, in words of this language: 1 hour, 30 minutes."""
    from babel.lists import format_list
    from babel.units import format_unit

    units = dict(zip(("hour", "minute"), divmod(minutes, 60), strict=True))
    language = babel_locale(locale)
    told = [
        format_unit(count, f"duration-{unit}", locale=language)
        for unit, count in units.items()
        if count or (unit == "minute" and minutes < 60)
    ]
    return str(format_list(told, style="unit", locale=language))


def format_day(day: date, locale: str = FALLBACK) -> str:
    """Return a date as written in this language, the month in words."""
    from babel.dates import format_date

    return format_date(day, format="long", locale=babel_locale(locale))


def format_month(day: date, locale: str = FALLBACK) -> str:
    """Return the month of a date as written in this language, with its year: March 2027."""
    from babel.dates import format_skeleton

    return str(format_skeleton("yMMMM", day, locale=babel_locale(locale)))


def format_clock(moment: datetime, *, zone: str, locale: str = FALLBACK) -> str:
    """Return the time of day of an aware time on the clock of `zone`: 9:00 PM or 21:00."""
    from babel.dates import format_time

    clock = ZoneInfo(zone)
    return str(format_time(moment, format="short", tzinfo=clock, locale=babel_locale(locale)))


def format_moment(moment: datetime, *, zone: str, locale: str = FALLBACK) -> str:
    """Return an aware time on the reader's own clock, and where that clock is.

    `zone` is an IANA name: ``Mon, Mar 1, 2027, 9:00 PM (Nairobi)``.
    """
    from babel.dates import format_skeleton, format_time, get_timezone_location

    if moment.tzinfo is None:
        raise ValueError("a time without a zone means nothing to a reader elsewhere")
    clock, words = ZoneInfo(zone), babel_locale(locale)
    day = format_skeleton("yMMMEd", moment.astimezone(clock), locale=words)
    time = format_time(moment, format="short", tzinfo=clock, locale=words)
    return f"{day}, {time} ({get_timezone_location(clock, locale=words, return_city=True)})"


def clock_in(zone: str, otherwise: str) -> str:
    """Return somebody's time zone; UTC is that of whoever has told none, so then `otherwise`."""
    return otherwise if zone == "UTC" else zone


@lru_cache(maxsize=1 << 10)
def ahead(zone: str, now: datetime) -> int:
    """Return by how many whole hours a clock in this zone is ahead of UTC now, rounded down.

    So where a clock is off by half an hour, a span begins that much later, and never before
    somebody is free.
    """
    return (now.astimezone(ZoneInfo(zone)).utcoffset() or timedelta(0)) // timedelta(hours=1)


def in_utc(hours: Iterable[int], zone: str, now: datetime) -> tuple[int, ...]:
    """Return the hours of UTC that these hours of the week of a clock in this zone are."""
    before = ahead(zone, now)
    return tuple(sorted((hour - before) % WEEK for hour in hours))


@lru_cache(maxsize=1 << 14)
def quarters(time: str) -> range:
    """Return the quarters of an hour of a week (0 is Monday 00:00) that ``mon 18:00-20:15`` is."""
    day, _, span = time.partition(" ")
    ends = [tuple(map(int, end.split(":"))) for end in span.split("-")]
    first, past = (24 * 60 * DAYS.index(day) + 60 * hour + minute for hour, minute in ends)
    return range(first // QUARTER, past // QUARTER)


def utc_hours(times: Iterable[str | int], zone: str, now: datetime) -> set[int]:
    """Return the whole hours of the week of UTC within times of a clock in this zone, as of now.

    A number is an hour of UTC already.
    """
    ahead_by = (now.astimezone(ZoneInfo(zone)).utcoffset() or timedelta(0)) // timedelta(minutes=1)
    told = [one for one in times if isinstance(one, str)]
    week = 4 * WEEK
    free = {(one - ahead_by // QUARTER) % week for time in told for one in quarters(time)}
    whole = {hour for hour in range(WEEK) if free >= {*range(4 * hour, 4 * hour + 4)}}
    return whole | {one for one in times if isinstance(one, int)}


def format_times(times: Iterable[str | int], locale: str = FALLBACK) -> list[str]:
    """Return weekly times with the days named in this language: ``Mon 18:00-20:15``.

    Numbers among them, hours of UTC, come last and say so.
    """
    from babel.dates import get_day_names

    names = get_day_names("abbreviated", locale=babel_locale(locale))
    split = [one.split(" ") for one in times if isinstance(one, str)]
    told = [f"{names[DAYS.index(day)]} {span}" for day, span in split]
    hours = [one for one in times if isinstance(one, int)]
    return told + [f"{span} (UTC)" for span in format_hours(hours, locale)]


def format_hours(hours: Iterable[int], locale: str = FALLBACK) -> list[str]:
    """Return hours of the week (0 is Monday 00:00) as spans: ``Mon 18-20`` for 18 and 19.

    The days are named in this language; in English `Field.parse` reads the spans back.
    """
    from babel.dates import get_day_names

    spans: list[list[int]] = []
    for hour in sorted(hours):
        if spans and spans[-1][1] == hour and hour % 24:
            spans[-1][1] = hour + 1
        else:
            spans.append([hour, hour + 1])
    days = get_day_names("abbreviated", locale=babel_locale(locale))
    return [f"{days[start // 24]} {start % 24}-{(end - 1) % 24 + 1}" for start, end in spans]


def zone_named(text: str, locale: str = FALLBACK) -> str:
    """Return the id of the time zone that is named: by an id, a city, or a country with but one.

    What names none is returned as it is.
    """
    from babel.core import get_global

    wanted = " ".join(text.replace("_", " ").split()).casefold()
    for zone in get_global("zone_territories"):
        plain = zone.replace("_", " ").casefold()
        if wanted in (plain, plain.rpartition("/")[2]):
            return str(zone)
    for words in (babel_locale(locale), babel_locale(FALLBACK)):
        for code, zones in get_global("territory_zones").items():
            if len(zones) == 1 and words.territories.get(code, "").casefold() == wanted:
                return str(zones[0])
    return text.strip()


def currencies_of(zone: str) -> list[str]:
    """Return the currencies in use today in the country of a time zone; none for UTC."""
    from babel.core import get_global
    from babel.numbers import get_territory_currencies

    country = get_global("zone_territories").get(zone)
    return list(get_territory_currencies(country)) if country else []


@lru_cache(maxsize=256)
def is_right_to_left(locale: str) -> bool:
    """Return whether this language is written from right to left."""
    return babel_locale(locale).text_direction == "rtl"


def with_numbers_whole(text: str, locale: str) -> str:
    """Keep each phone number of a text together, where the language runs from right to left.

    There its groups of digits would be shown in the opposite order, as if each were a word of its
    own: U+2066 and U+2069 say that they run from left to right (UAX 9). Addresses are left alone.
    """
    if not is_right_to_left(locale):
        return text
    return _PHONE.sub("\u2066\\g<0>\u2069", text)


@lru_cache(maxsize=256)
def language_name(language: str, locale: str = FALLBACK) -> str:
    """Return what a language (BCP 47) is called in `locale`: ``fr`` is French, français, ...

    What is no language that is known stays as it is.
    """
    if not is_locale(language):
        return language
    told = babel_locale(language).get_display_name(babel_locale(locale))
    return told[:1].upper() + told[1:] if told else language


@lru_cache(maxsize=64)
def is_locale(locale: str) -> bool:
    """Return whether this (BCP 47) names a language that is known."""
    from babel import Locale, UnknownLocaleError

    try:
        Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return False
    return True


def babel_locale(locale: str) -> Locale:
    """Return Babel's locale: the region's, else its language's, else English."""
    from babel import Locale, UnknownLocaleError

    for wanted in (locale, locale.replace("_", "-").split("-")[0], FALLBACK):
        try:
            return Locale.parse(wanted.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            continue
    raise AssertionError("Babel ships no English")  # pragma: no cover - Babel always does
