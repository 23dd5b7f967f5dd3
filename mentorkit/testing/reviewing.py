"""What content checks keep."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mentorkit.hooks import Content, ContentCheck, Verdict
from mentorkit.hooks.settings import check_options
from mentorkit.testing.providing import NOTHING, Contract
from mentorkit.testing.samples import SampleContext

ODD = ("", " ", "\0", "a" * 4000, "\u202ecba", "Привет, мир", "0", "<script>", "\ud83d\ude00 ok")
"""Texts that somebody may write."""


class ContentCheckContract(Contract):
    """A check gives one verdict on each content, the same each time, whatever stands in it.

    `allowed` and `refused` are texts that it surely lets pass, and surely does not, under
    `program_settings`: what a program has set.
    """

    kind = "content_checks"
    allowed: Sequence[str] = ()
    refused: Sequence[str] = ()
    program_settings: Mapping[str, Any] = NOTHING

    def review(self, texts: Sequence[str], check: ContentCheck | None = None) -> list[Verdict]:
        given: ContentCheck = check or self.subject()
        settings: dict[str, Any] = dict(self.settings)
        if self.plugin is not None:
            plugin = self.loaded()[1]
            schema = plugin.manifest.program_settings
            chosen, problems = check_options(schema, self.program_settings, "program_settings")
            assert problems == []
            settings = {**plugin.settings, **chosen}
        contents = [
            Content(id=str(number), kind="question", text=text) for number, text in enumerate(texts)
        ]
        verdicts = list(given.review(SampleContext(settings=settings), contents))
        assert all(isinstance(one, Verdict) for one in verdicts)
        assert [one.content_id for one in verdicts] == [one.id for one in contents]
        return verdicts

    def test_gives_one_verdict_on_each(self) -> None:
        assert self.review(()) == []
        for verdict in self.review([*self.allowed, *self.refused, *ODD]):
            assert isinstance(verdict.allowed, bool)
            assert verdict.allowed or re.fullmatch(r"[a-z0-9_.]{1,100}", verdict.code)

    def test_lets_pass_and_holds_what_it_should(self) -> None:
        assert self.allowed, "`allowed` holds at least one text"
        assert self.refused, "`refused` holds at least one text"
        assert all(one.allowed for one in self.review(self.allowed))
        assert not any(one.allowed for one in self.review(self.refused))

    def test_same_text_same_verdict_in_any_company(self) -> None:
        check: ContentCheck = self.subject()
        texts = [*self.allowed, *self.refused]
        told = [(one.allowed, one.code) for one in self.review(texts, check)]
        alone = [self.review([text], check)[0] for text in texts]
        assert [(one.allowed, one.code) for one in alone] == told
        back = [(one.allowed, one.code) for one in self.review(texts[::-1], check)]
        assert back[::-1] == told
