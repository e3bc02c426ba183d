"""E-mail addresses, web profiles and phones: cleaned, and what kind each is."""

import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import urlsplit

from mappings.caching import cached
from mappings.rules.text.names import words

FREE_HOSTS = words(
    """
    126.com 139.com 163.com 189.cn abv.bg alice.it aliyun.com aol.co.uk aol.com aol.de aol.fr arcor.de
    arnet.com.ar att.net azet.sk bellsouth.net bigpond.com bigpond.net.au bk.ru blueyonder.co.uk
    bluewin.ch bol.com.br btinternet.com centrum.cz charter.net club-internet.fr comcast.net cox.net
    cs.com daum.net earthlink.net email.com email.cz email.de email.it eircom.net embarqmail.com
    fastmail.com fastmail.fm fibertel.com.ar free.fr freemail.hu freenet.de frontier.com frontiernet.net
    gawab.com globo.com gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.fr gmx.net googlemail.com hanmail.net
    hey.com home.nl hotmail.be hotmail.ca hotmail.co.uk hotmail.com hotmail.com.ar hotmail.com.br
    hotmail.de hotmail.es hotmail.fr hotmail.it hotmail.nl hotmail.se hushmail.com icloud.com ig.com.br
    inbox.com inbox.lv inbox.ru interia.pl juno.com kpnmail.nl laposte.net libero.it list.ru live.be
    live.ca live.co.uk live.com live.com.au live.com.mx live.de live.dk live.fr live.it live.nl live.no
    live.se lycos.com mac.com mail.com mail.ee mail.ru mailbox.org mailfence.com me.com mindspring.com
    msn.com mweb.co.za mynet.com nate.com naver.com neuf.fr netscape.net netzero.com ntlworld.com o2.pl
    online.de onet.eu onet.pl op.pl optonline.net optusnet.com.au orange.fr orange.net outlook.be
    outlook.com outlook.com.br outlook.de outlook.es outlook.fr outlook.it outlook.jp ozemail.com.au
    pacbell.net planet.nl pm.me pobox.com poczta.onet.pl posteo.de prodigy.net prodigy.net.mx proton.me
    protonmail.ch protonmail.com qq.com rambler.ru rediffmail.com roadrunner.com rocketmail.com rogers.com
    runbox.com sapo.pt sbcglobal.net seznam.cz sfr.fr shaw.ca sina.com sina.cn skynet.be sky.com sohu.com
    speedy.com.ar sympatico.ca t-online.de talk21.com talktalk.net telenet.be telus.net terra.com.br
    tin.it tiscali.co.uk tiscali.it tlen.pl tutanota.com tuta.io uol.com.br usa.net verizon.net
    videotron.ca virgilio.it virgin.net virginmedia.com voila.fr walla.co.il wanadoo.es wanadoo.fr web.de
    windowslive.com windstream.net wp.pl xs4all.nl xtra.co.nz ya.ru yahoo.ca yahoo.cn yahoo.co.id
    yahoo.co.in yahoo.co.jp yahoo.co.kr yahoo.co.nz yahoo.co.uk yahoo.com yahoo.com.ar yahoo.com.au
    yahoo.com.br yahoo.com.cn yahoo.com.hk yahoo.com.mx yahoo.com.ph yahoo.com.sg yahoo.com.tr
    yahoo.com.tw yahoo.com.vn yahoo.de yahoo.dk yahoo.es yahoo.fr yahoo.gr yahoo.ie yahoo.in yahoo.it
    yahoo.no yahoo.pl yahoo.se yandex.com yandex.ru yeah.net ymail.com zoho.com ziggo.nl zonnet.nl
    """
)

ROLE_LOCALS = words(
    """
    abuse accounting accounts accountspayable admin administration ap ar assistant billing booking
    bookings bounce buchhaltung careers commercial compliance contact contacto contato contactus
    customercare customerservice customersuccess cs daemon dev developers donotreply ecommerce einkauf
    email enquiries enquiry events facturacion faktura feedback finance financeiro form fundraising
    general hallo hello help helpdesk hi hola hostmaster hr info infos inquiries inquiry investors invoice
    invoices invoicing it itsupport jobs kontakt legal mail mailer mailerdaemon marketing media news
    newsletter noc nobody noreply notifications office ops order orders partners payments payroll people
    podpora post postmaster pr presse press privacy procurement purchasing rechnung reception recruiting
    recruitment rh root sales school secretary security service services shop soporte spam staff subscribe
    support suporte team tech techsupport test training undisclosed unsubscribe usenet uucp vendas ventas
    verkauf vertrieb web webmaster welcome
    """
)

