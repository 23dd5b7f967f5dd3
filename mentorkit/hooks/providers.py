"""What hooks return: named, typed providers. A plugin author reads this file, and little else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made_by
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from mentorkit.domain.events import Event
from mentorkit.domain.fields import Field
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.messages import (
    Message,
    Receipt,
    Received,
    Reply,
    Report,
    RetryLater,
    Undeliverable,
)
from mentorkit.domain.nudges import Awaited, Prompt
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Business, Contact, Person
from mentorkit.domain.relationships import Reason
from mentorkit.domain.safety import Content, Verdict
from mentorkit.domain.surveys import Answer, Facts, SurveyRequest
from mentorkit.errors import Problem as InputProblem
from mentorkit.hooks.assignments import Assignment, Problem
from mentorkit.hooks.context import CommandContext, Context, WorkContext
from mentorkit.hooks.forms import Form, RuleForm

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

JsonSchema = Mapping[str, Any]
NO_OPTIONS: JsonSchema = {"type": "object", "additionalProperties": False, "properties": {}}

LONGEST_VECTOR = 4096
"""Numbers that a feature may have."""


class Provider:
    """Anything a hook yields. `name` is unique within its kind and is what programs refer to."""

    name: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """What was pushed to us, unparsed: an uploaded file, or the body of a vendor's request.

    `headers` are by their names in small letters. `url` is the address that the vendor knows.
    """

    body: bytes
    filename: str = ""
    headers: Mapping[str, str] = made_by(default_factory=dict)
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some leads, and what was wrong with the rest."""

    leads: tuple[Lead, ...]
    problems: tuple[InputProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table to be written: the header, and rows of the same length."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    title: str = "Sheet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A sheet as it stands: the columns' names, and each row with the number of its line.

    `unit` is what is counted: ``line`` of a text file, ``row`` of a workbook.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    unit: str = "line"


class RecruitmentSource(Provider):
    """Where leads come from. `suffixes` names the files it reads (``.csv``), if it reads any.

    `options` is the schema of what `receive` takes along with the data (a column mapping, say);
    `targets` names what a column may be mapped to besides the program's fields (``email``).
    A source that reads files may also `write` them, so that what went out can come back, show
    what stands in them (`look`), and say which column it takes for what (`recognise`).
    """

    suffixes: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    options: JsonSchema = NO_OPTIONS

    def receive(
        self,
        ctx: Context,
        inbound: Inbound,
        *,
        role: str | None = None,
        fields: Mapping[str, Field] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Batch:
        """Read what was pushed. Rows that cannot be used become problems; the good ones stay.

        Raises `Invalid` when nothing can be read at all (too big, no header, not such a file).
        """
        raise Undeliverable("source.cannot_receive")

    def look(self, ctx: Context, inbound: Inbound) -> Grid:
        """Return the cells of a file as they stand; raise `Invalid` when it cannot be read."""
        raise Undeliverable("source.cannot_look")

    def recognise(self, columns: Sequence[str], fields: Mapping[str, Field]) -> Mapping[str, str]:
        """Return which columns feed which targets by their names alone."""
        return {}

    def write(self, sheet: Sheet, *, suffix: str) -> bytes:
        """Return the sheet as a file of this kind; cells never come alive as formulas."""
        raise Undeliverable("source.cannot_write")


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """Somebody who wants to join, as a requirement check sees them."""

    role: str
    profile: Mapping[str, Any]
    person: Person
    business: Business | None = None
    contacts: tuple[Contact, ...] = ()


class RequirementCheck(Provider):
    """Whether people meet a requirement that no single profile field tells.

    A program's requirement names it in place of a field, with `options` of this schema. It is
    asked about many at once, outside every transaction, and what it answers is kept until it is
    asked again.
    """

    options: JsonSchema = NO_OPTIONS

    def answer(
        self, ctx: Context, applicants: Sequence[Applicant], options: Mapping[str, Any]
    ) -> Sequence[str]:
        """Return ``yes``, ``no`` or ``ask`` for each applicant, in their order.

        ``ask`` is for what it cannot tell. Whatever it raises counts as that for all of them.
        """
        raise NotImplementedError  # pragma: no cover - a check has nothing else


class Block(Protocol):
    """Some people as columns. `column` gives parsed values of a profile field, None if empty."""

    @property
    def ids(self) -> Sequence[str]: ...
    def column(self, field: str) -> Sequence[Any]: ...
    def __len__(self) -> int: ...


class Criterion(Provider):
    """How good is a pair, 0 to 1. Give exactly one of `declared`, `score_block` and `score`.

    Pure: no network, no writes, same input same output. A person is a mapping of the program's
    profile fields, with None for what was not answered. None as a value means no opinion: the
    criterion's points are shared among the others; 0 means a bad fit.
    """

    needs: Mapping[str, type] = {}
    options: JsonSchema = NO_OPTIONS
    declared: Form | None = None

    def bind(self, options: Mapping[str, Any], fields: Mapping[str, Field]) -> Criterion:
        """Return the scorer for these options; called once for a run, before anyone is scored.

        `options` has been checked against the schema and its defaults filled in.
        """
        return self

    def score_block(self, mentees: Block, mentors: Block) -> NDArray[np.float64]:
        """Return an array (len(mentees), len(mentors)) of 0..1; nan means no opinion."""
        raise NotImplementedError  # pragma: no cover - never called unless overridden

    def score(self, mentee: Mapping[str, Any], mentor: Mapping[str, Any]) -> float | None:
        """Return how well this one pair fits, or None for no opinion."""
        raise NotImplementedError  # pragma: no cover - never called unless overridden

    def explain(
        self, mentee: Mapping[str, Any], mentor: Mapping[str, Any], value: float
    ) -> Reason | str | None:
        """Say why a pair that is shown has this value; None says nothing.

        The same words are read by the mentee, the mentor and staff: a text of your own speaks of
        the mentee and the mentor, not to "you". A `Reason` with a code of `wording.SENTENCES` is
        told to the mentee and the mentor alike as "you", and to staff of the two.
        """
        return None


class Feature(Provider):
    """A value of each person that takes time, or a service, to compute: an embedding, a score.

    The worker computes it, for active people of programs whose strategy reads ``feature:<name>`` as
    if it were a profile field: a vector of `length` numbers, or a number where that is 0. It is
    kept until an answer that it `reads` changes, or its `version`: give it another one whenever
    other values come out (a new model, say). A person without a value has not answered, for the
    criteria.
    """

    needs: Mapping[str, type] = {}
    version: str = "1"
    length: int = 0

    def reads(self, fields: Mapping[str, Field]) -> Iterable[str]:
        """Return the profile fields of a program that it is computed of: those that it `needs`."""
        return tuple(self.needs)

    def compute(
        self, ctx: Context, people: Sequence[Mapping[str, Any]]
    ) -> Sequence[Sequence[float] | float | None]:
        """Return the value of each, in their order; None where their answers give none.

        A person is a mapping of what it `reads`, None for what was not answered. Asked about up to
        fifty at once, outside every transaction, it may use the network. The same people may come
        again. Raises `RetryLater`, or `Undeliverable` to give up; whatever else is raised counts as
        a failure to be retried.
        """
        raise NotImplementedError  # pragma: no cover - a feature has nothing else


class Rule(Provider):
    """May a pair exist at all. Give exactly one of `declared`, `mask_block` and `allows`."""

    needs: Mapping[str, type] = {}
    options: JsonSchema = NO_OPTIONS
    declared: RuleForm | None = None

    def bind(self, options: Mapping[str, Any], fields: Mapping[str, Field]) -> Rule:
        """Return the rule for these options; called once for a run."""
        return self

    def mask_block(self, mentees: Block, mentors: Block) -> NDArray[np.bool_]:
        """Return an array (len(mentees), len(mentors)), True where the pair may exist."""
        raise NotImplementedError  # pragma: no cover - never called unless overridden

    def allows(self, mentee: Mapping[str, Any], mentor: Mapping[str, Any]) -> bool:
        """Return whether this one pair may exist."""
        raise NotImplementedError  # pragma: no cover - never called unless overridden

    def explain(self, mentee: Mapping[str, Any], mentor: Mapping[str, Any]) -> Reason | str | None:
        """Say why this pair cannot be; staff read it."""
        return None


class Assigner(Provider):
    """Which pairs. Its result passes the same checks as any other: nothing gets past the rules.

    Say `uses_objective = False` where the answer does not depend on the objective, and
    `uses_scores = False` where a strategy needs no criteria for it. Say `peers = True` where a pair
    takes one place of each: who is both mentee and mentor then has all their places on both sides,
    and no more of them in all. Say `groups = True` where several are brought together at once, as
    in circles: nothing is said then that is reckoned pair by pair.
    """

    options: JsonSchema = NO_OPTIONS
    uses_objective: bool = True
    uses_scores: bool = True
    peers: bool = False
    groups: bool = False

    def seconds(self, mentees: int, mentors: int) -> float:
        """Return about how many seconds so many people take on one core, 0 for hardly any.

        Whoever begins a run that takes long is told beforehand.
        """
        return 0

    def assign(self, problem: Problem) -> Assignment:
        """Return pairs among the candidates, no mentee twice, no mentor above capacity."""
        raise NotImplementedError  # pragma: no cover - an assigner has nothing else


class Channel(Provider):
    """Carries messages. Called by the worker only, outside any transaction of the core's.

    The first channel that reaches a person and takes the message has it; `fallback` ones, which
    reach everybody, are asked after all others.

    One whose messages are replied to names in `hears` the kind of contact that it writes to, has
    `receive` and `talks`, writes `message.reply` below the body, and sends inside
    `mentorkit.store.conversing`. One whose vendor tells later what became of a message, and that
    hears no replies, sets `reports` and has `receive`.
    """

    fallback: bool = False
    hears: str = ""
    reports: bool = False

    def can_reach(self, ctx: Context, person: Person, contacts: Sequence[Contact]) -> bool:
        """Return whether this person can be reached this way at all."""
        return True

    def deliver(
        self, ctx: WorkContext, message: Message, person: Person, contacts: Sequence[Contact]
    ) -> Receipt:
        """Take the message. `message.key` is the idempotency key: pass it on, or keep it.

        Raises `Undeliverable`, and the next channel is asked, or `RetryLater`; anything else counts
        as a failure to be retried.
        """
        raise NotImplementedError  # pragma: no cover - a channel has nothing else

    def receive(self, ctx: WorkContext, inbound: Inbound) -> Received:
        """Read what the vendor pushed, once it is sure of the raw body that the vendor sent it.

        Called by the web, at once: it does no work, but may note in its own tables what it needs
        to send the next message (that a chat is somebody's, when they last wrote). A vendor that
        asks by GET whether the address is ours has an empty body, and its question in the `url`.
        Raises `NotAllowed` for what is not signed, or too old, and `Invalid` for what cannot be
        read.
        """
        raise Undeliverable("channel.cannot_receive")

    def talks(self) -> Any:
        """Return the table of its conversations, as `mentorkit.store.talks` makes it."""
        raise NotImplementedError  # pragma: no cover - not called where nothing is heard


class Nudge(Provider):
    """Decides what people are prompted to do, when, and in which words.

    `templates` is ``{name: {"subject": {locale: text}, "body": {locale: text}}}``, with the
    placeholders that messages have; a program may write its own in their place.
    """

    templates: Mapping[str, Mapping[str, Mapping[str, str]]] = Frozen()

    def due(self, ctx: Context, awaited: Sequence[Awaited]) -> Iterable[Prompt]:
        """Return the prompts for what is awaited now; asked again and again by the worker.

        All that is awaited from one person is in the same batch. The same prompt may be returned
        each time: it is sent once. One whose time has not come is left until it has.
        """
        raise NotImplementedError  # pragma: no cover - a nudge has nothing else

    def awaits(
        self, ctx: CommandContext, *, until: datetime | None = None,
        only: Collection[str] | None = None,
    ) -> Iterable[Awaited]:  # fmt: skip
        """Return what else is awaited of people, of which this plugin alone knows; usually nothing.

        Each has the plugin's name as its `noun`, and as `subject_id` what the plugin calls the
        thing. The worker asks before `due`, again and again, acting as the system: look at what
        has come due alone, and keep what was found, so that it is found once. With `only`, as a
        message is to go, what of these subjects is awaited still. With `until`, for the preview,
        also what will be awaited by then; nothing is kept then.
        """
        return ()

    def told(
        self, ctx: CommandContext, awaited: Awaited, locale: str
    ) -> Mapping[str, str] | None:  # fmt: skip
        """Return what a message says of a thing that this plugin awaits, in this language.

        Values of the placeholders `text` and `others`, and `link`: the path of a page of ours
        (``x/searches/...``). None where there is nothing to say any more. Asked as the message
        goes, outside every transaction of the core's.
        """
        return {}

    def plan(self, ctx: Context) -> Iterable[Mapping[str, Any]]:
        """Return the steps by which it prompts, for staff to read; none where it has no such list.

        Each has what of this there is: `awaited`, `role`, `when` (``after``, ``before``), `days`,
        `template`, `channel`, `times`, `every_days`, `only` (a kind of milestone), `risk`.
        """
        return ()


class ContentCheck(Provider):
    """Looks at what participants write before others read it. Called outside any transaction.

    It fails closed: a content without a verdict, an exception, or another answer, holds the text
    for the staff. One that asks a service gives up after seconds: somebody may be waiting.
    """

    def review(self, ctx: Context, contents: Sequence[Content]) -> Sequence[Verdict]:
        """Return one verdict for each content; `ctx.settings` holds the program's own."""
        raise NotImplementedError  # pragma: no cover - a check has nothing else


class FeedbackVendor(Provider):
    """Asks people and brings back what they answer. Called by the worker, outside any transaction
    of the core's.

    A program asks by the first loaded vendor that it has not switched off. `collect` and `receive`
    are for one whose forms stand elsewhere; answers come in as they are checked by the questions.
    """

    def invite(self, ctx: WorkContext, request: SurveyRequest) -> str:
        """Get ready to be answered; return the address where, or "" if you tell the person.

        A path without a host is one of our own pages (``x/survey/...``). `request.key` is the same
        on every retry. `RetryLater` and `Undeliverable` are understood as from a channel.
        """
        raise NotImplementedError  # pragma: no cover - a vendor has nothing else

    def collect(self, ctx: WorkContext, requests: Sequence[SurveyRequest]) -> Sequence[Answer]:
        """Return the answers to these that have come since; the same one again does no harm."""
        return ()

    def receive(self, ctx: WorkContext, inbound: Inbound) -> Sequence[Answer]:
        """Read what was pushed, and verify that the vendor sent it; raise `Invalid` otherwise."""
        raise Undeliverable("vendor.cannot_receive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table: its heading, and what its cells are.

    `kind` is ``text``, ``count``, ``number``, ``percent`` (0 to 100) or ``minutes``.
    """

    name: str
    title: str
    kind: str = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a metric found: rows of as many cells as there are columns, and how it was counted.

    Headings and `how` are English sentences, which are translated when shown; a cell may be a text
    in several languages. None is shown as a dash: it cannot be said, or must not be.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    how: str
    notes: tuple[str, ...] = ()


class Metric(Provider):
    """Measures a program for its report. It gets all facts at once, and names of nobody."""

    def measure(self, ctx: Context, facts: Facts) -> Sequence[Table]:
        """Return the tables that it makes of the facts; the same facts give the same tables."""
        raise NotImplementedError  # pragma: no cover - a metric has nothing else


@dataclass(frozen=True, kw_only=True)
class Reaction(Provider):
    """A durable answer to a fact: told by the worker until it succeeds, or parked for `doctor`."""

    name: str
    title: str = ""
    on: tuple[type[Event], ...]
    handle: Callable[[WorkContext, Event], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What a check found; `hint` says what to do when it is not `ok`, or could be better."""

    ok: bool
    message: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Check(Provider):
    """Looks whether something is as it should be; run by `doctor`, and at start if `at_start`.

    `run` takes nothing; with `needs_database` it takes a `WorkContext`, and only `doctor` runs it,
    because at start the database may still wait for its migrations.
    """

    name: str
    title: str = ""
    run: Callable[..., Health]
    at_start: bool = False
    needs_database: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a command: an argument (`required`, no dashes) or an ``--option``.

    With `many` an argument is given as often as one likes, and comes as a tuple.
    """

    name: str
    help: str = ""
    required: bool = False
    default: Any = None
    type: type = str
    many: bool = False


@dataclass(frozen=True, kw_only=True)
class Command(Provider):
    """A command under ``mentorkit <plugin> <name>``; only the CLI turns it into click's.

    One that has the plugin's own name is ``mentorkit <plugin>``.

    `run` gets the context and the parameters by name, and returns JSON-able data to print.
    """

    name: str
    title: str = ""
    help: str
    run: Callable[..., Any]
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot(Provider):
    """A place of our pages that a plugin fills: `name` is the place's.

    `render` gets the visit and, by name, what the place is about (its data, as the journey gives
    it); it returns a text, which is escaped, or ``markupsafe.Markup``. None or "" shows nothing.
    One that raises shows nothing either, and is named in the log.
    """

    name: str
    render: Callable[..., Any]


__all__ = [
    "NO_OPTIONS",
    "Answer",
    "Applicant",
    "Assigner",
    "Awaited",
    "Batch",
    "Block",
    "Channel",
    "Check",
    "Column",
    "Command",
    "CommandContext",
    "Content",
    "ContentCheck",
    "Context",
    "Criterion",
    "Facts",
    "Feature",
    "FeedbackVendor",
    "Grid",
    "Health",
    "Inbound",
    "JsonSchema",
    "Metric",
    "Nudge",
    "Parameter",
    "Prompt",
    "Provider",
    "Reaction",
    "Reason",
    "Receipt",
    "Received",
    "RecruitmentSource",
    "Reply",
    "Report",
    "RequirementCheck",
    "RetryLater",
    "Rule",
    "Sheet",
    "Slot",
    "SurveyRequest",
    "Table",
    "Undeliverable",
    "Verdict",
    "WorkContext",
]
