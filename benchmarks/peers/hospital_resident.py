"""matching: the hospital-resident game, from each side's full ranked lists."""

import json
import sys
import time

from matching.games import HospitalResident

asked = json.load(sys.stdin)
sys.setrecursionlimit(1_000_000)
mentees = {name: wanted for name, wanted in asked["mentees"].items() if wanted}
mentors = {name: wanted for name, wanted in asked["mentors"].items() if wanted}
places = {name: asked["places"][name] for name in mentors}
began = time.perf_counter()
game = HospitalResident.create_from_dictionaries(mentees, mentors, places)
built = time.perf_counter()
solved = game.solve(optimal="resident")
print(
    json.dumps(
        {
            "seconds": time.perf_counter() - began,
            "solving": time.perf_counter() - built,
            "pairs": sorted(
                (str(mentee), str(mentor)) for mentor, some in solved.items() for mentee in some
            ),
        }
    )
)
