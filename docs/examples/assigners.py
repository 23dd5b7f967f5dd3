"""Serves first whoever has the fewest possible mentors; each takes the best one still free."""

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Assigner, Assignment

manifest = Manifest(title="Fewest choices first", requires_core=">=0.1,<1")


class FewestFirst(Assigner):
    name = "fewest_first"
    title = "Fewest choices first"
    uses_objective = False

    def assign(self, problem):
        left = list(problem.capacity)
        pairs = list(problem.locks)
        for _, mentor in pairs:
            left[mentor] -= 1
        served = {mentee for mentee, _ in pairs}
        lists = {
            mentee: problem.widen(mentee, len(problem.mentors))
            for mentee in range(len(problem.mentees))
            if mentee not in served
        }
        for mentee in sorted(lists, key=lambda mentee: (len(lists[mentee]), mentee)):
            for candidate in lists[mentee]:
                if left[candidate.mentor] > 0:
                    left[candidate.mentor] -= 1
                    pairs.append((mentee, candidate.mentor))
                    break
        return Assignment(pairs=tuple(pairs), method="fewest choices first")


@hookimpl
def mentorkit_assigners():
    yield FewestFirst()
