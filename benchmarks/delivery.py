"""What is promised is done, once, and soon: ``python -m benchmarks.delivery``.

A word alone measures all figures that begin with it: ``crash``, ``race``, ``hang``, ``outbox``,
``drain``, ``year``, ``celery``, ``engine``.
"""

from __future__ import annotations

from benchmarks.figures import Area, main
from benchmarks.parts import at_once, claims, crash, drains, engines, race, year

area = Area("delivery")
for part in (crash, race, at_once, drains, claims, year, engines):
    area.include(part.area)

if __name__ == "__main__":
    main(area)
