"""Read and write the files that were named, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from mentorkit.errors import Conflict, Invalid, Problem

MOST_BYTES = 256 * 1024 * 1024
"""No file larger than this is read into memory; sources have narrower limits of their own."""


def read_bytes(path: Path) -> bytes | Problem:
    """Return what the file holds, or why it cannot be read."""
    try:
        if path.is_dir():
            return Problem(str(path), "is a folder; name a file")
        if path.stat().st_size > MOST_BYTES:
            return Problem(str(path), f"is larger than {MOST_BYTES >> 20} MB; split it")
        return path.read_bytes()
    except FileNotFoundError:
        return Problem(str(path), "there is no such file")
    except OSError as error:
        return Problem(str(path), f"cannot be read: {error.strerror or error}")


def as_text(body: bytes, path: Path) -> str | Problem:
    """Return the bytes as UTF-8 text, or where they are not."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        return Problem(f"{path}, line {line}", "is not UTF-8 text; save the file as UTF-8")


def read_text(path: Path, noun: str) -> str:
    """Return a text file; raise `Invalid` saying why the `noun` in it cannot be read."""
    body = read_bytes(path)
    text = body if isinstance(body, Problem) else as_text(body, path)
    if isinstance(text, Problem):
        raise Invalid(f"{noun}.file", f"The {noun} cannot be read:", [text])
    return text


def unwritable(path: Path) -> Problem | None:
    """Return why this file cannot be written, or None; nothing is written to find out."""
    folder = path.absolute().parent
    if not folder.is_dir():
        return Problem(str(path), f"there is no folder {folder}; make it first")
    if path.is_dir():
        return Problem(str(path), "is a folder; name a file in it")
    if path.exists() and not path.is_file():
        return None
    if not os.access(folder, os.W_OK):
        return Problem(str(path), f"the folder {folder} cannot be written to")
    return None


def write_new(path: Path, body: bytes, *, force: bool) -> None:
    """Write one file; raise `Conflict` where it holds something else, unless `force` is given."""
    if path.is_file() and not force and read_bytes(path) != body:
        raise Conflict(
            "file.exists",
            f"{path} holds something else already. Name another file, or add --force to replace"
            " what is there.",
        )
    write_files({path: body})


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write all of these files, or none: each beside its place first, then renamed into it.

    Raises `Invalid` listing those that cannot be written.
    """
    problems = [problem for path in contents if (problem := unwritable(path))]
    if problems:
        raise Invalid("file.unwritable", "These files cannot be written:", problems)
    waiting: list[tuple[Path, Path]] = []
    try:
        for path, body in contents.items():
            if path.exists() and not path.is_file():
                # A device or a pipe, such as /dev/stdout, has no place to rename into.
                path.write_bytes(body)
                continue
            waiting.append((_beside(path, body), path.resolve()))
        for written, path in waiting:
            written.replace(path)
    except OSError as error:
        raise Invalid(
            "file.unwritable",
            "The files were not written:",
            [Problem(str(error.filename or path), f"{error.strerror or error}")],
        ) from None
    finally:
        for written, _ in waiting:
            written.unlink(missing_ok=True)


def _beside(path: Path, body: bytes) -> Path:
    """Write `body` to a new file in the folder of `path`, with the rights `path` would get."""
    # A link is written through: what it points to is replaced, not the link.
    target = path.resolve()
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=target.parent)
    written = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        written.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~mask)
    except OSError:
        written.unlink(missing_ok=True)
        raise
    return written
