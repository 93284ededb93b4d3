"""Which text is a copy of which, and what makes none."""

from __future__ import annotations

import pytest

from monitor import text
from monitor.stories.copies import Candidate, Copy, Newcomer, find_copy
from monitor.stories.sketch import KIND, Sketch, sketch_of
from tests.support.prose import prose


def sketched(body: str) -> Sketch:
    """Return the sketch of a text."""
    return sketch_of(text.folded_words(body))


class Archive:
    """Articles in the order in which they came; a copy goes into the story of its original."""

    def __init__(self) -> None:
        self.stored: list[Candidate] = []

    def place(self, body: str, newsroom: str, title: str = "", trusted: bool = True) -> Copy | None:
        """Return what an article copies, and store it."""
        made = sketched(body)
        found = find_copy(Newcomer(made, newsroom, title or body[:40], trusted), self.stored)
        number = len(self.stored) + 1
        story = found.story_id if found else number
        title = title or body[:40]
        self.stored.append(Candidate(number, story, newsroom, title, made.size, made.digest, trusted))
        return found


# -- the sketch ------------------------------------------------------------------------------------


def test_sketch_is_the_same_in_every_process_and_release() -> None:
    """Stored sketches are compared with new ones for years: another outcome needs another KIND."""
    made = sketched(
        "The port of Haifa was closed on Tuesday by a strike of its pilots; no ship has left it since then."
    )

    assert KIND == "s1"
    assert made.size == 17
    assert made.hashes[:2] == (2872637195595, 5721777800086)
    assert made.digest[:8].hex() == "608abd70a746baa5"


def test_case_accents_and_punctuation_do_not_change_a_sketch() -> None:
    """Newsrooms set the same report in their own way."""
    plain = prose("strike", 60)

    assert sketched(plain.upper().replace(".", " —")) == sketched(plain)


def test_text_of_one_line_has_no_sketch() -> None:
    """`Updates follow`, a caption, an empty text: nothing is looked up by them and nothing is a copy of them."""
    assert sketched("").hashes == ()
    assert sketched(prose("line", 19)) == Sketch(size=15)
    assert sketched(prose("line", 20)).hashes != ()


def test_long_texts_are_kept_in_little_room() -> None:
    """The longest text that is read takes no more than a few hundred hashes and half a kilobyte."""
    made = sketched(prose("book", 30_000))

    assert len(made.hashes) <= 220
    assert len(made.digest) <= 2 * 300


# -- copies ----------------------------------------------------------------------------------------


def test_edited_wire_report_is_a_copy() -> None:
    """Another headline, a byline, a changed sentence and a cut end are still the same report."""
    wire = prose("wire", 400)
    cut = " ".join(wire.split()[:300])
    archive = Archive()
    archive.place(wire, "Gazette", "Strike closes port")

    copy = archive.place(f"By Our Staff. {prose('changed', 20)} {cut}", "Herald", "Port closed")

    assert copy is not None
    assert copy.article_id == 1
    assert copy.share > 0.9
    assert 0.65 < copy.of_other < 0.85


@pytest.mark.parametrize(("words", "rest"), [(40, 500), (50, 650), (80, 1100), (45, 2500)])
def test_lead_in_a_long_text_is_a_copy(words: int, rest: int) -> None:
    """A lead of 50 words is a copy of the report of 700 that begins with it, though it resembles it by 0.07."""
    lead, archive = prose("lead", words), Archive()
    archive.place(f"{lead} {prose('rest', rest)}", "Gazette")

    copy = archive.place(lead, "Herald")

    assert copy is not None
    assert copy.why == "contained"
    assert copy.share > 0.9
    assert copy.of_other < 0.1


def test_paragraph_from_the_middle_is_a_copy() -> None:
    """A brief that was cut from the middle of a report is found too."""
    brief, archive = prose("brief", 75), Archive()
    archive.place(f"{prose('before', 400)} {brief} {prose('after', 300)}", "Gazette")

    copy = archive.place(brief, "Herald")

    assert copy is not None
    assert copy.share > 0.9


def test_own_report_with_a_quotation_is_no_copy() -> None:
    """Forty words of a statement that two newsrooms quote do not make one report of two."""
    statement, archive = prose("statement", 40), Archive()
    archive.place(f"{prose('one', 150)} {statement} {prose('first', 60)}", "Gazette")

    copy = archive.place(f"{prose('two', 120)} {statement} {prose('second', 90)}", "Herald")

    assert copy is None


def test_half_a_brief_in_a_far_longer_text_is_no_copy() -> None:
    """A round-up that shares half a brief's words does not take the brief in."""
    brief, archive = prose("half", 60), Archive()
    archive.place(f"{brief} {prose('roundup', 900)}", "Gazette")

    assert archive.place(f"{brief} {prose('own', 55)}", "Herald") is None


def test_large_piece_at_the_top_is_a_copy() -> None:
    """Paragraphs taken over as they stand make a copy, whatever else was written around them."""
    piece, archive = prose("piece", 160), Archive()
    archive.place(f"{piece} {prose('one', 300)}", "Gazette")

    copy = archive.place(f"{piece} {prose('two', 260)}", "Herald")

    assert copy is not None
    assert copy.why == "piece"


