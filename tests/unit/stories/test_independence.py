"""How many newsrooms stand behind a story, and why articles are one voice."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from monitor.stories import names
from monitor.stories.independence import Claim, Report, choose_sources, claim_of, count_independent, joined


def reports(*written: tuple[str, str] | str) -> list[Report]:
    """Return articles in order of arrival: a newsroom, or a newsroom and what it credits."""
    pairs = [(entry, "") if isinstance(entry, str) else entry for entry in written]
    return [
        Report(n, newsroom, tuple(credited.split(", ")) if credited else ())
        for n, (newsroom, credited) in enumerate(pairs, start=1)
    ]


def voices(*written: tuple[str, str] | str) -> list[str]:
    """Return the names of the voices behind articles."""
    return [voice.name for voice in count_independent(reports(*written)).voices]


def test_one_newsroom_is_one_voice_through_all_its_feeds() -> None:
    """BBC, BBC News and its Arabic service are one newsroom, as Google News or RSS bring it."""
    found = count_independent(reports("BBC", "BBC News", "بي بي سي عربي", "BBC.com", "Gazette"))

    assert [(voice.name, [heard.why for heard in voice.articles]) for voice in found.voices] == [
        ("BBC", ["own", "same_newsroom", "same_newsroom", "same_newsroom"]),
        ("Gazette", ["own"]),
    ]


def test_papers_that_print_one_agency_are_one_voice() -> None:
    """Forty papers with a Reuters report are Reuters, who need not be among them."""
    forty = [(f"Paper {n}", "agency:reuters") for n in range(40)]

    assert voices(*forty) == ["Reuters"]
    assert voices(*forty, "Reuters", "Gazette") == ["Reuters", "Gazette"]


def test_what_leans_on_a_first_report_does_not_corroborate_it() -> None:
    """ "According to the Times" adds nothing to the Times, told first or last."""
    leaning = [("Gazette", "report:new york times"), ("Herald", "report:new york times")]

    assert voices("New York Times", *leaning) == ["New York Times"]
    assert voices(*leaning, "The New York Times") == ["New York Times"]
    assert voices(*leaning, "Courier") == ["New York Times", "Courier"]


def test_an_agency_that_passes_on_a_first_report_is_its_transport() -> None:
    """What Reuters and AFP print of a report in the Times is the Times'."""
    found = voices(("Gazette", "agency:reuters, report:axios"), ("Herald", "agency:afp, report:axios"))

    assert found == ["Axios"]


def test_a_paper_counts_for_itself_beside_the_agency_that_it_printed_first() -> None:
    """A newsroom's own report stays its own though it printed an agency's before."""
    assert voices(("Gazette", "agency:reuters"), "Reuters", "Gazette") == ["Reuters", "Gazette"]


def test_copies_are_one_voice_with_why() -> None:
    """A chain of copies is its first newsroom's, and each article says which one it copies."""
    given = [*reports("Gazette"), Report(2, "Herald", duplicate_of=1), Report(3, "Courier", duplicate_of=2)]

    found = count_independent(given)

    assert [
        (voice.name, [(heard.article_id, heard.why, heard.of) for heard in voice.articles]) for voice in found.voices
    ] == [("Gazette", [(1, "own", None), (2, "copy", 1), (3, "copy", 2)])]


def test_a_copy_that_names_the_agency_tells_whose_the_text_is() -> None:
    """The first paper left the credit out; a copy of its text has it, so all of them owe it to the agency."""
    given = [
        Report(1, "Gazette"),
        Report(2, "Herald", ("agency:afp",), duplicate_of=1),
        Report(3, "Courier", ("agency:afp",)),
    ]

    assert [voice.name for voice in count_independent(given).voices] == ["AFP"]


def test_a_text_that_an_agency_puts_out_is_the_agencys() -> None:
    """A paper was faster with the agency's text than the agency's feed; others that credit the agency add no voice."""
    given = [Report(1, "Gazette"), Report(2, "Reuters", duplicate_of=1), Report(3, "Courier", ("agency:reuters",))]

    assert [voice.name for voice in count_independent(given).voices] == ["Reuters"]


def test_unnamed_agencies_are_one_of_those_that_are_named() -> None:
    """ "Agencies" beside Reuters is Reuters; alone it is one voice, however many papers write it."""
    assert voices(("Gazette", "agency:agencies"), ("Herald", "agency:reuters")) == ["Reuters"]
    assert voices(("Gazette", "agency:agencies"), ("Herald", "agency:agencies")) == ["news agencies"]


def test_the_times_is_the_times_that_is_there() -> None:
    """ "Told the Times" means whichever Times tells the story; where none does it is one voice."""
    assert voices("New York Times", ("Gazette", "report:times")) == ["New York Times"]
    assert voices("Times of Israel", ("Gazette", "report:times")) == ["Times of Israel"]
    assert len(voices(("Gazette", "report:times"), ("Herald", "report:times"))) == 1


def test_several_credits_cost_no_voice_and_make_none() -> None:
    """An article that credits two agencies is covered by either; it never counts for both."""
    assert voices(("Gazette", "agency:ap, agency:reuters")) in (["AP"], ["Reuters"])
    assert voices(("Gazette", "agency:ap, agency:reuters"), ("Herald", "agency:reuters")) == ["Reuters"]
    assert voices(("Gazette", "agency:ap, agency:reuters"), "AP", "Reuters") in (["AP", "Reuters"], ["Reuters", "AP"])


