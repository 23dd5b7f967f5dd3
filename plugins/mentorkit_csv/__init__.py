"""The plugin `csv`: people come from CSV and XLSX files, and tables go out as such files.

What a spreadsheet may hold is hostile until read: sizes are checked before anything is parsed, a
bad row becomes a problem with its line and column while the good ones stay, and nothing that is
written comes alive as a formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Check, RecruitmentSource

SETTINGS: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "max_megabytes": {
            "type": "integer",
            "title": "Largest file, in megabytes",
            "description": "A file above this is refused before it is read.",
            "minimum": 1,
            "maximum": 1000,
            "default": 10,
        },
        "max_rows": {
            "type": "integer",
            "title": "Most rows in a file",
            "description": "Rows that hold something, usable or not, without the header.",
            "minimum": 1,
            "maximum": 1_048_575,
            "default": 100_000,
        },
        "max_unpacked_megabytes": {
            "type": "integer",
            "title": "Largest XLSX file once unpacked, in megabytes",
            "description": "An XLSX file is packed; one that is larger inside is refused.",
            "minimum": 1,
            "maximum": 2000,
            "default": 100,
        },
        "xlsx": {
            "type": "boolean",
            "title": "Read and write XLSX",
            "description": "Needs `mentorkit[sheets]` installed. Without, only CSV files are read.",
            "default": True,
        },
    },
}

manifest = Manifest(
    title="CSV and XLSX",
    summary="Takes people in from CSV and XLSX files, and writes such files.",
    settings=SETTINGS,
)


@hookimpl
def mentorkit_recruitment_sources(settings: Mapping[str, Any]) -> Iterable[RecruitmentSource]:
    from mentorkit_csv.source import CsvSource

    yield CsvSource(settings)


@hookimpl
def mentorkit_checks(settings: Mapping[str, Any]) -> Iterable[Check]:
    from mentorkit_csv.workbook import health

    if settings.get("xlsx", True):
        yield Check(name="xlsx", title="XLSX files can be read and written", run=health)
