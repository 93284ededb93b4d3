"""Whom an article credits: agencies in bylines, datelines and credits, and the first report that it leans on."""

from __future__ import annotations

import pytest

from monitor.stories.credits import credits_of

BODY = "The ministry said on Monday that the crossing would open again. Trucks waited on both sides of the border."

AUTHORS = [
    ("Reuters", "reuters"),
    ("By The Associated Press", "ap"),
    ("JANE DOE Associated Press", "ap"),
    ("Jane Doe, AP", "ap"),
    ("AFP", "afp"),
    ("Agence France-Presse", "afp"),
    ("Le Quotidien avec AFP", "afp"),
    ("L'Écho avec l'AFP et Reuters", "afp reuters"),
    ("Gazette Staff and agencies", "agencies"),
    ("الرياض - واس", "spa"),
    ("واس (الرياض)، محمد علي (جدة)", "spa"),
    ("أبها، بيروت: الوطن، الوكالات", "agencies"),
    ("الرياض 24 شوال 1436 هـ الموافق 09 أغسطس 2015 م واس", "spa"),
    ("واشنطن ، طهران - رويترز ، د ب ا", "dpa reuters"),
    ("بوينس آيرس - الفرنسية:", "afp"),
    ("القاهرة - أ ش أ", "mena"),
    ("وكالات-مدريد", "agencies"),
    ("القاهرة: هاني زيد، الأناضول", "anadolu"),
    ("וואלה! וסוכנויות הידיעות", "agencies"),
    ("סוכנות רויטרס", "reuters"),
    ("Jane Doe", ""),
    ("Michael Bloomberg", ""),
    ("Photo: Reuters", ""),
    ("د. هيا بنت عبدالرحمن", ""),
    ("محمد علي (تصوير: رويترز)", ""),
    ("", ""),
]


@pytest.mark.parametrize(("author", "agencies"), AUTHORS)
def test_author_field_names_the_agency(author: str, agencies: str) -> None:
    """The agency is found in the author field, in whatever order and language; people and photos are none."""
    found = credits_of("Crossing to open", BODY, author, "Gazette")

    assert found == tuple(f"agency:{key}" for key in agencies.split())


BEGINNINGS = [
    ("GAZA, Oct 12 (Reuters) - ", "reuters"),
    ("CAIRO (AP) — ", "ap"),
    ("(Reuters) – ", "reuters"),
    ("CAIRO, Oct. 12 (Xinhua) -- ", "xinhua"),
    ("RAMALLAH, Monday, October 12, 2023 (WAFA) – ", "wafa"),
    ("Paris, 12 oct 2023 (AFP) - ", "afp"),
    ("Jérusalem (Territoires) (AFP) – ", "afp"),
    ("غزة (الأراضي الفلسطينية) (أ ف ب) - ", "afp"),
    ("القاهرة (رويترز) - ", "reuters"),
    ("القاهرة - أ ش أ: ", "mena"),
    ("رام الله 12-10-2023 وفا- ", "wafa"),
    ("عمان 12 تشرين الأول (بترا)- ", "petra"),
    ("الدوحة في 12 أكتوبر /قنا/ ", "qna"),
    ("أبوظبي في 12 أكتوبر / وام / ", "wam"),
    ("بغداد - وكالات: ", "agencies"),
    ("AFP – ", "afp"),
    ("Reuters\n", "reuters"),
    ("القاهرة - أ.ب: ", "ap"),
    ("القاهرة، 7 أغسطس/آب 2024: ", ""),
    ("By Jane Doe, Associated Press\n", "ap"),
    ("וושינגטון (רויטרס) - ", "reuters"),
    ("A summary of the feed stands before it.\nGAZA (Reuters) - ", "reuters"),
    ("Smoke over the city, Oct. 12. (Jane Doe/Reuters)\n", ""),
    ("Smoke rises over the northern part of the city (Reuters)\n", ""),
    ("(Photo by Jane Doe / AFP) - ", ""),
    ("(Jane Doe/AFP via Getty Images) - ", ""),
    ("A map - the way home. ", ""),
    ("The tap - a leak. ", ""),
    ("A Reuters cameraman was among the wounded. ", ""),
    ("London (Gazette) - ", ""),
]


