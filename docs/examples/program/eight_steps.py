"""A program from its first sheet to its report, as a product runs it from Python."""

from pathlib import Path

from mentorkit import Kit
from mentorkit.domain import presets
from mentorkit.domain.people import Actor
from mentorkit.journey import (
    accept,
    evaluate,
    feedback,
    match,
    meet,
    onboard,
    programs,
    recruit,
    screen,
)
from mentorkit.journey.steps import many
from mentorkit.worker import work

kit = Kit.embedded("program.db")  # inside a product: Kit(sessions=...)
kit.upgrade()
at = {"tenant": "default", "actor": Actor(user_ref="me", admin=True)}
preset = presets.read_toml(presets.source("cohort"), place="cohort.toml")
programs.create(kit, **at, key="traders", preset=preset)
programs.open_(kit, **at, program="traders")


def everybody(step, rows, **more):
    """Walk one step for each; who is refused is told with the reason and stops nobody else."""
    done = many(kit, step, [row["id"] for row in rows], **at, **more)
    print(f"{step.__name__}: {len(done['done'])} done, {len(done['refused'])} refused")


for role in ("mentor", "mentee"):  # 1 recruit: mentors first
    sheet = Path(f"{role}s.csv")
    about = {"program": "traders", "role": role, "filename": sheet.name}
    leads, problems = recruit.read(kit, **at, **about, body=sheet.read_bytes())
    print(f"{sheet}: {len(leads)} rows", *problems, sep="\n  ")
    recruit.receive(kit, **at, program="traders", leads=leads)
people = screen.review(kit, **at, program="traders")
everybody(screen.approve, people, noun="participant")  # 2 screen
everybody(onboard.consent, people, noun="participant")  # 3 onboard
everybody(onboard.complete, people, noun="participant")
run = match.draft(kit, **at, program="traders")  # 4 match
match.publish(kit, **at, run=run["id"])
work(kit)  # sends what was promised; `mentorkit work --loop` does it all day
offered = match.proposals(kit, **at, program="traders", state="offered")
for role in ("mentee", "mentor"):  # 5 accept
    everybody(accept.accept, offered, noun="proposal", on_behalf_of=role)
together = meet.relationships(kit, **at, program="traders", state="active")
everybody(meet.log, together, noun="relationship", minutes=60)  # 6 meet
everybody(meet.end, together, noun="relationship")
work(kit)
asked = feedback.surveys(kit, **at, program="traders", state="open")  # 7 feedback
print(f"{len(asked)} surveys wait for an answer")
report = evaluate.report(kit, **at, program="traders")  # 8 evaluate
for row in report["tables"][0]["rows"]:
    print(*row)
