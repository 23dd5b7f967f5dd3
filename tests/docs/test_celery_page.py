"""The page's four lines let the tutorial's product have its work done by its own Celery app."""

from __future__ import annotations

import runpy
import shutil
import sys
from pathlib import Path

import pytest
from pages import DOCS, ROOT


def test_the_products_own_celery_does_the_work_in_four_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in ("mount", "celery"):
        shutil.copytree(DOCS / "examples" / part, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(ROOT / "contrib" / "celery"))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "product", raising=False)
    made = runpy.run_path("work.py", run_name="work")
    app, kit = made["celery_app"], made["kit"]
    try:
        assert len(kit.bells) == 1
        (entry,) = app.conf.beat_schedule.values()
        assert entry["task"] in app.tasks
        ours = [line for line in Path("work.py").read_text().splitlines() if line]
        ours = [line for line in ours if "install" in line or "beat_schedule" in line]
        assert len(ours) <= 4
    finally:
        kit.close()
        kit.engine.dispose()
        sys.modules.pop("product", None)
