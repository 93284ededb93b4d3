"""Names of agencies and newsrooms in English, Arabic, Hebrew and French, and the one key that all of them fold to.

A line is `key | name | name`. A name marked `~` is a common word too ("le monde", القدس, הארץ): in running text it
counts only beside a noun that says what it is ("the newspaper", صحيفة, עיתון) or behind a phrase that leaves no doubt.
What is not listed keeps its own folded name, so that two feeds of one unknown newsroom still are one.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from monitor import text

_AGENCIES = """
reuters | Reuters | Thomson Reuters | Reuters UK | Reuters Staff | رويترز | وكالة رويترز | רויטרס | סוכנות רויטרס
afp | AFP | Agence France-Presse | فرانس برس | أ ف ب | أ.ف.ب | ~الفرنسية | ~فرنس برس | الصحافة الفرنسية
afp | סוכנות הידיעות הצרפתית | איי אף פי | אי.אף.פי | איי.אף.פי
ap | AP | Associated Press | AP News | أسوشيتد برس | أسوشيتدبرس | أسوشييتد برس | أسوشيتيد برس | ~أ ب | ~أ.ب
ap | אסושייטד פרס | אסוסיאייטד פרס | איי.פי | אי.פי
dpa | DPA | Deutsche Presse-Agentur | د ب أ | ~د.ب.أ | ~دب أ | ~الألمانية | דויטשה פרסה
efe | EFE | Agencia EFE | ~إفي
ansa | ANSA | ~أنسا
upi | UPI | United Press International | يو بي آي | يونايتد برس انترناشونال | يونايتد برس
bloomberg | ~Bloomberg | Bloomberg News | بلومبرغ | بلومبيرغ | بلومبرج | בלומברג
xinhua | Xinhua | Xinhua News Agency | شينخوا | الصينية شينخوا | שינחואה | Chine nouvelle | Xinhuanet
tass | TASS | Itar-Tass | ~تاس | إيتار تاس | ~טאס"ס
sputnik | Sputnik | Sputnik News | RIA Novosti | ~ريا نوفوستي | سبوتنيك | נובוסטי | ספוטניק
interfax | Interfax | إنترفاكس | אינטרפקס
kyodo | Kyodo | Kyodo News | كيودو
yonhap | Yonhap | يونهاب
pti | Press Trust of India | ~PTI
ani | ~ANI | Asian News International
ians | IANS
canadian press | ~Canadian Press | The Canadian Press
pa media | PA Media | Press Association
aap | ~AAP | Australian Associated Press
belga | Belga
ats | ~ATS | Keystone-ATS
apa | ~APA
anadolu | Anadolu | Anadolu Agency | Anadolu Agency English | Anadolu Ajansi | Agence Anadolu | ~AA | ~الأناضول
anadolu | وكالة الأناضول | אנאדולו | אנדולו | סוכנות אנאדולו
irna | IRNA | إيرنا | ~إرنا
isna | ISNA | إيسنا
tasnim | Tasnim | ~تسنيم | תסנים | טסנים
fars | Fars News Agency | ~Fars | وكالة فارس | ~فارس | פארס
mehr | Mehr News Agency | ~Mehr | وكالة مهر | ~مهر
wafa | WAFA | WAFA News Agency | ~وفا | وكالة وفا | الأنباء الفلسطينية | ~וואפא | ~ואפא
maan | Maan | Ma'an | Ma'an News Agency | وكالة معا | ~معا | ~מען | סוכנות מען
safa | Safa | Safa News | Safa Press Agency | وكالة صفا | ~صفا
shehab | Shehab | Shehab News Agency | Shehab News | وكالة شهاب | ~شهاب
sama | Sama News Agency | ~Sama | وكالة سما | ~سما
sawa | Sawa News Agency | وكالة سوا | ~سوا
petra | ~Petra | Petra News Agency | Jordan News Agency | ~بترا | وكالة بترا | وكالة الأنباء الأردنية | ~פטרה
mena | ~MENA | Middle East News Agency | أ ش أ | ~أ.ش.أ | أنباء الشرق الأوسط | وكالة أنباء الشرق الأوسط
spa | ~SPA | Saudi Press Agency | واس | وكالة واس | ~و ا س | الأنباء السعودية | وكالة الأنباء السعودية
wam | ~WAM | Emirates News Agency | ~وام | وكالة وام | وكالة أنباء الإمارات | أنباء الإمارات
qna | ~QNA | Qatar News Agency | ~قنا | وكالة قنا | وكالة الأنباء القطرية | الأنباء القطرية
kuna | KUNA | Kuwait News Agency | ~كونا | وكالة الأنباء الكويتية | الأنباء الكويتية
bna | ~BNA | Bahrain News Agency | ~بنا | وكالة أنباء البحرين | أنباء البحرين
ona | ~ONA | Oman News Agency | ~العمانية | وكالة الأنباء العمانية
sana | ~SANA | Syrian Arab News Agency | ~سانا | وكالة سانا | וכאלת סאנא | ~סאנא
nna | ~NNA | National News Agency | الوكالة الوطنية للإعلام | ~الوطنية للإعلام
ina | ~INA | Iraqi News Agency | ~واع | وكالة الأنباء العراقية
saba | ~Saba | Saba News Agency | ~سبأ | وكالة سبأ
suna | SUNA | Sudan News Agency | ~سونا | وكالة سونا
lana | ~LANA | ~وال | وكالة الأنباء الليبية
tap | ~TAP | Tunis Afrique Presse | ~وات | تونس أفريقيا للأنباء
aps | ~APS | Algérie Presse Service | ~واج | وكالة الأنباء الجزائرية
map | ~MAP | Maghreb Arabe Presse | المغرب العربي للأنباء | ~و م ع
jta | JTA | Jewish Telegraphic Agency | JTA News | JTA News - Jewish Telegraphic Agency
jns | JNS | JNS.org | Jewish News Syndicate
tps | ~TPS | תצפית | סוכנות תצפית | Tazpit
agencies | ~news agencies | ~Agencies | ~סוכנויות
agencies | ~סוכנויות הידיעות | ~סוכנויות ידיעות | ~News Agencies | ~Wire Services
agencies | ~agency inputs | ~وكالات | ~الوكالات | ~وكالات الأنباء
agencies | ~סוכנויות זרות | ~agences
agencies | ~agences de presse | ~Agency | ~وكالات أنباء
"""

_NEWSROOMS = """
bbc | BBC | BBC News | BBC World | BBC World Service | BBC Arabic | BBC News Arabic | BBC Middle East | BBC Verify
bbc | بي بي سي | بي بي سي عربي | هيئة الإذاعة البريطانية | בי בי סי | ביביסי | BBC.com | BBC Newsnight
bbc | BBC Breaking News
cnn | CNN | CNN International | CNN Arabic | CNN.com | سي إن إن | سي ان ان | CNN بالعربية | סי אן אן | סי.אן.אן
sky news | Sky News | سكاي نيوز البريطانية | סקיי ניוז | סקאי ניוז
sky news arabia | Sky News Arabia | سكاي نيوز عربية | ~سكاي نيوز
new york times | New York Times | NYTimes | NY Times | NYT | nytimes.com | نيويورك تايمز | النيويورك تايمز
new york times | ניו יורק טיימס
washington post | Washington Post | WaPo | washingtonpost.com | واشنطن بوست | الواشنطن بوست | וושינגטון פוסט
wall street journal | Wall Street Journal | WSJ | wsj.com | وول ستريت جورنال | وال ستريت جورنال | וול סטריט ג'ורנל
wall street journal | وول ستريت
axios | Axios | أكسيوس | آكسيوس | אקסיוס | Axios.com
politico | Politico | Politico Europe | Politico Magazine | POLITICO.eu | بوليتيكو | פוליטיקו
guardian | The Guardian | Guardian | The Guardian US | ~Observer | غارديان | الغارديان | الجارديان | גרדיאן
guardian | הגרדיאן
the times | Times of London | The Times and The Sunday Times | Sunday Times | The Sunday Times | ~التايمز
the times | ~التايمز البريطانية
the times | ~תיימס הבריטי | ~הטיימס הלונדוני | ~صنداي تايمز
financial times | Financial Times | ~FT | ft.com | فايننشال تايمز | فاينانشال تايمز | פייננשל טיימס | פיננשל טיימס
telegraph | ~The Telegraph | ديلي تليجراف | الديلي تليجراف | ~Telegraph | Daily Telegraph | التلغراف | تلغراف
telegraph | ديلي تلغراف | الديلي تلغراف | ديلي تليغراف | التليغراف | التليجراف | تليغراف | ديلي تلغراف | טלגרף
independent | ~The Independent | ~Independent | ~إندبندنت | ~الإندبندنت
independent arabia | Independent Arabia | إندبندنت عربية | اندبندنت عربية
daily mail | Daily Mail | Mail on Sunday | Mail Online | MailOnline | ديلي ميل | דיילי מייל
economist | The Economist | ~Economist | ~إيكونوميست | الإيكونوميست | אקונומיסט
times | ~The Times | ~Times
post | ~The Post
journal | ~The Journal
los angeles times | Los Angeles Times | LA Times | L.A. Times | لوس أنجلوس تايمز
new york post | New York Post | NY Post | نيويورك بوست | ניו יורק פוסט
usa today | USA Today | يو إس إيه توداي
nbc | NBC | NBC News | MSNBC | إن بي سي | إن بي سي نيوز | ان بي سي | אן בי סי
cbs | CBS | CBS News | CBS News 60 Minutes | سي بي إس | سي بي اس نيوز | سي بي إس نيوز | סי בי אס
abc news | ABC News | ~ABC | إيه بي سي | ايه بي سي | אי בי סי
fox news | Fox News | Fox News Digital | FoxNews.com | فوكس نيوز | פוקס ניוז
npr | NPR | National Public Radio
pbs | PBS | PBS NewsHour
cnbc | CNBC
newsmax | Newsmax
the hill | ~The Hill | ~ذا هيل | ~هيل
foreign policy | ~Foreign Policy | Foreign Policy Magazine | ~فورين بوليسي | فورين بوليسي
foreign affairs | ~Foreign Affairs | Foreign Affairs Magazine | فورين أفيرز
atlantic | ~The Atlantic | ذي أتلانتك | أتلانتك
new yorker | New Yorker | نيويوركر
time | ~Time | Time Magazine | TIME.com | ~مجلة تايم | مجلة تايم
newsweek | Newsweek | نيوزويك | ניוזוויק
intercept | The Intercept | ~Intercept | إنترسبت | ذي إنترسبت
huffpost | HuffPost | Huffington Post | هافينغتون بوست | هاف بوست
voa | VOA | Voice of America | Voice of America - VOA News | VOA News | صوت أمريكا | صوت أميركا
cbc | CBC | CBC News | CBC.ca
globe and mail | Globe and Mail | The Globe and Mail
south china morning post | South China Morning Post | SCMP
times of india | Times of India
deutsche welle | Deutsche Welle | DW | DW English | DW (English) | DW News | دويتشه فيله | ~دويتشه فيلة
deutsche welle | דויטשה וולה
spiegel | Der Spiegel | Spiegel | دير شبيغل | דר שפיגל
bild | ~Bild | بيلد | ~בילד
le monde | ~Le Monde | ~Monde | ~لوموند | ~לה מונד
le figaro | ~Le Figaro | ~Figaro | ~لوفيغارو | لوفيغارو | ~לה פיגרו
liberation | ~Libération | ~ليبراسيون
le parisien | Le Parisien | لوباريزيان
mediapart | Mediapart | ميديا بارت | ميديابارت
france 24 | France 24 | France 24 English | France 24 Middle East | فرانس 24 | France24
rfi | RFI | RFI English | Radio France Internationale | مونت كارلو الدولية | راديو فرنسا الدولي
rfi | إذاعة فرنسا الدولية
franceinfo | franceinfo | France Info
france inter | France Inter
bfmtv | BFMTV | BFM TV
euronews | Euronews | يورونيوز
el pais | El País | El Pais | EL PAÍS USA | إلبايس | الباييس | إلباييس
corriere della sera | Corriere della Sera
repubblica | La Repubblica | لا ريبوبليكا
rt | ~RT | RT Arabic | RT - Daily news | RT News | Russia Today | روسيا اليوم | آر تي
trt | TRT | TRT World | TRT Arabi | تي آر تي | تي آر تي عربي
al jazeera | Al Jazeera | Al Jazeera English | AlJazeera | Aljazeera.com | Al Jazeera Arabic | Al-Jazeera
al jazeera | aljazeera.net
al jazeera | ~الجزيرة | الجزيرة نت | الجزيرة مباشر | قناة الجزيرة | אל-ג'זירה | אל ג'זירה | الجزيرة.نت
al jazeera | الجزيرة الإنجليزية
al arabiya | Al Arabiya | Al Arabiya English | Al-Arabiya | Al Hadath | العربية نت | قناة العربية
al arabiya | قناتي العربية والحدث
al arabiya | ~العربية | ~الحدث | אל ערביה
asharq news | Asharq News | الشرق للأخبار | ~الشرق
asharq al-awsat | Asharq Al-Awsat | Asharq Al Awsat | Al-Sharq al-Awsat | الشرق الأوسط أونلاين | ~الشرق الأوسط
asharq al-awsat | א-שרק אל-אווסט
asharq al-awsat | Aawsat | אל-שרק אל-אווסט | Asharq Al-Awsat English
al-quds al-arabi | Al-Quds Al-Arabi | القدس العربي
al-quds | ~Al-Quds | ~القدس
new arab | The New Arab | Al-Araby Al-Jadeed | العربي الجديد | ~العربي | Al-Araby TV
al-akhbar | Al-Akhbar | Al Akhbar | ~الأخبار | אל-אח'באר | אל אחבאר
al mayadeen | Al Mayadeen | Al-Mayadeen | Al Mayadeen English | ~الميادين | قناة الميادين | אל-מיאדין
al-manar | Al-Manar | Al Manar | ~المنار | قناة المنار | אל-מנאר
al-aqsa tv | Al-Aqsa TV | قناة الأقصى
an-nahar | An-Nahar | Annahar | An Nahar | ~النهار
lbci | LBCI | LBCI Lebanon
mtv lebanon | MTV Lebanon
l'orient-le jour | L'Orient-Le Jour | L'Orient Today | لوريان لوجور
al-ahram | Al-Ahram | Ahram Online | Al Ahram | ~الأهرام | بوابة الأهرام
al-masry al-youm | Al-Masry Al-Youm | Al Masry Al Youm | Egypt Independent | المصري اليوم
youm7 | Youm7 | Al-Youm Al-Sabea | ~اليوم السابع
shorouk | Al-Shorouk | Shorouk | ~الشروق
al-qahera news | Al-Qahera News | Al Qahera News | AlQahera News | القاهرة الإخبارية | אל-קאהירה
extra news | Extra News | إكسترا نيوز
al-ghad | Al Ghad TV | قناة الغد
mada masr | Mada Masr | مدى مصر
al ghad | Al Ghad | Al-Ghad | ~الغد
roya | Roya | Roya News | رؤيا | رؤيا الإخباري
al mamlaka | Al Mamlaka | Al-Mamlaka | ~المملكة | قناة المملكة
jordan times | Jordan Times
arab news | Arab News | عرب نيوز
the national | ~The National | ~ذا ناشيونال | ذا ناشيونال
okaz | Okaz | ~عكاظ
al riyadh | Al Riyadh | ~الرياض
al watan | ~الوطن
al-rai | ~الرأي
al-hayat | ~الحياة
al-ayyam | ~الأيام
al-qabas | ~القبس
al jarida | ~الجريدة الكويتية | ~الجريدة
haaretz | Haaretz | Ha'aretz | Haaretz.com | هآرتس | ~הארץ | TheMarker | ~דה מרקר
ynet | Ynet | Ynetnews | Yedioth Ahronoth | Yediot Aharonot | Yedioth | Yediot Ahronot | يديعوت أحرونوت
ynet | يديعوت احرنوت
ynet | يديعوت | واي نت | وايت نت | ידיעות אחרונות | ~ידיעות | וואינט
israel hayom | Israel Hayom | Israel HaYom | يسرائيل هيوم | ~إسرائيل اليوم | ~ישראל היום
times of israel | Times of Israel | The Times of Israel | تايمز أوف إسرائيل | טיימס אוף ישראל | זמן ישראל
jerusalem post | Jerusalem Post | JPost | JPost.com | جيروزاليم بوست | جيروسالم بوست | ג'רוזלם פוסט
maariv | Maariv | Ma'ariv | ~معاريف | معاريف | ~מעריב
walla | Walla | Walla News | Walla! | ~والا | ~واللا | ~وللا | וואלה | וואלה!
channel 11 | Channel 11 | Kan 11 | Kan News | Kan Public Broadcaster | ~Kan | كان 11 | القناة 11
channel 11 | القناة الـ11 | כאן 11 | ~כאן
channel 11 | كان العبرية | هيئة البث الإسرائيلية | هيئة البث الاسرائيلية | هيئة البث العامة الإسرائيلية | هيئة البث
channel 11 | ~الإذاعة الإسرائيلية العامة | כאן חדשות | תאגיד השידור | القناة الحادية عشرة
channel 11 | Israel's public broadcaster
channel 12 | Channel 12 | N12 | Channel 12 News | Keshet 12 | القناة 12 | القناة الـ12 | القناة الثانية عشرة
channel 12 | חדשות 12 | ערוץ 12
channel 13 | Channel 13 | Channel 13 News | Reshet 13 | القناة 13 | القناة الـ13 | القناة الثالثة عشرة
channel 13 | חדשות 13 | ערוץ 13
channel 14 | Channel 14 | القناة 14 | القناة الـ14 | القناة الرابعة عشرة | ערוץ 14 | עכשיו 14
army radio | Army Radio | Israel's Army Radio | Galei Tzahal | إذاعة الجيش الإسرائيلي | إذاعة الجيش | גלי צה"ל
army radio | גל"צ | גלצ
arutz sheva | Arutz Sheva | Israel National News | Channel 7 | القناة السابعة | ערוץ 7
i24news | i24NEWS | i24 | i24 News | آي 24 | آي 24 نيوز | قناة i24
globes | ~Globes | ~גלובס
calcalist | Calcalist | CTech | ~كالكاليست | כלכליסט
kikar hashabbat | כיכר השבת
srugim | Srugim | סרוגים
mako | ~Mako | ~מאקו
local call | ~+972 | +972 Magazine | 972 Magazine | Local Call | +972 and Local Call | ~שיחה מקומית | مجلة 972
middle east eye | Middle East Eye | MEE | ميدل إيست آي | ميدل ايست آي | מידל איסט איי
middle east monitor | Middle East Monitor
al-monitor | Al-Monitor | Al Monitor | المونيتور | אל-מוניטור
electronic intifada | Electronic Intifada | The Electronic Intifada
quds news network | Quds News Network | QNN | Quds News | شبكة قدس | شبكة قدس الإخبارية
palestinian information center | Palestinian Information Center | المركز الفلسطيني للإعلام
iran international | Iran International | إيران إنترناشونال | איראן אינטרנשיונל | ایران اینترنشنال
press tv | Press TV | برس تي في
jewish chronicle | Jewish Chronicle | The Jewish Chronicle | The JC
forward | ~The Forward | ~Forward
"""


@dataclass(frozen=True, slots=True)
class Name:
    """One name of a newsroom, as folded words."""

    words: tuple[str, ...]
    key: str
    common: bool
    """Whether it is an ordinary word of its language too."""


def _lines() -> list[str]:
    return [line.strip() for table in (_AGENCIES, _NEWSROOMS) for line in table.strip().splitlines()]


def _read(table: str) -> tuple[Name, ...]:
    found: dict[tuple[str, ...], Name] = {}
    for line in table.strip().splitlines():
        key, *written = (part.strip() for part in line.split(" | "))
        for name in written:
            words = _words(name.removeprefix("~"))
            found.setdefault(words, Name(words, key, name.startswith("~")))
    return tuple(found.values())


def _words(name: str) -> tuple[str, ...]:
    words = tuple(text.folded_words(name))
    return words[1:] if len(words) > 1 and words[0] == "the" else words


AGENCY_NAMES = _read(_AGENCIES)
NEWSROOM_NAMES = _read(_NEWSROOMS)
AGENCIES = frozenset(name.key for name in AGENCY_NAMES)
"""Keys of those that write for others to print."""
UNNAMED = "agencies"
"""The key of "news agencies" where no one of them is named."""
SHORT_NAMES = {
    "times": ("new york times", "the times", "los angeles times", "times of israel", "financial times"),
    "post": ("washington post", "new york post", "jerusalem post"),
    "journal": ("wall street journal",),
}
"""Whom "the Times told", "the Post reported" may mean."""

LONGEST = 300
"""Characters of a newsroom's name that are read."""

