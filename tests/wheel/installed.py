"""A clean environment with wheels in it, whose dependencies are those of the running one."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


def build_wheel(source: Path, folder: Path) -> Path:
    """Build the wheel of the distribution in `source`; nothing is downloaded."""
    before = set(folder.glob("*.whl"))
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = set(folder.glob("*.whl")) - before
    return made


@dataclass(frozen=True)
class Environment:
    """A virtual environment of its own."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def pip(self, *arguments: str | Path) -> None:
        done = self.run("-m", "pip", "--quiet", *map(str, arguments))
        assert done.returncode == 0, done.stdout + done.stderr

    def install(self, wheel: Path) -> None:
        # Seen next door is not installed here: the running environment may hold a wheel of its own.
        self.pip("install", "--no-deps", "--no-index", "--ignore-installed", wheel)

    def run(
        self, *arguments: str, cwd: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run this environment's Python, outside the repository."""
        return subprocess.run(
            [str(self.python), *arguments],
            cwd=cwd or self.folder,
            env={"PATH": "", "PIP_DISABLE_PIP_VERSION_CHECK": "1", **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def mentorkit(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run the installed command."""
        return self.run(str(self.folder / "bin" / "mentorkit"), *arguments, cwd=cwd)

    def modules_after(self, code: str, cwd: Path | None = None) -> set[str]:
        """Return the top-level packages that a fresh process holds after running `code`."""
        told = "import sys; print('\\n'.join({name.partition('.')[0] for name in sys.modules}))"
        done = self.run("-c", f"{code}\n{told}", cwd=cwd)
        assert done.returncode == 0, done.stderr
        return set(done.stdout.split())


def create_environment(folder: Path) -> Environment:
    """Make a clean environment that sees the running one's dependencies, but not its mentorkit.

    A path in a ``.pth`` file is only searched, so an editable mentorkit over there stays unseen.
    """
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)
    environment = Environment(folder)
    found = environment.run("-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    places = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    beside = Path(found.stdout.strip()) / "dependencies.pth"
    beside.write_text("\n".join(sorted(places)) + "\n", encoding="utf-8")
    return environment