def test_background_at_the_end_is_no_copy() -> None:
    """The paragraphs that an agency puts under each of its reports do not make one story of two."""
    background, archive = prose("background", 160), Archive()
    archive.place(f"{prose('one', 300)} {background}", "Gazette")

    assert archive.place(f"{prose('two', 260)} {background}", "Herald") is None


def test_earliest_of_equal_originals_is_named() -> None:
    """A report that forty carry is a copy of the one that came first."""
    wire, archive = prose("wire", 200), Archive()
    for number in range(5):
        archive.place(wire, f"Newsroom {number}")

    copy = archive.place(wire, "Herald")

    assert copy is not None
    assert copy.article_id == 1


# -- furniture -------------------------------------------------------------------------------------

FRAME = prose("subscribe to our newsletter", 60)
CREDIT = "Reporting by our correspondents in the region; editing by the foreign desk; copyright by the agency"


def test_pages_with_one_frame_are_no_copies() -> None:
    """A frame of 60 words around texts of 40 makes no copies within its newsroom, neither early nor late."""
    archive = Archive()

    copies = [archive.place(f"{prose(f'own {n}', 40)} {FRAME}", "Gazette", prose(f"title {n}", 6)) for n in range(30)]

    assert copies == [None] * 30


def test_frame_alone_with_other_headlines_is_no_copy() -> None:
    """A consent page behind every headline hides no article behind another."""
    archive = Archive()

    copies = [
        archive.place(f"{prose('consent', 200)} {prose(f'{n}', 9)}", "Gazette", prose(f"t{n}", 7)) for n in range(9)
    ]

    assert copies == [None] * 9


def test_copy_is_found_in_spite_of_two_frames() -> None:
    """A brief of 45 words is found in another newsroom though either page has more words of its own frame."""
    brief, other, archive = prose("brief", 45), prose("other frame", 90), Archive()
    for n in range(6):
        archive.place(f"{prose(f'g{n}', 45)} {FRAME}", "Gazette", prose(f"gt{n}", 6))
        archive.place(f"{prose(f'h{n}', 45)} {other}", "Herald", prose(f"ht{n}", 6))
    archive.place(f"{brief} {FRAME}", "Gazette", "Brief")

    copy = archive.place(f"{brief} {other}", "Herald", "Short")

    assert copy is not None
    assert copy.article_id == 13


def test_frame_that_several_newsrooms_share_is_no_copy() -> None:
    """Sites of one publisher have one frame; a fifth site's page is a copy of none of theirs."""
    archive = Archive()
    for n in range(4):
        for site in ("North", "South"):
            archive.place(f"{prose(f'{site} {n}', 50)} {FRAME}", site, prose(f"{site} title {n}", 6))

    assert archive.place(f"{prose('east', 50)} {FRAME}", "East") is None


def test_credits_make_no_copies() -> None:
    """Short reports with one agency's long credit under them are no copies of each other."""
    archive = Archive()

    copies = [archive.place(f"{prose(f'report {n}', 40)} {CREDIT}", f"Newsroom {n}") for n in range(12)]

    assert copies == [None] * 12


def test_one_newsroom_repeats_its_own_article() -> None:
    """The same article in two sections of one site is a copy where the headlines are alike."""
    body, archive = prose("article", 200), Archive()
    archive.place(body, "Gazette", "Strike closes the port of Haifa")

    copy = archive.place(f"{body} Updated.", "Gazette", "Strike closes port")

    assert copy is not None


# -- trust -----------------------------------------------------------------------------------------


def test_a20_original_of_a_trusted_feed_comes_first() -> None:
    """A copy is one of the trusted newsroom, though an untrusted feed had the text earlier and nearer."""
    wire, archive = prose("wire", 200), Archive()
    archive.place(wire, "Impostor", trusted=False)
    archive.place(f"{wire} {prose('more', 20)}", "Gazette")

    copy = archive.place(wire, "Herald")

    assert copy is not None
    assert copy.article_id == 2
    assert copy.trusted


def test_a20_untrusted_stories_make_nothing_furniture() -> None:
    """A feed that strews a report's words over many pages does not keep the report's copies apart."""
    wire, archive = prose("wire", 120), Archive()
    archive.place(wire, "Gazette")
    for n in range(8):
        spread = f"{' '.join(wire.split()[:60])} {prose(f'noise {n}', 400)}"
        made = sketched(spread)
        archive.stored.append(Candidate(100 + n, 100 + n, f"Impostor {n}", "", made.size, made.digest, trusted=False))

    copy = archive.place(wire, "Herald")

    assert copy is not None
    assert copy.article_id == 1
    assert copy.share == 1.0


def test_a20_candidate_that_must_not_be_joined_is_not() -> None:
    """What the look-up marks as not to be joined is only a witness."""
    wire = prose("wire", 120)
    made = sketched(wire)
    candidate = Candidate(1, 1, "Impostor", "", made.size, made.digest, trusted=False, joinable=False)

    assert find_copy(Newcomer(made, "Gazette", "Title"), [candidate]) is None