@pytest.mark.parametrize(("beginning", "agencies"), BEGINNINGS)
def test_dateline_and_byline_name_the_agency(beginning: str, agencies: str) -> None:
    """A dateline is a credit; captions, words that look like an agency and agencies in passing are not."""
    found = credits_of("Crossing to open", beginning + BODY, "", "Gazette")

    assert found == tuple(f"agency:{key}" for key in agencies.split())


ENDS = [
    ("\n(Reporting by Jane Doe in Cairo; Editing by John Roe)", "reuters"),
    (" The Associated Press contributed to this report.", "ap"),
    ("\nAssociated Press writers Jane Doe in Cairo and John Roe in Rome contributed to this report.", "ap"),
    ("\n(With inputs from AFP)", "afp"),
    ("\n(With agency inputs)", "agencies"),
    ("\nReuters contributed reporting", "reuters"),
    ("\nCopyright 2023 The Associated Press. All rights reserved.", "ap"),
    ("\n© Agence France-Presse", "afp"),
    ("\n(avec AFP)", "afp"),
    (" (Reuters)", "reuters"),
    (" (AFP, Reuters)", "afp reuters"),
    (" – AFP", "afp"),
    ("\nSource: Reuters", "reuters"),
    ("\nThis story was written by AFP and published from its feed.", "afp"),
    ("\nالمصدر : الجزيرة + وكالات", "agencies"),
    ("\nالمصدر: رويترز", "reuters"),
    (" (رويترز)", "reuters"),
    ("\nמקור: סוכנויות הידיעות", "agencies"),
    (" (Jane Doe/Reuters)", ""),
    (" (Jane Doe/AFP via Getty Images)", ""),
    ("\nPhoto: Reuters", ""),
    ("\nFollow us on social media for more.", ""),
]


@pytest.mark.parametrize(("end", "agencies"), ENDS)
def test_credit_at_the_end_names_the_agency(end: str, agencies: str) -> None:
    """A credit at the end counts, in a bracket, a line or a sentence; that of a photo does not."""
    found = credits_of("Crossing to open", BODY + end, "", "Gazette")

    assert found == tuple(f"agency:{key}" for key in agencies.split())


REPORTS = [
    ("Israel plans to open the crossing, according to the New York Times, which saw a draft.", "report:new york times"),
    ("A US official told Axios on Monday that the crossing would open.", "report:axios"),
    ("The crossing will open, the Washington Post reported.", "report:washington post"),
    ("The crossing will open, CNN first reported on Sunday, citing officials.", "report:cnn"),
    ("Israel's Channel 12 reported on Sunday that the crossing would open.", "report:channel 12"),
    ("The draft, seen by Reuters, says that the crossing will open.", "agency:reuters"),
    ("In an interview with Sky News he said that the crossing would open.", "report:sky news"),
    ("The crossing will open, according to the Daily Planet Tribune.", "report:daily planet tribune"),
    ("The crossing will open, he told the Times.", "report:times"),
    ("A New York Times investigation describes how the crossing was opened.", "report:new york times"),
    ("A draft was published in the American Journal of Borders.", ""),
    ("The crossing will open, found a report by the Independent expert panel.", ""),
    ("نقلت صحيفة وول ستريت جورنال عن مسؤولين أن المعبر سيفتح", "report:wall street journal"),
    ("قالت صحيفة “إسرائيل اليوم” إن المعبر سيفتح", "report:israel hayom"),
    ("وقال مسؤول لرويترز إن المعبر سيفتح", "agency:reuters"),
    ("قال مسؤول أميركي لـ«رويترز» إن المعبر سيفتح", "agency:reuters"),
    ("صرح الوزير لصحيفة الشرق الأوسط بأن المعبر سيفتح", "report:asharq al-awsat"),
    ("سيفتح المعبر نقلا عن موقع أكسيوس الأميركي", "report:axios"),
    ("سيفتح المعبر، بحسب القناة 12 الإسرائيلية", "report:channel 12"),
    ("أفادت صحيفة يديعوت أحرونوت وموقع والا بأن المعبر سيفتح", "report:walla report:ynet"),
    ("ذكر موقع «الكوكب اليومي» أن المعبر سيفتح", "report:الكوكب اليومي"),
    ("לפי דיווח ב-ynet, המעבר ייפתח", "report:ynet"),
    ("על פי הניו יורק טיימס, המעבר ייפתח", "report:new york times"),
    ("כך דווח הבוקר בעיתון 'הארץ'", "report:haaretz"),
    ("בכיר אמריקני אמר לרויטרס כי המעבר ייפתח", "agency:reuters"),
    ("דיווח רשת CNN: המעבר ייפתח", "report:cnn"),
    ('המעבר ייפתח, כך אמר בריאיון לגל"צ', "report:army radio"),
    ("Le passage va rouvrir, selon le Figaro.", "report:le figaro"),
    ("Selon Le Monde, le passage va rouvrir.", "report:le monde"),
    ("Le passage va rouvrir, a déclaré à l'AFP un responsable.", "agency:afp"),
    ("D'après Haaretz, le passage va rouvrir.", "report:haaretz"),
    ("Le passage va rouvrir, rapporte Axios.", "report:axios"),
    # what is said by others, or of a newsroom, or with its words
    ("The crossing will open, according to the ministry of health.", ""),
    ("The crossing will open, according to the times that were announced.", ""),
    ("The crossing will open, according to the Independent Commission on Borders.", ""),
    ("A Reuters cameraman was killed near the crossing.", ""),
    ("Israel moves to shut down Al Jazeera over its coverage of the crossing.", ""),
    ("The BBC was criticised for its report from the crossing.", ""),
    ("سيفتح المعبر في القدس اليوم السابع من الشهر", ""),
    ("سيفتح المعبر بحسب وزارة الصحة", ""),
    ("تظاهر العشرات أمام مبنى صحيفة نيويورك تايمز", ""),
    ("לפי הארץ הזאת אין מעבר", ""),
    ("Le monde entier regarde le passage.", ""),
]


