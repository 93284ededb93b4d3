"""Words that news in four languages is full of, and names that many people bear: what lints call broad or ambiguous.

Written from general knowledge, not counted on a corpus. The Arabic and Hebrew words stand in their plain form, with no
clitic before them: a letter that looks like one (the و of وزير, the ש of שלום) belongs to the word, which is how a
short alias is found in it by mistake (W503). The Arabic and Hebrew names of places and people are there for that alone.
"""

from __future__ import annotations

from functools import cache

from monitor import text

_ENGLISH = """
a about above according across act action after again against agency ago agree agreed agreement ahead aid all allow
almost along already also although always am amid among an and announced another any anyone are area army around as
asked at attack attacks authorities away back bank based battle be became because become been before began behind
being believe best better between big bill border both bring brought business but by call called came can capital
case cause center central centre change chief child children city civil civilians clear close come coming community
company concern conference conflict continue control could council countries country course court crisis current
cut day days deal death decision defence defense demand despite did do does done down due during each early east
economic economy effort efforts eight election end energy enough even event ever every expected fact family far few
fighting final find first five following food for force forces foreign former forward found four free from front full
future general get give given go going good got government great group groups had half hand has have he head health held
help her here high him his hit hold home hope hospital hour hours house how however human i if immediately important in
include including increase independent information inside international into is issue issues it its job join just keep
key killed know known land large last late later law lead leader leaders leading least leave led left less let level
life like likely limited line little live local long look lot low made main major make making man many market may me
mean media meet meeting member members men met might military million minister ministry minutes missile moment money
month months more morning most move much must my nation national nations near nearly need needs negotiations never new
news next night no north not nothing now number of off offer office officer official officials old on once one only
open operation opposition or order organisation organization other others our out outside over own part parties party
past pay peace people per percent period person place plan plans point police policy political politics possible post
power present president press prevent previous price prime private problem process program programme project protest
public put question rather ready real reason receive recent recently region relations release remain report reported
reports response result return right rights rise role rule run said same saw say saying says school second secretary
section security see seen senate senior sent series serious service services set seven several she should show side
since six small so social soldiers some something soon source sources south speak special spokesman spokesperson
spokeswoman staff stand start state statement states still stop street strike strong such sunday support take taken
taking talk talks team tell ten term terms than thank that the their them themselves then there these they thing
things think third this those thousands three through thursday time times to today together told took top toward
towards town trade troops try tuesday turn two under union united until up urged us use used very video view violence
visit vote wait want war was water way we wednesday week weekend weeks well went were west western what when where
whether which while white who whole whose why will win with within without woman women word work workers working world
would year years yes yesterday yet you young your friday monday saturday
January February March April May June July August September October November December
US UN EU UK USA TV AFP AP
"""

_FRENCH = """
à accord actuellement affaires afin agence aide ainsi alors an ancien année années ans appel après armée assez attaque
attaques au aucun aujourd'hui auparavant aussi autant autorités autour autre autres aux avait avant avec avoir avril
bas beaucoup bien bon bureau ce cela centre cependant certains ces cet cette ceux chacun chaque chef chez chose cinq
cité civils comme comment communauté communiqué conflit conseil conférence continue contre cour crise côté dans date
de déclaration déclaré défense déjà demain demande demandé depuis dernier dernière derniers des deux devant devrait
dimanche dire directeur dit dix dont donc droit droite droits du débat début économie économique également élections
elle elles en encore enfants enfin ensemble entre envers environ est et étaient était état états être étranger eu
européen européenne eux face faire fait famille faut femme femmes fin fois force forces français france frontière
gauche général gens gouvernement grand grande grands groupe guerre haut heure heures hier homme hommes hors ici il ils
important information international internationale janvier jeudi jeune jour journal journée jours juillet juin jusqu'à
juste justice la là le les leur leurs lieu ligne loi loin lors lorsque lui lundi madame mai main mais maison majorité
maintenant mardi mars matin même membre membres menace mer mercredi mesure mesures midi mieux militaire militaires
million millions ministère ministre mis mise mois moins moment monde mort morts mot moyen médias national nationale ne
ni niveau nombre nombreux non nord nos notamment notre nous nouveau nouvelle novembre nuit octobre on ont opération
opposition ordre organisation ou où ouest oui par parce parlement parole part parti partie partir partis pas passé
pays pendant personne personnes petit peu peuple peut pire plan plus plusieurs plutôt point police politique
politiques population possible pour pourquoi pourrait pouvoir premier première près presse presque président prix
prochain projet propos proposition public publique puis quand quatre que quel quelle quelques question qui quoi raison
rapport rapporté reste rencontre réponse responsable responsables retour rien route réunion sa samedi sans santé sauf
se secrétaire sécurité selon semaine semaines septembre sera ses seul si siège six société soir soit soldats sommes
son sont source sources sous soutien souvent sud suite sur tandis tant tard tel temps terre tête toujours tour tous
tout toute toutes travail très trois trop trouver tué un une union va vendredi vers vie ville villes violence visite
voir voix vont vos votre vous vrai
"""

