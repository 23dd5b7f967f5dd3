"""Reasons and answers in words.

A reason keeps a code and parameters; the sentence is made when it is read.

No numpy here, so that pages and messages can say why without loading the engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from mentorkit.domain.fields import Field
from mentorkit.domain.relationships import Reason
from mentorkit.domain.text import in_locale
from mentorkit.i18n import WEEK, ahead, format_hours, format_number, format_times, translate

SENTENCES: Mapping[str, str] = {
    # why a pair fits, told to one of the two
    "covers_yours": "Offers {count} of the {of} you named under {field}: {shared}.",
    "covers_yours.all": "Offers what you named under {field}: {shared}.",
    "covers_theirs": "You offer {count} of the {of} they named under {field}: {shared}.",
    "covers_theirs.all": "You offer what they named under {field}: {shared}.",
    "covers_none": "Offers nothing that you named under {field}.",
    "covers_none_theirs": "You offer nothing that they named under {field}.",
    "shares": "You have {field} in common: {shared}.",
    "shares_none": "You have no {field} in common.",
    "same": "You have the same {field}: {value}.",
    "same_part": "Another {field}, but the same {part}: {value}.",
    "same_prefix": "Another {field}, but both begin with {value}.",
    "different": "You have a different {field}: {yours} and {theirs}.",
    "offers": "Offers {value}, which you named under {field}.",
    "offers_not": "Does not offer {value}, which you named under {field}.",
    "asks_yours": "Named {value} under {field}, which you offer.",
    "asks_other": "Named {value} under {field}, which you do not offer.",
    "steps_above": "Stands {count} steps above you in {field} ({theirs}).",
    "steps_above.one": "Stands one step above you in {field} ({theirs}).",
    "steps_below": "Stands {count} steps below you in {field} ({theirs}).",
    "steps_below.one": "Stands one step below you in {field} ({theirs}).",
    "level": "You stand at the same {field}: {theirs}.",
    "number_above": "Has {count} more in {field} than you ({theirs}).",
    "number_below": "Has {count} less in {field} than you ({theirs}).",
    "apart": "You are {count} apart in {field}.",
    "hours_shared": "You have {count} hours a week in common ({field}).",
    "hours_shared.one": "You have one hour a week in common ({field}).",
    "minutes_shared": "You are both free for {minutes} minutes in every week ({field}).",
    "minutes_none": "There are weeks in which you are never free at the same time ({field}).",
    "words_shared": "You both use these words under {field}: {shared}.",
    "words_some": "You use some of the same words under {field}.",
    "words_none": "You use no words in common under {field}.",
    "prior_high": "Brings much: {field}.",
    "prior_some": "Brings something: {field}.",
    "prior_low": "Brings little: {field}.",
    "your_prior": "What you bring counts: {field}.",
    "places_free": "Has {count} of {of} places free.",
    "places_free.all": "Has no mentee yet.",
    "your_places": "You have {count} of {of} places free.",
    "your_places.all": "You have no mentee yet.",
    "met_before": "You were brought together before.",
    "met_never": "You were not brought together before.",
    "alike_much": "You are much alike in {field}.",
    "alike_some": "You are somewhat alike in {field}.",
    "alike_not": "You are not alike in {field}.",
    "fits_well": "{title}: fits well.",
    "fits_partly": "{title}: fits partly.",
    "fits_not": "{title}: does not fit.",
    "text": "{text}",
    "unsaid": "",
    "nothing_speaks": "Nothing speaks for it, and no rule forbids it.",
    # what a rule asks
    "rule": "{title}",
    "rule_differs": "a different {field}",
    "rule_same": "the same {field}",
    "rule_shares_any": "some {field} in common",
    "rule_min_overlap": "at least {least} in common under {field}",
    "rule_min_availability": "at least {least} minutes a week in common ({field})",
    "rule_above": "a mentor who stands at least {least} steps above in {field}",
    "rule_above_most": "a mentor who stands {least} to {most} steps above in {field}",
    "rule_not_below": "a mentor who stands no lower in {field}",
    "rule_not_far_below": "a mentor who stands at most {least} steps below in {field}",
    "rule_below": "a mentor who stands at least {least} steps below in {field}",
    "rule_below_most": "a mentor who stands {least} to {most} steps below in {field}",
    "rule_not_above": "a mentor who stands no higher in {field}",
    "rule_not_far_above": "a mentor who stands at most {least} steps above in {field}",
    "rule_same_cohort": "the same cohort",
    "rule_past_pair": "a pair that was not together before",
    # safeguards, why a lock is refused or overrides, and why somebody is alone
    "breaks_rule": "The pair breaks the rule that asks for {rule}.",
    "same_person": "Mentee and mentor are the same person.",
    "blocked": "One of the two has asked not to be brought together with the other.",
    "no_consent": "One of the two has not consented, or has withdrawn it.",
    "not_active": "One of the two is not active in the program.",
    "no_place": "One of the two has no free place.",
    "wrong_role": "One of the two is not on that side of the program any more.",
    "under_age": "One of the two is not surely of the program's minimum age.",
    "together_now": "The two have a running relationship already.",
    "parted": "The two were together already, and it ended early.",
    "proposed_now": "The two have an open proposal already.",
    "other_cohort": "The two are in different cohorts.",
    "declined_before": "One of the two has said no to the other.",
    "no_places": "This mentor has no place.",
    "no_mentors": "There is no mentor in this run.",
    "no_mentees": "There is no mentee in this run.",
    "unanswered": "{field} is not answered, and the rule that asks for {rule} needs it.",
    "no_cohort": "Belongs to no cohort, and the rule that asks for {rule} needs one.",
    "ruled_out": (
        "The rule that asks for {rule} rules out {count} of {of} {others}; with the other rules, "
        "nobody is left."
    ),
    "ruled_out_all": "The rule that asks for {rule} rules out all {of} {others}.",
    "ruled_out_all.one": "The rule that asks for {rule} rules out the only one there is.",
    "ruled_out_all.two": "The rule that asks for {rule} rules out both {others}.",
    "safeguards_all": "Safeguards (blocks, places, being together now) rule out all {of} {others}.",
    "safeguards_all.one": (
        "Safeguards (blocks, places, being together now) rule out the only one there is."
    ),
    "safeguards_all.two": "Safeguards (blocks, places, being together now) rule out both {others}.",
    "only_self": "{name} stands on both sides, and nobody can be their own mentor.",
    "only_declined": "Has said no to everybody there is, or was said no to.",
    "only_cohorts": "Everybody there is belongs to another cohort.",
    "nobody_has_places": "No mentor has a place.",
    "nobody_else_has_places": "No other mentor has a place.",
    "all_taken": "All {count} mentors who fit are taken.",
    "all_taken.one": "The one mentor who fits is taken.",
    "all_taken.two": "Both mentors who fit are taken.",
    "all_paired": "All {count} mentees who fit are with other mentors.",
    "all_paired.one": "The one mentee who fits is with another mentor.",
    "all_paired.two": "Both mentees who fit are with other mentors.",
    "unlisted": "No mentee who may have this mentor has them on the shortlist that a plugin ranks.",
    "all_taken_listed": "All {count} mentors who fit, of those who were looked at, are taken.",
    "all_taken_listed.one": "The one mentor who fits, of those who were looked at, is taken.",
    "all_paired_listed": (
        "All {count} mentees who fit, of those who were looked at, are with other mentors."
    ),
    "all_paired_listed.one": (
        "The one mentee who fits, of those who were looked at, is with another mentor."
    ),
    "nobody_listed": "Of the {others} who were looked at nobody fits; not everybody was.",
    "taken_out": "Was in a pair that was taken out of this draft.",
    "put_together": "Put them together with somebody by hand, or make a new draft.",
    "match_fewer": "Match a part of the people alone, such as a cohort; then all are looked at.",
    "no_score": "Nothing speaks for any of the {count} who could still be had.",
    "left_over": "The assigner left {count} who fit and are free.",
    "not_chosen": "Did not ask for anybody.",
    "asked_open": "Has an open proposal already, and the answer is awaited.",
    "asked_over": "Has asked for somebody before, and for nobody else since.",
    "choices_gone": "Everybody this person asked for is taken or ruled out.",
    "choices_unknown": "Whom this person asked for is no mentor of this run: {names}.",
    "choices_gone_unknown": (
        "Everybody this person asked for is taken or ruled out, or no mentor of this run: {names}."
    ),
    "nobody_chose": "No mentee who fits asked for this person, or got them.",
    "circle_full": "Every circle that they could join is full.",
    "circle_alone": (
        "No other mentee has {field} in common with them and with a mentor whom they may have."
    ),
    "circle_few": (
        "With this one, at most {count} mentees could be in one circle; the smallest has {least}."
    ),
    "circle_few.one": (
        "No other mentee could be in one circle with them; the smallest has {least} mentees."
    ),
    "circle_no_mentor": "No mentor whom they may have is left for another circle.",
    "circle_no_room": (
        "The mentors whom they may have, and who lead no circle yet, have too few places for one"
        " of {least}."
    ),
    "circle_left_over": (
        "{count} of those left, this mentee among them, could be in one circle; the smallest has "
        "{least}."
    ),
    "circle_left_over.one": (
        "Nobody else of those left could be in one circle with them; the smallest has {least} "
        "mentees."
    ),
    "circle_none": "No circle of at least {least} mentees with this mentor could be made.",
    "circle_places": "Places of this mentor: {count}; the smallest circle takes {least}.",
    "peer_left_over": "Everybody with whom they could be a pair is in one.",
    "ring_one_side": "A ring is of people who are mentee and mentor both; they are one of the two.",
    "ring_left_over": "No ring of {least} to {most} people could be made with them.",
    # the one change that would help
    "recruit_mentors": "Recruit a mentor.",
    "recruit_mentees": "Recruit a mentee.",
    "answer": "Ask them for their {field}.",
    "give_cohort": "Put them into a cohort.",
    "relax": "Without the rule that asks for {rule}, {count} {others} could be had.",
    "relax.one": "Without the rule that asks for {rule}, one of the {others} could be had.",
    "one_more_place": (
        "One more place at {name} would let one of the {left} mentees left out be paired."
    ),
    "one_more_place.one": "One more place at {name} would do.",
    "more_room": "One more place at {name} would make room for this pair, if nobody else gets it.",
    "recruit_like": "Recruit one more mentee like {name}.",
    "recruit_who": "Recruit somebody who offers this: {needs}.",
    "give_places": "Give a mentor a place.",
    "give_place": "Give this mentor a place.",
    "use_coverage": 'Set the objective to "coverage", which leaves out nobody it can pair.',
    "lock_pair": "Lock the pair with {name} and run again.",
    "lock_pair_too": (
        "Lock the pair with {name} and run again; others left out are told the same, and there is"
        " no place for all."
    ),
    "choose": "Have them ask for {name}, who fits and is free.",
    "choose_too": (
        "Have them ask for {name}, who fits and is free; others left out are told the same, and"
        " there is no place for all."
    ),
    "be_chosen": "Have {name}, who fits and is free, ask for this mentor.",
    "await_answer": "Wait for that answer.",
    "choose_any": "Have them say whom they want.",
    "circle_place": "One more place at {name} would let them into that circle.",
    "circle_larger": "With circles of up to {count} mentees they could join that of {name}.",
    "circle_smaller": "If circles may have {count} mentees, there could be one around {name}.",
    "circle_recruit": "Recruit {count} more mentees who share what they share.",
    "circle_recruit.one": "Recruit one more mentee who shares what they share.",
    "circle_recruit_both": (
        "Recruit {count} more mentees who share what they share, and a mentor for all of them."
    ),
    "circle_recruit_both.one": (
        "Recruit one more mentee who shares what they share, and a mentor for them."
    ),
    "circle_recruit_for": "Recruit {count} more mentees who fit this mentor and share enough.",
    "circle_recruit_for.one": "Recruit one more mentee who fits this mentor and shares enough.",
    "give_places_to": "Give them {count} places.",
    "circle_give_places": "Give {name} {count} places.",
    "peer_threes": "If threes are allowed, they could join {name} and their peer.",
    "recruit_peer": "Recruit one more peer who fits.",
    "be_both": "Have them be mentee and mentor both.",
    "ring_smaller": "If rings may have {count} people, they could be in one.",
    "ring_recruit": "Recruit somebody who fits them, and who is mentee and mentor both.",
    "propose_again": "Propose or lock a pair by hand if a no may have changed, or recruit.",
    "look_cohorts": "Put somebody into the same cohort, or recruit for it.",
    "look_safeguards": "See whether a block, a running relationship or a full mentor can change.",
    # what a change would bring
    "most_now": "As things are, {count} people can be matched at most.",
    "most_now.one": "As things are, one person can be matched at most.",
    "one_place_more": "If every mentor had one more place, {count} more people could be matched.",
    "one_place_more.one": ("If every mentor had one more place, one more person could be matched."),
    "loosen": "Without the rule that asks for {rule}, {count} more people could be matched.",
    "loosen.one": "Without the rule that asks for {rule}, one more person could be matched.",
    "enough": "If {rule} were enough, {count} more people could be matched.",
    "enough.one": "If {rule} were enough, one more person could be matched.",
    "offer_one": (
        "If one more mentor offered {values} ({field}), {count} more people could be matched, with"
        " {places} places."
    ),
    "offer_one.one": (
        "If one more mentor offered {values} ({field}), one more person could be matched."
    ),
    "offer_more": (
        "If {mentors} more mentors offered {values} ({field}), {count} more people could be"
        " matched. Places of each: {places}."
    ),
    "answer_one": (
        "If one more mentor answered {values} ({field}), {count} more people could be matched, with"
        " {places} places."
    ),
    "answer_one.one": (
        "If one more mentor answered {values} ({field}), one more person could be matched."
    ),
    "answer_more": (
        "If {mentors} more mentors answered {values} ({field}), {count} more people could be"
        " matched. Places of each: {places}."
    ),
    "join_one": (
        "If one more mentor were in the cohort {values}, {count} more people could be matched, with"
        " {places} places."
    ),
    "join_one.one": (
        "If one more mentor were in the cohort {values}, one more person could be matched."
    ),
    "join_more": (
        "If {mentors} more mentors were in the cohort {values}, {count} more people could be"
        " matched. Places of each: {places}."
    ),
    "changes_many": (
        "What changes would bring is looked at for up to {of} possible pairs, and this run has"
        " {count}. Match a part of the people alone, such as a cohort, and it is told for that."
        " What would help each who is left is told all the same."
    ),
    "changes_choices": (
        "What changes would bring was not looked at, for the pairs are those that people chose "
        "themselves, and whom they would choose then is not known. What would help each who is "
        "left is told all the same."
    ),
    "changes_groups": (
        "What changes would bring is reckoned for pairs of a mentee and a mentor, not for circles,"
        " rings or peers. What would help each who is left is told all the same."
    ),
    "changes_shortlists": (
        "What changes would bring was not looked at, for a plugin ranked a shortlist for each"
        " mentee, and who else could be paired is not known."
    ),
    "changes_unasked": "What changes would bring was not looked at for this run.",
    # why two are no pair
    "why_stands": (
        "{name} is number {rank} of the mentors whom {other} may have ({of} in all), with {score}"
        " of 100."
    ),
    "why_together": "The two are together in this run.",
    "why_locked_together": "The two are together, for the pair is locked.",
    "why_given": "{name} is with {given} ({score} of 100).",
    "why_locked": "{name} is with {given} ({score} of 100), and that pair is locked.",
    "why_alone": "{name} has no mentor in this run.",
    "why_free_all": "{name} has nobody in this run.",
    "why_full": "The places of {name} are taken by {people}; the figures are of 100.",
    "why_some_free": ("{name} is with {people} (of 100), and has free places: {count}."),
    "why_not_asked": "Here the mentees' own choices count, and {name} was not asked for.",
    "choice_got": "{name} is choice number {rank} of {other}.",
    "choice_not_allowed": "Choice number {rank}, {name}, is ruled out. {rule}",
    "choice_full": (
        "Choice number {rank}, {name}, had no place left. It went to who wanted {name} more, or is"
        " in a locked pair: {people}."
    ),
    "choice_outscored": (
        "Choice number {rank}, {name}, had no place left. Among those who wanted {name} as much, it"
        " went to {people}; this pair has {score} of 100."
    ),
    "choice_free": "Choice number {rank}, {name}, has a free place now.",
    "why_wanted_less": "The mentee wanted somebody else more, and has that mentor.",
    "why_worthless": "Nothing speaks for the two, and this strategy leaves such pairs out.",
    "why_places_lost": "The places of {name} went to mentees who fit at least as well.",
    "why_places_chosen": (
        "The places of {name} went to whom {name} asked for, or who fit at least as well."
    ),
    "why_better_given": "The mentee has a mentor who is as welcome, or more so.",
    "why_best_for_all": "Pairs are made so that all together fit best, not these two alone.",
    "why_places_locked": "Locked pairs hold the places of {name}.",
    "why_fewer": "If these two were put together, {count} people fewer could be matched.",
    "why_fewer.one": "If these two were put together, one person fewer could be matched.",
    "why_less": (
        "If these two were put together, all pairs would come to {points} points less, however the"
        " others are arranged; the best pair there can be has 100."
    ),
    "why_as_good": (
        "If these two were put together, it would come out as well; among equals the order of"
        " people decides."
    ),
    # a mentor that is needed, in the words of the rules
    "needs_other": "a {field} other than {value}",
    "needs_same": "{field} {value}",
    "needs_any": "any of {values} under {field}",
    "needs_some": "at least {least} of {values} under {field}",
    "needs_minutes": "at least {least} minutes a week of {values} ({zone}) under {field}",
    "needs_steps": "{field} from {value} up",
    "needs_upto": "{field} up to {value}",
    "needs_cohort": "cohort {value}",
    "needs_between": "{field} from {value} to {upto}",
}
"""One sentence for each code, in English.

