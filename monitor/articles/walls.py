"""Pages that answer 200 and are no article: consent walls, log-ins, "not found", shells for a script.

Told by words, in the languages of the feeds that are shipped; a page that none of them knows is read as an article,
and is partial if it is short.
"""

from __future__ import annotations

import re

import lxml.etree
import lxml.html

from monitor import errors, urls

SHORT = 1500
"""Characters: a longer text may speak of cookies and log-ins, and is an article all the same."""
BRIEF = 500
"""Characters of a text that is judged by its beginning too, not by its title alone."""
BEGINNING = 200
SIGNS = 3
"""Words of consent in a short text that make it a wall,"""
DENSITY = 120
"""... if there is one in so many characters."""
READ = 5000
"""Characters of a page without text that are read for the reason."""
FEW_WORDS = 200
"""Characters: a page with scripts and less than that has its text from the scripts."""

SAID = {
    "no_text": "none was found",
    "menus": "only menus were found",
    "unreadable": "it cannot be read",
    "not_found": "it says that there is no such page",
    "consent_wall": "it asks for consent to cookies",
    "login": "it asks to log in",
    "script_only": "it shows its text by script only",
    "robot_check": "it checks for robots",
    "meta_refresh": "it sends browsers on to another page, which is not followed",
}
"""The reasons for which a page gives no text, in the words of a sentence."""


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_NOT_FOUND = _any_of(
    r"^\W*(?:error|http|erreur|fehler|שגיאה|خطأ)?\W*404\b|\b404\W{0,5}(?:error|page|not found|nicht|introuvable)",
    r"^not found$|^nothing (?:was )?found$",
    r"\b(?:page|article|story|content|url)\b.{0,30}\b(?:not found|(?:does not|doesn.t|no longer) exist)",
    r"\b(?:page|article|story|content)\b.{0,30}\b(?:(?:could not|cannot|can.t|couldn.t) be found|no longer available)",
    r"\b(?:page|article|story)\b you\b.{0,40}\b(?:removed|deleted|moved)",
    r"\b(?:seite|artikel|inhalt)\b.{0,30}\b(?:nicht gefunden|existiert nicht|nicht mehr verfügbar)",
    r"\b(?:page|article)\b.{0,20}\b(?:introuvable|n.existe (?:pas|plus)|n.a pas été trouvée?)",
    r"página no encontrada|no se (?:ha )?encontr(?:ó|ado) la página|pagina non trovata|página não encontrada",
    r"(?:ה?עמוד|ה?דף|ה?כתבה)[^.]{0,25}(?:לא נמצא|אינו קיים|לא קיים|אינה קיימת)",
    r"(?:الصفحة|صفحة|المقال|المحتوى)[^.]{0,30}(?:غير موجود|غير متوفر|غير متاح)",
    r"لم يتم العثور على (?:الصفحة|المقال|المحتوى)|страница не найдена|sayfa bulunamadı",
)
_CONSENT = _any_of(
    r"\bcookies?\b|\bconsent\b|\bgdpr\b|\bprivacy\b|\bpersonal data\b|\baccept all\b|\bpartners\b|\btracking\b",
    r"\bdatenschutz\w*|\beinwilligung\w*|\bzustimm\w+",
    r"\bconsentement\b|\bconfidentialité\b|\bdonnées personnelles\b|\bprivacidad\b|\bconsentimiento\b",
    r"עוגיות|קובצי cookie|פרטיות|הסכמה|ملفات تعريف الارتباط|الكوكيز|الخصوصية|موافقتك|الموافقة",
)
_LOG_IN = _any_of(
    r"\b(?:log ?in|sign ?in|sign ?up|subscrib\w+|register|anmelden|einloggen|abonn\w+)\b",
    r"\b(?:se connecter|connectez-vous|suscr\w+|iniciar sesión)\b",
    r"להתחבר|התחברות|כניסה למנויים|להירשם|למנויים|تسجيل الدخول|سجل الدخول|اشترك|الاشتراك",
)
_SCRIPT = _any_of(
    r"(?:enable|requires?|turn on|activate|need|without|disabled)[^.]{0,30}java ?script",
    r"java ?script[^.]{0,40}(?:disabled|required|enable|aktivier|activ|désactivé|to (?:run|view))",
    r"(?:הפעל|לאפשר)[^.]{0,20}javascript|(?:تفعيل|تمكين)[^.]{0,20}(?:javascript|جافا)",
)
_ROBOT_TITLE = _any_of(
    r"^\W*(?:just a moment|access denied|attention required|pardon our interruption|are you a robot|security check)"
    r"(?:\W+cloudflare)?\W*$"
)
_ROBOT = _any_of(
    r"checking (?:if the site connection is secure|your browser)|verify(?:ing)? (?:that )?you are (?:a )?human",
    r"enable javascript and cookies to continue|unusual traffic from your|you don.t have permission to access \W?http",
)
_GATE = _any_of(r"(?:^|[./_-])(?:log-?in|sign-?in|sso|oauth2?|auth|idp|accounts?|register|subscribe)(?:[./_?-]|$)")
_CONSENT_PLACE = _any_of(
    r"^(?:consent|cmp|guce|privacy|cookies?)\.|/(?:consent|collectconsent|cookie-?wall|privacy-?wall)(?:[/?]|$)"
)


def of_address(asked: str, answered: str) -> str | None:
    """Return `consent_wall` or `login` where a request for `asked` was led to such a page; None if to any other.

    A page that lies under such an address itself (a story about log-ins) was not led anywhere.
    """
    if asked == answered or any(_GATE.search(place) or _CONSENT_PLACE.search(place) for place in _places(asked)):
        return None
    if any(map(_CONSENT_PLACE.search, _places(answered))):
        return "consent_wall"
    return "login" if any(map(_GATE.search, _places(answered))) else None


def _places(url: str) -> tuple[str, ...]:
    try:
        parsed = urls.parse_url(url)
    except errors.FetchError:
        return ()
    return (parsed.host, parsed.path)


def of_text(title: str, text: str) -> str | None:
    """Return why a page with this title and extracted text is no article, None if it may be one."""
    if len(text) > SHORT:
        return None
    if _NOT_FOUND.search(title) or (len(text) < BRIEF and _NOT_FOUND.search(text[:BEGINNING])):
        return "not_found"
    if _ROBOT_TITLE.search(title) or _ROBOT.search(text[:BEGINNING]):
        return "robot_check"
    consent = len(_CONSENT.findall(text))
    return "consent_wall" if consent >= SIGNS and consent * DENSITY >= len(text) else None


def without_text(title: str, tree: lxml.html.HtmlElement) -> str:
    """Return why a page gave no text at all, from its whole tree: a reason of SAID."""
    if any((meta.get("http-equiv") or "").lower() == "refresh" for meta in tree.iter("meta")):
        return "meta_refresh"
    scripts = sum(bool(script.get("src")) for script in tree.iter("script"))
    lxml.etree.strip_elements(tree, "script", "style", "template", "svg", with_tail=False)
    words = " ".join(" ".join(tree.itertext()).split())[:READ]
    wall = of_text(title, words[:SHORT])
    if wall:
        return wall
    if _SCRIPT.search(words) or (scripts and len(words) < FEW_WORDS):
        return "script_only"
    return "login" if _LOG_IN.search(words) and len(words) < SHORT else "no_text"
