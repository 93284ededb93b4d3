"""Every form that rules match is a folded word of the text, or leads to words that stand side by side in it."""

from __future__ import annotations

from hypothesis import given, settings

from monitor import text
from tests.unit.rules.test_reference import MIXED, texts_of


@settings(max_examples=150, deadline=None)
@given(texts_of(MIXED))
def test_every_form_of_a_text_leads_back_to_its_words(written: str) -> None:
    """What the haystack of rules holds is found among the folded words, at once or through another form."""
    haystack = {form for form in text.haystack(written).decode().split(" ") if form}
    words = f" {' '.join(text.folded_words(written))} "

    others = text.other_forms(written)

    assert haystack == set(text.folded_words(written)) | {form for form, _ in others}
    assert all(f" {stands} " in words for _, stands in others)


def test_clitics_and_hyphens_are_led_back() -> None:
    """The Arabic for Cairo is found in "to Cairo", and a word in its two halves; plain words need no help."""
    others = text.other_forms("re-settle وللقاهرة plain words")

    assert ("resettle", "re settle") in others
    assert ("قاهره", "وللقاهره") in others
    assert not [pair for pair in others if "plain" in pair[1]]