Beside it may stand `.one` and `.two` for such a count, and `.all` for a count of all there are.
"""

ABOUT: Mapping[str, str] = {
    "covers_yours": "{other} offers {count} of the {of} that {one} named under {field}: {shared}.",
    "covers_yours.all": "{other} offers what {one} named under {field}: {shared}.",
    "covers_theirs": "{one} offers {count} of the {of} that {other} named under {field}: {shared}.",
    "covers_theirs.all": "{one} offers what {other} named under {field}: {shared}.",
    "covers_none": "{other} offers nothing that {one} named under {field}.",
    "covers_none_theirs": "{one} offers nothing that {other} named under {field}.",
    "shares": "They have {field} in common: {shared}.",
    "shares_none": "They have no {field} in common.",
    "same": "They have the same {field}: {value}.",
    "different": "They have a different {field}: {one} {yours}, {other} {theirs}.",
    "offers": "{other} offers {value}, which {one} named under {field}.",
    "offers_not": "{other} does not offer {value}, which {one} named under {field}.",
    "asks_yours": "{other} named {value} under {field}, which {one} offers.",
    "asks_other": "{other} named {value} under {field}, which {one} does not offer.",
    "steps_above": "{other} stands {count} steps above {one} in {field} ({theirs}).",
    "steps_above.one": "{other} stands one step above {one} in {field} ({theirs}).",
    "steps_below": "{other} stands {count} steps below {one} in {field} ({theirs}).",
    "steps_below.one": "{other} stands one step below {one} in {field} ({theirs}).",
    "level": "They stand at the same {field}: {theirs}.",
    "number_above": "{other} has {count} more in {field} than {one} ({theirs}).",
    "number_below": "{other} has {count} less in {field} than {one} ({theirs}).",
    "apart": "They are {count} apart in {field}.",
    "hours_shared": "They have {count} hours a week in common ({field}).",
    "hours_shared.one": "They have one hour a week in common ({field}).",
    "minutes_shared": "Both are free for {minutes} minutes in every week ({field}).",
    "minutes_none": "There are weeks in which they are never free at the same time ({field}).",
    "words_shared": "Both use these words under {field}: {shared}.",
    "words_some": "They use some of the same words under {field}.",
    "words_none": "They use no words in common under {field}.",
    "prior_high": "{other} brings much: {field}.",
    "prior_some": "{other} brings something: {field}.",
    "prior_low": "{other} brings little: {field}.",
    "your_prior": "What {one} brings counts: {field}.",
    "places_free": "{other} has {count} of {of} places free.",
    "places_free.all": "{other} has no mentee yet.",
    "your_places": "{one} has {count} of {of} places free.",
    "your_places.all": "{one} has no mentee yet.",
    "met_before": "They were brought together before.",
    "met_never": "They were not brought together before.",
    "alike_much": "They are much alike in {field}.",
    "alike_some": "They are somewhat alike in {field}.",
    "alike_not": "They are not alike in {field}.",
}
"""What staff read where a sentence says "you": `one` is whom the reason is for."""

Whose = Literal["mentee", "mentor"]
SIDES: Mapping[Whose, tuple[str, str]] = {
    "mentee": ("the mentee", "the mentor"),
    "mentor": ("the mentor", "the mentee"),
}
"""How `ABOUT` calls whom a reason is for, and the other, by whose it is."""

_LISTED = 6
_ENDS = (".", "!", "?", "…", "。", "।", "؟")
LONG_LABEL = 3
"""From so many words on a label is quoted, for it reads like a part of the sentence."""


def words(
    reason: Reason | str,
    locale: str = "en",
    fields: Mapping[str, Field] | None = None,
    *,
    whose: Whose | None = None,
) -> str:
    """Return a reason as a sentence; "" where it has nothing to say.

    It speaks to the one of the two whom the reason is for ("Offers what you named"). Where somebody
    else reads it, `whose` says who that one is: "The mentor offers what the mentee named".

    `fields` gives the labels of fields and options in the reader's language; without it their ids
    are shown. A plain text is shown as it is; of a code that only a plugin knows, its param `text`,
    else the code itself.
    """
    if isinstance(reason, str):
        return reason
    return _fill(reason.code, reason.params, locale, fields or {}, whose)


def sentence(
    reasons: tuple[Reason, ...],
    locale: str = "en",
    fields: Mapping[str, Field] | None = None,
    *,
    whose: Whose | None = None,
) -> str:
    """Return what speaks for a pair in one text, the weightiest first, worded as by `words`.

    Where nothing speaks for it, what speaks against it.
    """
    weightiest = sorted(reasons, key=lambda reason: -reason.points)
    speaking = [reason for reason in weightiest if reason.fits] or weightiest
    told = [text for reason in speaking if (text := words(reason, locale, fields, whose=whose))]
    return joined(told)


def joined(texts: Sequence[str]) -> str:
    """Return texts as one; several end with a full stop, which plugins write or leave out."""
    if len(texts) > 1:
        texts = [text if text.endswith(_ENDS) else f"{text}." for text in texts]
    return " ".join(texts)


def answer(field: Field, value: Any, locale: str = "en", *, zone: str, now: datetime) -> str:
    """Return what somebody answered as others read it, in the reader's language.

    Hours, which are kept in UTC, are those of a clock in this zone; times are those of whoever
    answered, wherever their clock is.
    """
    if field.kind == "hours":
        return "; ".join(format_hours(((one + ahead(zone, now)) % WEEK for one in value), locale))
    if field.kind == "times":
        told = "; ".join(format_times(value, locale))
        return translate("{times} (on their own clock)", locale).format(times=told)
    if field.kind == "flag":
        return translate("Yes" if value else "No", locale)
    if field.kind == "number":
        return format_number(value, locale)
    chosen = value if isinstance(value, (tuple, list)) else [value]
    named = [in_locale(field.choices.get(one, one), locale) for one in chosen]
    return ("; " if any("," in name for name in named) else ", ").join(named)


def _fill(
    code: str,
    params: Mapping[str, Any],
    locale: str,
    fields: Mapping[str, Field],
    whose: Whose | None = None,
) -> str:
    of = params.get("of")
    count = params.get("count", params.get("left", of))
    forms = ("one" if count == 1 else "two" if count == 2 else "", "all" if count == of else "")
    told = next((f"{code}.{form}" for form in forms if f"{code}.{form}" in SENTENCES), code)
    template = SENTENCES.get(told)
    if template is None:
        if "text" in params:
            return str(params["text"])
        return f"{code.replace('_', ' ').capitalize()}."
    about = fields.get(str(params.get("about", params.get("field", ""))))
    shown = {key: _show(key, value, locale, fields, about) for key, value in params.items()}
    if whose and told in ABOUT:
        one, other = (translate(who, locale) for who in SIDES[whose])
        text = translate(ABOUT[told], locale).format(**{**shown, "one": one, "other": other})
        return text[:1].upper() + text[1:]
    return translate(template, locale).format(**shown)


def _show(
    key: str, value: Any, locale: str, fields: Mapping[str, Field], about: Field | None
) -> str:
    if key in ("field", "part", "about"):
        spec = fields.get(str(value))
        label = in_locale(spec.label, locale) if spec else ""
        if len(label.split()) >= LONG_LABEL:
            return f"‘{label}’"
        return label or str(value).replace("_", " ")
    if key in ("count", "of", "left") and isinstance(value, int) and value >= 1000:
        return format_number(value, locale)
    if key in ("rule", "needs"):
        asked = [value] if isinstance(value, Mapping) else list(value)
        return "; ".join(_fill(one["code"], one["params"], locale, fields) for one in asked)
    if isinstance(value, (tuple, list)):
        hours = about is not None and about.kind == "hours"
        shown = (
            format_hours(value, locale)
            if hours
            else format_times(value, locale)
            if about is not None and about.kind == "times"
            else [_option(one, locale, about) for one in value]
        )
        rest = len(shown) - _LISTED
        listed = ", ".join(shown[:_LISTED])
        if rest > 0:
            more = translate("{listed} and {count} more", locale)
            listed = more.format(listed=listed, count=rest)
        return f"{listed} (UTC)" if hours else listed  # nobody knows here who reads it
    return _option(value, locale, about)


def _option(value: Any, locale: str, about: Field | None) -> str:
    if isinstance(value, bool):
        return translate("yes" if value else "no", locale)
    if isinstance(value, float):
        return f"{value:g}"
    if about is not None and isinstance(value, str) and value in about.choices:
        label = about.choices[value]
        return in_locale(label, locale) or value
    return str(value)
