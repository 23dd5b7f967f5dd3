"""Who answered what was asked, and what they said; small groups are not shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mentorkit.domain.surveys import AGREE, Part, Survey
from mentorkit.hooks import Column, Context, Facts, Metric, Table

FEW = 5
"""With fewer answers than this nothing is said of them: somebody could be known by it."""
SIDES = {"mentee": "Mentees", "mentor": "Mentors", "staff": "Staff"}
GONE = "Answers that are not offered any more"
SMALL = f"A dash stands where fewer than {FEW} have answered."


def asked(facts: Facts) -> dict[tuple[str, str], list[tuple[Survey, Part]]]:
    """Return what was asked, by questionnaire and side; one that coincided counts for each."""
    found: dict[tuple[str, str], list[tuple[Survey, Part]]] = {}
    for survey in facts.surveys:
        for part in survey.parts:
            found.setdefault((part.questionnaire, survey.side), []).append((survey, part))
    return dict(sorted(found.items()))


def was_asked(facts: Facts, survey: Survey, question: str) -> bool:
    """Return whether a survey had this question; one that came into a plan later it had not."""
    return question in facts.asked.get(survey.id, (question,))


def title(facts: Facts, key: str) -> Any:
    """Return what a questionnaire is called now; one that is gone, by its key."""
    one = facts.questionnaires.get(key)
    return one.title if one else key


class Responses(Metric):
    """Says how many were asked and how many answered, by survey and by side."""

    name = "responses"
    title = "Who answered"

    def measure(self, ctx: Context, facts: Facts) -> Sequence[Table]:
        rows = []
        for (key, side), each in asked(facts).items():
            answered = [one for one, _ in each if one.answered_at]
            late = sum(one.answered_at > one.due_at for one in answered if one.answered_at)
            behalf = sum(one.means in ("phone", "paper", "visit") for one in answered)
            rate = 100 * len(answered) / len(each)
            rows.append(
                (title(facts, key), SIDES[side], len(each), len(answered), rate, late, behalf)
            )
        return [
            Table(
                name=self.name,
                title=self.title,
                columns=(
                    Column(name="survey", title="Survey", kind="text"),
                    Column(name="side", title="Of whom", kind="text"),
                    Column(name="asked", title="Asked"),
                    Column(name="answered", title="Answered"),
                    Column(name="rate", title="Response rate", kind="percent"),
                    Column(name="late", title="Of them late"),
                    Column(name="behalf", title="Of them by phone, paper or visit"),
                ),
                rows=tuple(rows),
                how=(
                    "Every time somebody was asked; the rate is those who answered, late or not, "
                    "of those asked. After a meeting only those are asked who were there."
                ),
            )
        ]


class Statements(Metric):
    """Says how many agree with each statement, of those who answered it."""

    name = "statements"
    title = "How many agree"

    def measure(self, ctx: Context, facts: Facts) -> Sequence[Table]:
        rows = []
        for (key, side), each in asked(facts).items():
            questionnaire = facts.questionnaires.get(key)
            if questionnaire is None or not questionnaire.statements or side == "staff":
                continue
            for id, words in facts.measurement.statements.items():
                those = [one for one, _ in each if was_asked(facts, one, f"statement.{id}")]
                if not those:
                    continue
                given = [
                    value
                    for survey in those
                    if (value := facts.values.get(survey.id, {}).get(f"statement.{id}"))
                ]
                agree = sum(value in AGREE for value in given)
                shown = len(given) >= FEW
                rows.append(
                    (
                        words,
                        questionnaire.title,
                        SIDES[side],
                        100 * agree / len(given) if shown else None,
                        agree if shown else None,
                        len(given) if shown else None,
                        len(those),
                        len(those) - len(given) if shown else None,
                    )
                )
        return [
            Table(
                name=self.name,
                title=self.title,
                columns=(
                    Column(name="statement", title="Statement", kind="text"),
                    Column(name="survey", title="Survey", kind="text"),
                    Column(name="side", title="Of whom", kind="text"),
                    Column(name="percent", title="Agree", kind="percent"),
                    Column(name="agree", title="Agreed"),
                    Column(name="answered", title="Answered"),
                    Column(name="asked", title="Asked"),
                    Column(name="silent", title="Not answered"),
                ),
                rows=tuple(rows),
                how=(
                    "Those who agree or agree fully, of those who answered the statement, not of "
                    "all who were asked. It is what people say, and no proof of what caused it."
                ),
                notes=(SMALL,),
            )
        ]


class Answers(Metric):
    """Counts what was chosen in each question that has choices."""

    name = "answers"
    title = "What they said"

    def measure(self, ctx: Context, facts: Facts) -> Sequence[Table]:
        return [
            Table(
                name=self.name,
                title=self.title,
                columns=(
                    Column(name="survey", title="Survey", kind="text"),
                    Column(name="question", title="Question", kind="text"),
                    Column(name="side", title="Of whom", kind="text"),
                    Column(name="choice", title="Answer", kind="text"),
                    Column(name="percent", title="Share", kind="percent"),
                    Column(name="count", title="Chosen by"),
                    Column(name="answered", title="Answered"),
                    Column(name="asked", title="Asked"),
                ),
                rows=tuple(_chosen(facts)),
                how=(
                    "The share is of those who answered the question. Where several answers could "
                    "be given, the shares add up to more than 100. After a meeting those were "
                    "asked who were there."
                ),
                notes=(SMALL,),
            )
        ]


_YES_NO: Mapping[str, Any] = {
    "True": {"en": "Yes", "es": "Sí", "fr": "Oui"},
    "False": {"en": "No", "es": "No", "fr": "Non"},
}


def _chosen(facts: Facts) -> Iterator[tuple[Any, ...]]:
    for (key, side), each in asked(facts).items():
        questionnaire = facts.questionnaires.get(key)
        questions = questionnaire.questions.values() if questionnaire else ()
        for question in questions:
            assert questionnaire is not None
            of = questionnaire.sides.get(question.id, questionnaire.to)
            choices = _YES_NO if question.kind == "flag" else question.choices
            if side not in of or not choices:
                continue
            only = question.id in questionnaire.flagged
            those = [
                survey
                for survey, part in each
                if (part.flagged or not only) and was_asked(facts, survey, question.id)
            ]
            if not those:
                continue
            given = [
                {str(one) for one in (value if isinstance(value, list | tuple) else (value,))}
                for survey in those
                if (value := facts.values.get(survey.id, {}).get(question.id)) is not None
            ]
            counts = Counter(one for told in given for one in told)
            gone = sum(not told <= choices.keys() for told in given)
            head = (questionnaire.title, question.label, SIDES[side])
            if len(given) < FEW:
                yield (*head, None, None, None, None, len(those))
                continue
            told = [(label, counts[choice]) for choice, label in choices.items()]
            for label, count in [*told, (GONE, gone)] if gone else told:
                yield (*head, label, 100 * count / len(given), count, len(given), len(those))
