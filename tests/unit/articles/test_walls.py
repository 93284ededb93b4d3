"""Pages that answer 200 and are no article, and articles that speak of the same things."""

from __future__ import annotations

import pytest

from monitor.articles import walls

FILLER = "The families were told on Sunday that the road to the south would stay shut until further notice. "


@pytest.mark.parametrize(
    "title",
    [
        "404", "Error 404", "404 - Page not found | Gazette", "Page Not Found", "Not found", "Nothing found",
        "The page you requested could not be found", "Seite nicht gefunden", "Page introuvable", "Página no encontrada",
        "הדף לא נמצא", "שגיאה 404", "العمود", "الصفحة غير موجودة", "لم يتم العثور على الصفحة",
    ],
)  # fmt: skip
def test_a_page_that_says_it_is_not_there(title: str) -> None:
    """The title tells, in the languages of the feeds; a word that says nothing of the kind does not."""
    expected = None if title == "العمود" else "not_found"

    assert walls.of_text(title, "Go back to the front page, or try the search above.") == expected


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Aid convoy: access denied at the crossing", FILLER * 4),
        ("Access denied: agencies say no truck has passed", FILLER * 4),
        ("A Peugeot 404 crosses the desert", FILLER * 4),
        ("Search of the house: nothing found", FILLER * 4),
        (
            "Network removes page of the minister",
            "The page of the minister has been removed by the network. " + FILLER * 3,
        ),
        ("Archive finds lost article", FILLER * 3 + "The article was not found for ninety years."),
        (
            "Court rules on consent",
            FILLER * 3 + "The court spoke of consent, of privacy, and of cookies on phones. " + FILLER * 3,
        ),
        (
            "Parliament debates log-in law",
            "Who must sign in, and who must register, was debated for hours. " + FILLER * 3,
        ),
        ("الصفحة الأخيرة من الكتاب", FILLER * 3),
        ("הדף שנמצא בגניזה", FILLER * 3),
    ],
)
def test_an_article_that_speaks_of_such_things_is_one(title: str, text: str) -> None:
    """Words of walls and errors in the news are news."""
    assert walls.of_text(title, text) is None


@pytest.mark.parametrize(
    "text",
    [
        "We and our partners use cookies and personal data. With your consent we may store cookies. Accept all?",
        "Wir und unsere Partner verwenden Cookies. Mit Ihrer Zustimmung verarbeiten wir Daten; mehr im Datenschutz.",
        "Avec votre consentement, nos partenaires utilisent des cookies et vos données personnelles.",
        "אנו משתמשים בעוגיות בהתאם למדיניות הפרטיות. נדרשת הסכמה לשמירת עוגיות במכשיר.",
        "نستخدم ملفات تعريف الارتباط وفق سياسة الخصوصية، ونطلب موافقتك قبل حفظها.",
    ],
)
def test_a_consent_wall_in_any_of_five_languages(text: str) -> None:
    """A short text that is mostly about cookies and consent is a wall."""
    assert walls.of_text("Gazette", text) == "consent_wall"


@pytest.mark.parametrize("title", ["Just a moment...", "Access Denied", "Attention Required! | Cloudflare"])
def test_a_robot_check(title: str) -> None:
    """What stands between a reader and the page is not the page."""
    assert walls.of_text(title, "Ray ID 7f3a. Performance and security.") == "robot_check"


@pytest.mark.parametrize(
    ("asked", "answered", "wall"),
    [
        ("https://gazette.example/a/1", "https://gazette.example/a/1", None),
        ("https://gazette.example/a/1", "https://www.gazette.example/a/1-strike", None),
        ("https://gazette.example/a/1", "https://gazette.example/login?next=/a/1", "login"),
        ("https://gazette.example/a/1", "https://accounts.publisher.example/u?r=1", "login"),
        ("https://gazette.example/a/1", "https://gazette.example/subscribe/offer", "login"),
        ("https://gazette.example/a/1", "https://consent.publisher.example/?u=1", "consent_wall"),
        ("https://gazette.example/a/1", "https://gazette.example/cookie-wall?back=1", "consent_wall"),
        ("https://gazette.example/a/1", "https://gazette.example/2024/minister-authors-bill", None),
        ("https://gazette.example/auth/a/1", "https://gazette.example/auth/a/1-strike", None),
        ("", "https://gazette.example/login", "login"),
    ],
)
def test_an_address_that_leads_to_a_gate(asked: str, answered: str, wall: str | None) -> None:
    """Log-in and consent pages are known by host or path; a page that lies there itself was not led anywhere."""
    assert walls.of_address(asked, answered) == wall
