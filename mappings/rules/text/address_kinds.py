"""E-mail addresses and host names: the domain somebody registered, and whose address it is."""

import re
import unicodedata
from functools import cache, lru_cache
from typing import Final

import idna
import tldextract

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

_LONGEST_HOST: Final = 253  # signs, by DNS
_ADDRESS = re.compile(r"[^@\s<>,;\"']{1,64}@[^@\s<>,;\"']{1,253}")


@cached(1 << 15)
def clean_email(text: str) -> str:
    """The address in lower case, or "" when the text holds none. Tags after "+" are dropped from the local part."""
    found = _ADDRESS.search(text.strip())
    if not found:
        return ""
    local, host = found.group().split("@")
    host = dns_form(host.strip("."))
    local = local.lower().split("+")[0]
    return f"{local}@{host}" if local and "." in host else ""


def local_of(email: str) -> str:
    """What stands before the @."""
    return email.partition("@")[0]


def host_of(email: str) -> str:
    """What stands after the @."""
    return email.partition("@")[2]


@cached(1 << 15)
def dns_form(host: str) -> str:
    """A host name as DNS knows it, in small ASCII letters; "" where there is no such form.

    By IDNA 2008 `straße.de` is `xn--strae-oqa.de`, which somebody else than strasse.de can own.
    """
    if host.isascii():
        return host.lower()
    # Encoding takes time that grows with the length, and no longer name can be one.
    if len(host) > _LONGEST_HOST:
        return ""
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        return _as_spelled(host)


def _as_spelled(host: str) -> str:
    """The form that a name with an emoji or underscore has in use, though IDNA 2008 allows neither.

    Its wire form (`xn--i-7iq.ws`) is met in the wild and taken as it is: the written one equals it.
    """
    try:
        mapped = idna.uts46_remap(host, std3_rules=False, transitional=False)
    except idna.IDNAError:
        return ""
    if not all(sign in "-_." or _is_spelled(sign) for sign in mapped):
        return ""
    return ".".join(_label(label) for label in mapped.split("."))


def _is_spelled(sign: str) -> bool:
    """Whether a sign shows: letters, digits, marks and symbols do, joiners and controls do not."""
    return unicodedata.category(sign)[0] in "LMNS"


def _label(label: str) -> str:
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")


@cached(1 << 15)
def registrable(host: str) -> str:
    """The domain somebody registered, by the public suffix list: `guys.nhs.uk` of `mail.guys.nhs.uk`.

    A public suffix itself (`nhs.uk`) is its own domain, so that its own addresses still have one.
    """
    host = host.strip(".").lower()
    cut = _suffix_list().extract_str(host)
    if not cut.suffix:
        # The list's default rule is "*": an ending that it does not know is a suffix of one label.
        return ".".join(host.split(".")[-2:])
    return cut.top_domain_under_public_suffix or host


@cache
def _suffix_list() -> tldextract.TLDExtract:
    """The copy of the list that the library brings: nothing is fetched, nothing kept on disk.

    Its private part counts too: acme.github.io and acme.uk.com are Acme's, not the lender's.
    """
    return tldextract.TLDExtract(
        cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True
    )


def domain_of(email: str) -> str:
    """The registrable domain of an address."""
    host = host_of(email)
    return registrable(host) if host else ""


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
