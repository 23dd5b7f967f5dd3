"""Which kinds of field each declared form can compare. No numpy here: binding needs only this."""

from __future__ import annotations

from mentorkit.hooks.forms import (
    Above,
    Closeness,
    Contains,
    Cosine,
    Equal,
    Form,
    MinOverlap,
    Overlap,
    Prior,
    RuleForm,
    SetOverlap,
    SharedWords,
    SharesAny,
    Weekly,
)

SET_KINDS = ("options", "hours", "option", "ordered")
NUMBER_KINDS = ("number", "ordered")
TIME_KINDS = ("times", "hours")
CODE_KINDS = ("text", "option", "ordered")


def needed_kinds(form: Form | RuleForm) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the field kinds that make sense for each option of a form, by the option's name.

    A form compares any answers where an option is absent here.
    """
    match form:
        case SetOverlap() | Overlap() | SharesAny() | MinOverlap():
            return (("field", SET_KINDS), ("other", SET_KINDS))
        case Equal() if form.prefix:
            return (("field", CODE_KINDS), ("other", CODE_KINDS))
        case Contains():
            return (("field", CODE_KINDS), ("other", SET_KINDS))
        case Weekly():
            return (("field", TIME_KINDS), ("other", TIME_KINDS))
        case Closeness() | Above():
            return (("field", NUMBER_KINDS), ("other", NUMBER_KINDS))
        case SharedWords():
            return (("field", ("text",)), ("other", ("text",)))
        case Prior():
            return (("field", ("number",)),)
        case Cosine():
            return (("field", ("vector",)), ("other", ("vector",)))
        case _:
            return ()