# Many companies mark the addresses of people who are not their own: "name.ext@", "ext-name@".
CONTRACTOR_MARKS = frozenset(
    [
        "consultant",
        "contractor",
        "ext",
        "extern",
        "external",
        "externe",
        "externo",
        "freelance",
        "temp",
    ]
)

_SECOND_LEVEL = words(
    "ac co com edu gob gouv gov govt gv id info ltd me mil ne net nom or org plc sch web"
)
_ADDRESS = re.compile(r"[^@\s<>,;\"']{1,64}@[^@\s<>,;\"']{1,253}")
_COUNTRY_CODE_LETTERS = 2


@cached(1 << 15)
def clean_email(text: str) -> str:
    """The address in lower case, or "" when the text holds none. Tags after "+" are dropped from the local part."""
    found = _ADDRESS.search(text.strip().lower())
    if not found:
        return ""
    local, host = found.group().split("@")
    host = host.strip(".")
    local = local.split("+")[0]
    return f"{local}@{host}" if local and "." in host else ""


def local_of(email: str) -> str:
    """What stands before the @."""
    return email.partition("@")[0]


def host_of(email: str) -> str:
    """What stands after the @."""
    return email.partition("@")[2]


@cached(1 << 15)
def registrable(host: str) -> str:
    """The domain somebody registered, guessed without a suffix list: two labels, three under co.uk and the like."""
    labels = host.strip(".").lower().split(".")
    country = len(labels[-1]) == _COUNTRY_CODE_LETTERS
    keep = 3 if country and len(labels) > 2 and labels[-2] in _SECOND_LEVEL else 2  # noqa: PLR2004 - two labels are the rule
    return ".".join(labels[-keep:])


def domain_of(email: str, cut: Callable[[str], str] | None = None) -> str:
    """The registrable domain of an address, by *cut* when given."""
    host = host_of(email)
    return (cut or registrable)(host) if host else ""


def is_free(email: str, extra: frozenset[str] = frozenset()) -> bool:
    """Whether anybody can have an address at this host."""
    host = host_of(email)
    return host in FREE_HOSTS or host in extra


@lru_cache(maxsize=100_000)  # asked several times for each address whenever records are compared
def is_role(email: str) -> bool:
    """Whether the address belongs to a function rather than a person (info@, sales-team@)."""
    local = re.sub(r"\d+$", "", local_of(email))
    if re.sub(r"[^a-z]", "", local) in ROLE_LOCALS:
        return True
    words = [word for word in re.split(r"[._-]+", local) if word]
    return bool(words) and all(word in ROLE_LOCALS for word in words)


@cached(1 << 15)
def is_contractor(email: str) -> bool:
    """Whether the local part says that its owner works here for somebody else."""
    return not CONTRACTOR_MARKS.isdisjoint(re.split(r"[._-]+", re.sub(r"\d+", "", local_of(email))))


def clean_profile(url: str) -> str:
    """A social profile address that compares: no scheme, query, locale host, "www." or trailing slash."""
    text = url.strip().lower()
    if not text:
        return ""
    try:
        parts = urlsplit(text if "//" in text else f"//{text}")
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2].split(":")[0]
    labels = host.split(".")
    if len(labels) > 2 and (  # noqa: PLR2004
        labels[0] in {"www", "m", "mobile"} or len(labels[0]) == _COUNTRY_CODE_LETTERS
    ):
        labels = labels[1:]
    path = re.sub(r"/+", "/", parts.path).rstrip("/")
    path = re.sub(r"(/in/[^/]+)/[a-z]{2}(-[a-z]{2})?$", r"\1", path)
    return ".".join(labels) + path if path else ""


def clean_phone(text: str) -> str:
    """Digits with a leading plus; "" without country code, since local numbers of two countries can agree."""
    digits = re.sub(r"\D", "", text)
    plus = text.strip().startswith(("+", "00"))
    digits = digits.removeprefix("00")
    return f"+{digits}" if plus and 8 <= len(digits) <= 15 else ""  # noqa: PLR2004 - E.164's lengths