@pytest.mark.parametrize(("lead", "credited"), REPORTS)
def test_first_report_is_found_in_the_lead(lead: str, credited: str) -> None:
    """A newsroom that is handed the word in the first sentences is credited; one that is only named is not."""
    found = credits_of("", lead, "", "Gazette")

    assert found == tuple(credited.split(" ", 1) if credited.count(":") > 1 else [credited] if credited else [])


@pytest.mark.parametrize(
    ("title", "credited"),
    [
        ("هآرتس: خطة جديدة للمعبر", "report:haaretz"),
        ('"نيويورك تايمز": خطة جديدة للمعبر', "report:new york times"),
        ("France school attack leaves one dead: AFP", "agency:afp"),
        ("US to divert shells – Axios", "report:axios"),
        ("Gaza plan drafted: NYT report", "report:new york times"),
        ("Analysis: what the crossing means", ""),
        ("القدس: فتح المعبر", ""),
    ],
)
def test_headline_quotes_a_newsroom(title: str, credited: str) -> None:
    """A headline that is another newsroom's says so at its beginning or its end."""
    assert credits_of(title, "", "", "Gazette") == ((credited,) if credited else ())


def test_what_is_far_down_is_one_source_among_others() -> None:
    """An original reporter who quotes an agency in passing credits nobody; a first report is named wherever."""
    passing = BODY * 8 + " A witness told Reuters that he had waited. " + BODY * 6
    leaning = BODY * 8 + " The plan was first reported by Axios. " + BODY * 6

    assert credits_of("Crossing to open", passing, "Jane Doe", "Gazette") == ()
    assert credits_of("Crossing to open", leaning, "Jane Doe", "Gazette") == ("report:axios",)


@pytest.mark.parametrize(
    ("newsroom", "text"),
    [
        ("Reuters", "GAZA (Reuters) - A minister told Reuters that it would open."),
        ("BBC", "A minister told BBC News that it would open."),
        ("New York Times", "A minister told The Times that it would open."),
        ("الجزيرة نت", "قال مسؤول لقناة الجزيرة إن المعبر سيفتح\nالمصدر : الجزيرة"),
        ("Haaretz", "בכיר אמר לעיתון 'הארץ' כי המעבר ייפתח"),
    ],
)
def test_newsroom_does_not_credit_itself(newsroom: str, text: str) -> None:
    """What a newsroom was told itself is its own report, under whatever name it speaks of itself."""
    assert credits_of("", text, newsroom, newsroom) == ()


@pytest.mark.parametrize(
    "text", ["", " ", "\n", "(", "()", "(((((", "- - -", "\u200f", "ا" * 5000, "((Reuters) " * 2000]
)
def test_odd_texts_credit_nobody_or_somebody_but_break_nothing(text: str) -> None:
    """Empty, one-word and hostile texts are read like any other."""
    assert all(":" in credit for credit in credits_of(text[:300], text, text, text))