_ARABIC = """
في من على إلى عن مع أن إن كان كانت يكون تكون ليس ليست لم لن لا ما هل هو هي هم هما أنا نحن أنت هذا هذه ذلك تلك هؤلاء
الذي التي الذين اللذان كل بعض أي غير سوى بين بعد قبل تحت فوق أمام خلف خلال حول حتى منذ عند لدى دون ضد نحو عبر حين
عندما حيث كما كلما لما إذا إذ لو لولا لكن لكي كي ثم أو أم بل قد سوف فقط أيضا جدا كثيرا قليلا دائما أبدا هنا هناك الآن
أمس غدا وسط وراء وفق وقت وقتا وزير وزارة وزراء وكالة وكيل وفد وفاة وفاق وطن وطني وطنية وحدة وجود وجه وجهة وثيقة وثائق
وصول وصل وضع وعد وعي ولد ولاية ولايات ولاء والد والدة واحد واحدة واسع واسعة واضح واقع واجب وارد ورق ورقة ورشة وسيط
وساطة وسيلة وسائل وظيفة وقف وقع وقود وقفة ولي وهم بلد بلاد بلدة بلدية بيت بيان بيانات بيع بين بنك بناء بنية بنود بند
بحر بحث باب بابا بارز بارد باحث باق بالغ بدء بداية بدل بديل برلمان برنامج برنامجا برد برج بريد بسيط بشر بصر بطل بطولة
بعث بعثة بعيد بقاء بقية بلاغ بلغ بناية بوابة بيئة بلاط بلوغ كبير كبيرة كبار كتاب كتب كلام كلمة كلية كاملة كافة كاتب
كان كارثة كثير كثيرة كثافة كذب كرة كرسي كرم كسر كشف كفاءة كفاح كمية كنيسة كهرباء كيف كيان كيلو كوكب كورونا كأس لقاء
لقاءات لجنة لجان ليل ليلة لغة لغات لعبة لاعب لاجئ لاجئين لازم لائحة لحظة لحم لسان لطف لقب لواء لون لوم ليرة لباس
لبنة سنة سنوات سلام سلاح سلطة سلطات سلطان سلسلة سلم سبب سبعة سبق سبيل سياسة سياسي سياسية سيارة سيارات سيد سيدة سير
سيطرة سوق سفارة سفير سفينة سفر سعر سعودية سعي سكان سكن سكرتير سماء سمك سن سواء سوء سؤال ساحة ساحل ساعة ساعات سادس سابق
سابقة سابع ساخن ستة ستار سجن سحب سرعة سريع سرية سري سطح سقوط سقف سلبي سهم سهل فترة فرد فرصة فريق فرق فرض فرع فساد فشل
فصل فصائل فضل فعل فعلا فقر فقد فكر فكرة فلسطينية فلان فلك فم فن فنان فنية فندق فهم فور فوز فوج فيلم فيما فيديو فائدة
فاصل فاعل فتاة فتح فحص فخر فرار فئة فيروس فوضى أمن أمر أمل أهل أول أولى آخر آخرين أرض أزمة أسرة أسبوع أعمال أكبر أكثر
أقل أمم إدارة إعلام إعلان اتفاق اجتماع احتلال اقتصاد انتخابات جديد جديدة جيش جهة جهود حال حالة حرب حركة حزب حق حقوق
حكم حكومة حملة حياة خارج خاص خبر خطة دعم دور دول دولة دولي دولية رئيس رئاسة رجل رفض زيارة شارع شخص شرطة شعب شمال شهر
شيء صباح صحيفة طريق طفل عالم عام عدة عدد عسكري عشرة علاقات عمل عملية قال قالت قائد قادة قانون قتل قرار قرب قضية قطاع
قوات قوة مؤتمر مباحثات مجلس مجموعة محادثات مدني مدينة مركز مساء مساعدات مشروع مصدر منطقة مفاوضات ملف مليون مليار منظمة
موقف ناس نحو نهاية نائب هجوم يوم يمكن
"""