_BY_WORDS = {name.words: name.key for name in (*NEWSROOM_NAMES, *AGENCY_NAMES)}
_LABELS = {line.split(" | ")[0]: line.split(" | ")[1].removeprefix("~") for line in reversed(_lines())}
_TAILS = "com net org online english arabic hebrew website newspaper mobile rss feed www عربي بالعربيه"
_TAIL = frozenset(_TAILS.split())
_DOMAIN = re.compile(r"^(?:https?://)?(?:www\.)?([\w-]+)(?:\.[\w-]+)*\.[a-z]{2,6}/?$", re.IGNORECASE)
_SPLIT = re.compile(r"\s+[|>»:–—-]\s+|\s*\(")


@functools.lru_cache(maxsize=4_096)
def newsroom_key(name: str) -> str:
    """Return what all names of one newsroom share: `bbc` for "BBC News", بي بي سي and "BBC World - Top"."""
    name = _DOMAIN.sub(r"\1", name[:LONGEST].strip())
    whole = _words(name)
    known = key_of(_without_tail(whole)) or key_of(_without_tail(_words(_SPLIT.split(name.strip(), maxsplit=1)[0])))
    if known is None:
        return " ".join(_without_tail(whole, known=False)) or name.strip()
    return "the times" if known == "times" else known


def label(key: str, written: str | None = None) -> str:
    """Return how people write a newsroom: its first name in the tables, else as it was `written`, else its key."""
    return _LABELS.get(key) or written or key


def key_of(words: tuple[str, ...]) -> str | None:
    """Return the key of a name given as folded words, None if it is not listed."""
    return _BY_WORDS.get(words)


def _without_tail(words: tuple[str, ...], known: bool = True) -> tuple[str, ...]:
    """Return a name without "online", "com", "English" at its end; `known` stops at the first that is listed."""
    while len(words) > 1 and words[-1] in _TAIL and not (known and words in _BY_WORDS):
        words = words[:-1]
    return words