def test_an_aggregator_is_no_voice() -> None:
    """Google News stands for the publisher that it names, and for nobody where it names none."""
    given = [
        Report(1, "Gazette", aggregator="Google News"),
        Report(2, "Gazette"),
        Report(3, "Google News", aggregator="Google News"),
    ]

    found = count_independent(given)

    assert [voice.name for voice in found.voices] == ["Gazette"]
    assert found.unheard == (3,)


def test_a20_feeds_that_are_not_trusted_never_raise_the_count_nor_take_a_voice() -> None:
    """Whoever copies first does not speak for the newsroom that it copied, and is listed apart."""
    given = [
        Report(1, "Anybody", trusted=False),
        Report(2, "Gazette", duplicate_of=1),
        Report(3, "Herald", duplicate_of=1),
        Report(4, "Anybody Else", trusted=False),
    ]

    found = count_independent(given)

    assert [(voice.name, [heard.article_id for heard in voice.articles]) for voice in found.voices] == [
        ("Gazette", [2, 3])
    ]
    assert found.unheard == (1, 4)


def test_order_of_the_articles_does_not_matter() -> None:
    """The same articles give the same voices in whatever order they are handed in."""
    given = [
        *reports("BBC", ("Gazette", "agency:afp, agency:ap"), ("Herald", "report:times"), "New York Times"),
        Report(5, "Courier", ("agency:ap",), duplicate_of=2),
        Report(6, "Mail", ("agency:agencies",)),
    ]
    expected = count_independent(given)

    for seed in range(20):
        shuffled = random.Random(seed).sample(given, len(given))
        assert count_independent(shuffled) == expected
    assert [voice.name for voice in expected.voices] == ["BBC", "AFP", "New York Times"]


def test_another_report_never_lowers_the_count() -> None:
    """Articles that copy nothing only add voices, over many made-up stories."""
    rng = random.Random(11)
    newsrooms = ["BBC", "Gazette", "Herald", "Reuters", "New York Times", "Courier"]
    credited = ["agency:reuters", "agency:afp", "agency:ap", "agency:agencies", "report:times", "report:bbc"]
    for _ in range(200):
        story = [
            Report(
                n, rng.choice(newsrooms), tuple(rng.sample(credited, rng.choice((0, 0, 1)))), trusted=rng.random() < 0.9
            )
            for n in range(1, 13)
        ]
        counts = [count_independent(story[:n]).count for n in range(len(story) + 1)]
        assert counts == sorted(counts)


@pytest.mark.parametrize("claim", [Claim("bbc"), Claim(None), Claim(None, frozenset(("ap", "reuters")))])
def test_claims_are_stored_as_text(claim: Claim) -> None:
    """What is read back is what was stored."""
    assert Claim.from_text(claim.to_text()) == claim


def test_a_newsroom_with_the_marks_of_the_stored_form_in_its_name_stays_whole() -> None:
    """A name made to look like a credit is a name."""
    claim = claim_of("@reuters|@ap", ())

    assert not Claim.from_text(claim.to_text()).credited


def test_chain_of_claims_does_not_depend_on_which_copy_came_first() -> None:
    """Whose word a chain of copies gives is the same from both ends, once one of them credits somebody."""
    own, crediting = claim_of("Gazette", ()), claim_of("Herald", ("agency:afp",))

    assert joined(own, crediting).sources == joined(crediting, own).sources == frozenset(("afp",))
    assert choose_sources([replace(own, own=None)]) == {}


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("The New York Times", "new york times"), ("NYT > Top Stories", "new york times"),
        ("www.haaretz.co.il", "haaretz"), ("ynet.co.il", "ynet"), ("A.B. News", "ab news"),
        ("Haaretz.com", "haaretz"), ("هآرتس", "haaretz"), ("הארץ", "haaretz"), ("The Guardian - World", "guardian"),
        ("Anadolu Agency | English", "anadolu"), ("DW (English)", "deutsche welle"), ("BBC Arabic", "bbc"),
        ("Voice of America - VOA News", "voa"), ("Al Jazeera English", "al jazeera"), ("الجزيرة نت", "al jazeera"),
        ("Evening Gazette Online", "evening gazette"), ("Evening Gazette", "evening gazette"),
        ("Al-Quds", "al-quds"), ("Al-Quds Al-Arabi", "al-quds al-arabi"), ("Sky News", "sky news"),
        ("Sky News Arabia", "sky news arabia"), ("Asharq News", "asharq news"), ("—", "—"), ("", ""),
    ],
)  # fmt: skip
def test_names_of_one_newsroom_fold_to_one_key(written: str, key: str) -> None:
    """Languages, sections and web addresses fold; newsrooms that only sound alike stay apart."""
    assert names.newsroom_key(written) == key


def test_the_tables_of_names_do_not_contradict_themselves() -> None:
    """A name belongs to one newsroom, and a key is not both an agency and a newsroom."""
    found: dict[tuple[str, ...], set[str]] = {}
    for name in (*names.AGENCY_NAMES, *names.NEWSROOM_NAMES):
        found.setdefault(name.words, set()).add(name.key)

    assert {words: keys for words, keys in found.items() if len(keys) > 1} == {}
    assert names.AGENCIES.isdisjoint(name.key for name in names.NEWSROOM_NAMES)