_HEBREW = """
של את על אל עם זה זו זאת הוא היא הם הן אני אתה אנחנו אתם לא כן כי אם או גם אף רק כל כמה כמו יותר פחות מאוד עוד עד אחרי
אחר אחרת אחד אחת שני שתי שלוש שלושה ארבע ארבעה חמש חמישה עשר עשרה מאה אלף מיליון מיליארד יש אין היה הייתה היו יהיה
תהיה להיות בין אצל תחת מעל לפני אחרים לאחר ליד לכן למה לפי לגבי לדעת לקראת למען לשון לשכה לב לבד לבן לבנה לבוש להב לוח
לוחם לוחמים לוחמה לימוד לימודים לילה לירה לקוח לקוחות לקח לחם לחץ לחימה לחצים ללא למד לרבות מה מי מתי מדוע מדינה
מדינות מדיני מדיניות מדבר מדע מדריך מהלך מהיר מהות מהירות מוסד מוסדות מועצה מועד מועמד מורה מוות מוח מול מוכן מוקד
מוקדם מושב מזרח מזון מזל מזכיר מחיר מחירים מחלה מחנה מחסום מחקר מחר מחאה מחבל מחבלים מחדל מחלוקת מטבע מטה מטוס מטוסים
מטרה מטרות מיד מידע מים מילה מילים מימון מיקום מיוחד מכון מכונית מכתב מכה מכירה מכס מלא מלון מלחמה מלחמות מלך מלים
ממשל ממשלה ממש מנהל מנהיג מנהיגים מנכל מנוחה מנוע מניעה מניות מסגרת מסוים מסחר מסיבה מסלול מסמך מסע מספר מסר מסקנה
מעבר מעט מעמד מעצר מערב מערכת מערכה מעשה מפגש מפה מפלגה מפלגות מפקד מפקדים מצב מצד מציאות מצור מצוקה מקום מקור מקורות
מקרה מקצוע מרחב מרכז מרכזי מרבית מרוץ משא משאית משבר משהו משחק משך משכנתא משמעות משמר משפחה משפחות משפט משפטי משקל
משרד משרדים משטרה משטר משלוח משלחת משנה משימה משותף מתח מתווך מתווכים מתקפה מתנה מתקן מתן בית ביתי בירה בירור ביטחון
ביטחוני ביקור ביקורת ביצוע ביטוי ביטוח בין בינלאומי בן בנק בנקים בניין בנייה בסיס בסיסים בעיה בעיות בעל בעלי בעקבות
בקשה בקרה ברור ברזל בריאות בשר בשורה בת בכיר בכירים בלגן בלתי בדיקה בג״ץ בגלל בהיר בוקר בורסה בורר בחור בחירה בחירות
בחינה במאי בוגד בושה בבל כאן כאב כאשר כבוד כבר כביש כבישים כדי כדור כדורגל כוח כוחות כוכב כולל כותרת כותב כזה כיוון
כיכר כיבוש כיסא כלכלה כלכלי כלל כללי כלום כלי כלא כמעט כמות כנסת כניסה כנס כסף כספי כספים כפר כפול כר כרטיס כתב כתבה
כתובת כתיבה כתף כלב כישלון שלום שלוש שלטון שלב שלבים שלג שלהם שלו שלם שליח שליט שליטה שליש שם שמאל שמונה שמועה שמים
שמירה שמיכה שמלה שמן שמש שנה שנים שנית שנאה שעה שעות שער שערים שבוע שבועות שבוי שבויים שבע שבת שבט שביל שבר שביתה שבעה
שגריר שגרירות שדה שדרות שוב שוויון שווי שוק שולחן שומר שופט שופטים שופטת שוטר שוטרים שורה שותף שותפים שחור שחרור שחקן
שטח שטחים שינוי שיחה שיחות שיטה שימוש שיר שירות שירותים שיא שיתוף שיקום שיעור שכונה שכן שכנים שכר שכירות שקט שקל שקלים
שקר שר שרים שריפה שרת שש שתיקה שתייה ועדה ויכוח וידאו ויתור ותיק ורוד וילה הסכם הודעה הורים החלטה היסטוריה
הלך הלכה המון המשך הנהלה הסבר הסדר העברה הפגנה הפגנות הצעה הצבעה הצלחה הקמה הרבה הרוג הרוגים הריון השקעה התקפה התנגדות
הגנה הגיע הגירה הוצאה הופעה הזמנה הזדמנות הנה הר הבנה הבדל אבל אדם אולי אופן אור אזור אזרח אזרחים איך איש אישה אלה אמר
אמרה ארגון ארץ ארצות דבר דובר דעה דרך דרום דקה זמן חבר חברה חדש חודש חוק חוץ חטופים חיים חיילים חלק טוב יד יום ילד
ילדים ימין נגד נשיא סוף סיוע ספר עבודה עבר עולם עזרה עיר עצמו עשה פה פעם פעמים פוליטי צבא צד צפון קבוצה קשר ראש ראשון
רוב רגע תוכנית תושבים תקופה תגובה
"""

