"""What is promised is done, once, and soon: ``python -m benchmarks.delivery``.

A word alone measures all figures that begin with it: ``crash``, ``hang``, ``outbox``,
``drain``, ``year``.
"""

from __future__ import annotations

from benchmarks.figures import Area, main
from benchmarks.parts import crash, drains, year

area = Area("delivery")
for part in (crash, drains, year):
    area.include(part.area)

if __name__ == "__main__":
    main(area)
