"""Words and figures in the reader's language."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from mentorkit.i18n import (
    format_day,
    format_hours,
    format_minutes,
    format_moment,
    format_month,
    format_number,
    format_times,
    is_right_to_left,
    language_name,
    translate,
    utc_hours,
    with_numbers_whole,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of translations with a Dutch catalog."""
    catalog = Catalog(locale="nl", domain="mentorkit")
    catalog.add("Accept", "Aannemen")
    written = io.BytesIO()
    write_mo(written, catalog)
    home = tmp_path / "nl" / "LC_MESSAGES"
    home.mkdir(parents=True)
    (home / "mentorkit.mo").write_bytes(written.getvalue())
    return tmp_path


def test_a_region_reads_its_languages_catalog(folder: Path) -> None:
    assert translate("Accept", "nl-BE", folder=folder) == "Aannemen"


def test_a_language_without_a_catalog_reads_english(folder: Path) -> None:
    assert translate("Accept", "sw", folder=folder) == "Accept"
    assert translate("Accept", "sw") == "Accept"


def test_what_nobody_translated_stays(folder: Path) -> None:
    assert translate("Decline", "nl", folder=folder) == "Decline"


def test_nothing_is_not_the_header_of_a_catalog(folder: Path) -> None:
    assert translate("", "nl", folder=folder) == ""


@pytest.mark.parametrize(
    ("locale", "written"), [("en", "4,820,655"), ("de", "4.820.655"), ("xx-nowhere", "4,820,655")]
)
def test_numbers(locale: str, written: str) -> None:
    assert format_number(4_820_655, locale) == written


def test_days() -> None:
    assert format_day(date(2026, 11, 23), "de") == "23. November 2026"
    assert format_month(date(2026, 11, 23), "de") == "November 2026"
    assert format_month(date(2026, 11, 23), "pt-BR") == "novembro de 2026"


@pytest.mark.parametrize(
    ("minutes", "locale", "written"),
    [
        (0, "en", "0 minutes"),
        (45, "en", "45 minutes"),
        (60, "en", "1 hour"),
        (150, "en", "2 hours, 30 minutes"),
        (150, "fr", "2\xa0heures et 30 minutes"),
    ],
)
def test_times_are_hours_and_minutes(minutes: int, locale: str, written: str) -> None:
    assert format_minutes(minutes, locale) == written


def test_moments_stand_on_the_readers_clock() -> None:
    noon = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
    assert "15:00" in format_moment(noon, zone="Africa/Nairobi", locale="en-GB")
    with pytest.raises(ValueError, match="without a zone"):
        format_moment(datetime(2026, 1, 5, 12, 0), zone="UTC")


def test_direction() -> None:
    assert is_right_to_left("ar-EG")
    assert not is_right_to_left("pt_BR")


def test_weekly_times_name_their_days_and_hours_of_utc_say_so() -> None:
    told = ("tue 18:00-20:15", 24, 25, "sun 23:30-24:00")
    assert format_times(told) == ["Tue 18:00-20:15", "Sun 23:30-24:00", "Tue 0-2 (UTC)"]
    assert format_times(told[:1], "es") == ["mar 18:00-20:15"]


def test_weekly_times_are_whole_hours_of_utc_as_the_clock_stands() -> None:
    winter, summer = (datetime(2027, month, 1, tzinfo=UTC) for month in (1, 7))
    evening = ("mon 18:00-20:00",)
    assert utc_hours(evening, "Europe/Paris", winter) == {17, 18}
    assert utc_hours(evening, "Europe/Paris", summer) == {16, 17}
    assert utc_hours(evening, "Asia/Kathmandu", winter) == {13}, "from 12:15 to 14:15"
    assert utc_hours(("mon 00:00-02:00", 5), "Africa/Nairobi", winter) == {165, 166, 5}
    assert utc_hours(("mon 18:15-18:45", "mon 18:45-20:00"), "UTC", winter) == {19}


def test_hours_of_the_week_are_spans_that_end_with_their_day() -> None:
    assert format_hours([24, 23, 9, 8]) == ["Mon 8-10", "Mon 23-24", "Tue 0-1"]
    assert format_hours([8, 167], "es") == ["lun 8-9", "dom 23-24"]
    assert format_hours([]) == []


@pytest.mark.parametrize(("language", "locale", "told"), [
    ("fr", "en", "French"), ("fr", "fr", "Français"), ("pt-BR", "en", "Portuguese (Brazil)"),
    ("klingon!", "en", "klingon!"),
])  # fmt: skip
def test_a_language_is_called_what_its_reader_calls_it(
    language: str, locale: str, told: str
) -> None:
    assert language_name(language, locale) == told


@pytest.mark.parametrize(
    "number",
    [
        "+254 712 345 678",
        "0712 345-678",
        "+1 (212) 555.0100",
        "08.00.10.00.12",
    ],
)
def test_a_phone_number_is_kept_together_where_words_run_from_right_to_left(number: str) -> None:
    text = f"اتصل: {number}.\n{number}"
    assert with_numbers_whole(text, "ar") == text.replace(number, f"\u2066{number}\u2069")
    assert with_numbers_whole(text, "fr") == text


def test_an_address_and_a_small_number_are_left_as_they_are() -> None:
    text = (
        "https://x.example/a?n=+254712345678 https://x.example/Foo_(0123456789) tel:… 20 "
        "2026-11-29 05:00 - 07:00, 08.00-10.00, 08.00–10.00 05 - 07 +5"
    )
    assert with_numbers_whole(text, "he") == text