_ARABIC_NAMES = """
بغداد بيروت باريس كندا كوريا ليبيا لبنان لبناني ليبرالي لندن سليمان سليم سيناء سوريا سوري سورية سودان سعودي سعيد
فلسطين فلسطيني فارس فيصل فرنسا فرنسي بريطانيا بشار كريم كامل وحيد وليد بكر بسام فريد فهد كمال وسام سمير سامي سامر بلال
وائل وفيق فؤاد فادي لبيب
"""

_HEBREW_NAMES = """
לבנון לבנוני לונדון ליכוד לפיד מצרים מצרי בנימין בריטניה ברק בר בגין שלמה שרון שרה שוויץ ושינגטון ירושלים ישראל מעריב
משה בנט שמעון שמואל מרים לאה כרמל כפיר שלי ברית
"""

_NAMES = """
Abbas Abdullah Abraham Adam Ahmad Ahmed Ali Bar Ben Benjamin Brown Cohen Daniel David Davis Hassan Hussein Ibrahim
Israel Jack James John Johnson Jones Joseph Kamal Katz Khalil Khan Levi Levy Mahmoud Mark Martin Michael Miller Mohamed
Mohammad Mohammed Moses Mustafa Omar Paul Peter Rashad Robert Salah Saleh Sam Sarah Smith Taylor Thomas William Williams
Wilson Yosef Yusuf أحمد حسن حسين خالد علي عمر كامل محمد محمود مصطفى אברהם בר בן דוד יוסף כהן כץ לוי משה שרה
"""

NAMES = frozenset(text.folded_words(_NAMES))
"""Names that many people bear, folded."""

BROAD = frozenset(text.folded_words("\n".join((_ENGLISH, _FRENCH, _ARABIC, _HEBREW))))
"""Words that a large share of all news holds, folded: stop words, and words such as `government`."""

_WRITTEN = frozenset(_ENGLISH.split())

LONGEST_ALIAS = 4
"""Letters of an alias that is short enough to hide in another word."""


def is_broad(folded: str, exact: str | None, prefix: bool) -> bool:
    """Return whether a word is one of BROAD; with `prefix`, whether one of them begins with it.

    Args:
        exact: What it must be before folding; `US` is broad as a country, `us` as a word.
    """
    if exact is not None and exact.isupper():
        return exact in _WRITTEN
    return folded in _heads() if prefix else folded in BROAD


@cache
def _heads() -> frozenset[str]:
    return frozenset(word[:length] for word in BROAD for length in range(3, len(word) + 1))


def hides(alias: str, prefix: bool) -> str | None:
    """Return a common Arabic or Hebrew word that loses its first letters as clitics and then is taken for `alias`.

    Args:
        alias: Folded, of at most LONGEST_ALIAS letters. `prefix`: written with `*`.
    """
    return _hidden().get((alias, prefix))


@cache
def _hidden() -> dict[tuple[str, bool], str]:
    """Return (what is left of a word, whether it is only its beginning) -> the word."""
    found: dict[tuple[str, bool], str] = {}
    for word in (_ARABIC + _HEBREW + _ARABIC_NAMES + _HEBREW_NAMES).split():
        forms = (form for folded in text.folded_words(word) for form in text.forms_of(folded) if form.peeled)
        for form in forms:
            found.setdefault((form.text, False), word)
            for length in range(text.LEAST_LEFT, LONGEST_ALIAS + 1):
                found.setdefault((form.text[:length], True), word)
    return found
