"""What the demo's newsrooms publish: all invented for it, but for the seed report; nothing here is news."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SEED = Path(__file__).with_name("seed.txt")


@dataclass(frozen=True, slots=True)
class Newsroom:
    """Who publishes, in which language and kind of feed (`rss` or `atom`)."""

    key: str
    name: str
    lang: str
    kind: str


@dataclass(frozen=True, slots=True)
class Story:
    """An article as it is published. `packs`: the packs that must tell it; none: nobody wants to hear of it."""

    slug: str
    newsroom: str
    title: str
    paragraphs: tuple[str, ...]
    packs: tuple[str, ...] = ()
    note: str = ""
    """Why it is in the demo, for the summary."""

    @property
    def path(self) -> str:
        """Return where its page is on the site."""
        return f"/{self.newsroom}/{self.slug}.html"


NEWSROOMS = (
    Newsroom("courier", "The Quay Courier", "en", "rss"),
    Newsroom("herald", "The Hill Herald", "en", "atom"),
    Newsroom("nahar", "صحيفة النهر", "ar", "atom"),
    Newsroom("kikar", "כיכר היום", "he", "rss"),
    Newsroom("rive", "Le Matin de la Rive", "fr", "atom"),
)

_SEED_TITLE = "Israel lobbies Egypt to accept mass migration of Gazans, report says"


def first_round() -> tuple[Story, ...]:
    """Return what stands in the feeds when the daemon first polls them."""
    every = ("egypt_israel_talks", "resettlement", "us_aid")
    seed = Story("mass-migration-report", "courier", _SEED_TITLE, _seed(), every, "fires all three packs, sent once")
    return (seed, *_OTHERS)


def copy() -> Story:
    """Return the seed report as a second newsroom takes it over, after the first."""
    return Story("as-reported-elsewhere", "herald", _SEED_TITLE, _seed(), (), "a copy of the Courier's report")


def _seed() -> tuple[str, ...]:
    return tuple(line.strip() for line in SEED.read_text("utf-8").splitlines() if line.strip())


_OTHERS = (
    Story(
        "tahjir",
        "nahar",
        "القاهرة ترفض مقترحا جديدا لتهجير سكان غزة إلى سيناء",
        (
            "رفضت وزارة الخارجية في القاهرة مقترحا جديدا يقضي بتهجير سكان قطاع غزة إلى سيناء، وقالت إن نقل "
            "الفلسطينيين من أرضهم خط أحمر لن تقبل مصر بتجاوزه تحت أي مسمى.",
            "وأضاف البيان أن التهجير، طوعيا كان أم قسريا، تصفية للقضية، وأن الحل يبدأ بإعادة إعمار القطاع مع بقاء "
            "أهله فيه. وقال متحدث إن الموقف أبلغ إلى جميع الأطراف المعنية خلال الأسبوع الجاري.",
            "وكانت صحف قد تحدثت عن خرائط جديدة لمخيمات مؤقتة، ولم يؤكد أي مسؤول صحة ما نشر.",
        ),
        ("resettlement",),
        "an Arabic report, matched with its clitics",
    ),
    Story(
        "taba",
        "kikar",
        "פגישה חשאית בטאבה: קצינים ישראלים ומצרים דנו בגבול",
        (
            "קצינים בכירים מישראל וממצרים נפגשו השבוע בטאבה ודנו בהיערכות הכוחות לאורך הגבול, כך אמרו שני גורמים "
            "המעורים בפרטים. הפגישה בין הצדדים נמשכה ארבע שעות והתקיימה הרחק מהתקשורת.",
            "לדברי הגורמים, המשלחת הישראלית הציגה מפות חדשות והמשלחת המצרית ביקשה הבהרות בכתב. סבב שיחות נוסף נקבע "
            "לאחר החג. דובר הצבא סירב להגיב על הדברים.",
            "במסדרונות אמרו כי הקו החם בין שני הצדדים פעיל מאז יותר מבעבר.",
        ),
        ("egypt_israel_talks",),
        "a Hebrew report of a meeting",
    ),
    Story(
        "aide-jordanie",
        "rive",
        "À Amman, le gel de l'aide américaine inquiète",
        (
            "La Jordanie n'a pas obtenu de dérogation au gel de l'aide étrangère décidé par Washington, ont indiqué "
            "deux responsables. L'aide américaine à la Jordanie finance des chantiers d'eau et une partie du budget.",
            "Le Congrès pourrait rétablir une partie des fonds au printemps, mais le département d'État a prévenu "
            "que toute l'aide au royaume resterait suspendue pendant l'examen. Plusieurs chantiers sont déjà à "
            "l'arrêt.",
            "Le gouvernement cherche des bailleurs en Europe et promet de ne pas augmenter le prix du pain.",
        ),
        ("us_aid",),
        "a French report on frozen aid",
    ),
    Story(
        "winger-signs",
        "courier",
        "Football: Cairo club completes transfer of Haifa winger for next season",
        (
            "A Cairo football club has completed the transfer of a winger from Haifa, ending a summer of haggling "
            "over the fee. The 24-year-old passed his medical on Tuesday and will wear the number eleven shirt.",
            "The coach praised his pace and said the squad, beaten on penalties in the last cup final, needed goals "
            "from the left side of the pitch. The new striker is expected to follow before the window closes.",
            "Season tickets go on sale on Sunday at the stadium box office.",
        ),
        (),
        "a football transfer",
    ),
    Story(
        "street-cleared",
        "herald",
        "Residents of Gaza Street moved out for an hour after gas leak",
        (
            "Residents of Gaza Street in central Jerusalem were moved out of their homes for an hour on Monday "
            "evening after a gas leak under the pavement. Firefighters closed the road between the square and the "
            "bakery.",
            "Nobody was hurt, a spokesman for the fire brigade said. Engineers replaced a valve and opened the "
            "street to traffic before midnight, and the buses returned to their usual route.",
            "The municipality will inspect the other pipes of the quarter in the coming weeks.",
        ),
        (),
        "Gaza Street, a road in Jerusalem",
    ),
)


def later(number: int) -> Story:
    """Return the story that is published as the `number`th (from 0) after the first round, without end."""
    story, round_ = _LATER[number % len(_LATER)], number // len(_LATER)
    if round_ == 0:
        return story
    title = f"{story.title} ({round_ + 1})"
    return Story(f"{story.slug}-{round_ + 1}", story.newsroom, title, story.paragraphs, story.packs, story.note)


_LATER = (
    Story(
        "emigration-office",
        "herald",
        "Defence ministry opens office for the voluntary emigration of Gazans",
        (
            "The defence ministry in Tel Aviv has opened an office that is to arrange the voluntary emigration of "
            "Gazans to third countries, an official said. Two states were asked to take in Palestinians from the "
            "Gaza Strip.",
            "Human rights lawyers called the plan forced displacement under another name, since people who leave "
            "would have no right to return. The office declined to say how many had applied.",
        ),
        ("resettlement",),
    ),
    Story(
        "museum-night",
        "rive",
        "La nuit des musées attire un public record",
        (
            "Plus de quarante mille visiteurs ont parcouru les salles de la ville pendant la nuit des musées, un "
            "record selon les organisateurs. Les files d'attente ont duré jusqu'à deux heures devant le musée de la "
            "Marine.",
            "La prochaine édition aura lieu en mai, avec un parcours consacré aux métiers du livre et de l'estampe.",
        ),
    ),
    Story(
        "aid-conditions",
        "courier",
        "Senate panel votes to withhold part of US military aid to Egypt",
        (
            "A Senate panel voted on Wednesday to withhold part of the US military aid to Egypt until conditions on "
            "detainees are met. The State Department may still issue a waiver, as it has in the past.",
            "Supporters said that American assistance must not be unconditional; opponents warned that Cairo would "
            "look elsewhere for weapons. The full chamber takes up the bill next month.",
        ),
        ("us_aid",),
    ),
    Story(
        "wafd",
        "nahar",
        "وفد إسرائيلي يصل إلى القاهرة لإجراء محادثات مع مسؤولين مصريين",
        (
            "وصل وفد أمني إسرائيلي إلى القاهرة لإجراء محادثات مع مسؤولين مصريين حول ترتيبات الحدود، بحسب مصدر في "
            "المطار. ومن المقرر أن تستمر المحادثات بين الجانبين المصري والإسرائيلي يومين.",
            "ولم يصدر بيان رسمي عن أي من العاصمتين. وقال دبلوماسي إن اللقاء هو الثالث خلال شهر واحد، وإن جدول أعماله "
            "يشمل معبرا تجاريا وترتيبات أمنية.",
        ),
        ("egypt_israel_talks",),
    ),
    Story(
        "market",
        "kikar",
        "שוק האיכרים חוזר לכיכר המרכזית",
        (
            "לאחר חודשי שיפוצים חוזר שוק האיכרים לכיכר המרכזית, ובו שלושים דוכנים של ירקות, גבינות ולחם. העירייה "
            "הבטיחה חניה חינם בשעות הבוקר ותחבורה ציבורית מוגברת.",
            "הסוחרים סיפרו כי המחירים לא יעלו עד סוף העונה, וכי בכל יום שישי תנגן במקום תזמורת קטנה.",
        ),
    ),
)
