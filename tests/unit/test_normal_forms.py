"""One normal form for what people and countries write in many ways: numbers, domains, private mail hosts."""

import pytest

from mappings.records.addresses import domain, email
from mappings.records.phones import phone, phones
from mappings.rules.text import mail_hosts
from mappings.rules.text.domains import registrable

# As somebody wrote it, as it is dialled from abroad, and the portal's country where it matters.
ONE_NUMBER = [
    ("+44 (0)7700 900333", "+44 7700 900333", "GB"),
    ("+49 (0) 170 1234567", "0049 170 1234567", ""),
    ("+49(0)30/1234567", "+49 30 1234567", ""),
    ("+43 (0)660 1234567", "+43 660 1234567", ""),
    ("+41 (0)79 123 45 67", "0041791234567", ""),
    ("+31 (0)6 12345678", "+31612345678", ""),
    ("+33 (0)6 12 34 56 78", "+33612345678", ""),
    ("+32 (0)475 12 34 56", "+32475123456", ""),
    ("+46 (0)70-123 45 67", "+46701234567", ""),
    ("+39 02 1234567", "0039 02 1234567", ""),
    ("+61 (0)412 345 678", "+61412345678", ""),
    ("+27 (0)82 123 4567", "+27821234567", ""),
    ("+91 (0)98765 43210", "+919876543210", ""),
    ("+81 (0)90-1234-5678", "+819012345678", ""),
    ("+36 (06) 30 123 4567", "+36301234567", ""),
    ("+7 (8) 912 345-67-89", "+79123456789", ""),
    ("07700 900333", "+44 7700 900333", "GB"),
    ("8 912 345 67 89", "+79123456789", "RU"),
    ("011 49 170 1234567", "+491701234567", "US"),
    ("0011 61 412 345 678", "+61412345678", "AU"),
    ("00 44 7700 900333", "+447700900333", "GB"),
    ("010 44 7700 900333", "+447700900333", "JP"),
    ("(212) 555-0123", "+1 212 555 0123", "US"),
    ("1-212-555-0123", "+12125550123", "US"),
    ("+44 7700 900333 ext. 12", "+447700900333", ""),
    ("+44 7700 900333 x12", "+447700900333", ""),
    ("+44 7700 900333 Durchwahl 12", "+447700900333", ""),
    ("+44 7700 900333 #12", "+447700900333", ""),
    ("+44 7700 900333;ext=12", "+447700900333", ""),
    ("tel:+44-7700-900333", "+447700900333", ""),
    ("\uff0b\uff14\uff14 \uff17\uff17\uff10\uff10 \uff19\uff10\uff10\uff13\uff13\uff13", "+447700900333", ""),
    ("٠٠٤٤٧٧٠٠٩٠٠٣٣٣", "+447700900333", ""),
    ("+44.7700.900.333", "+447700900333", ""),
    ("+44\xa07700\xa0900333", "+447700900333", ""),
    ("+44\u20117700\u2011900333", "+447700900333", ""),
    ("\u202a+44 7700 900333\u202c", "+447700900333", ""),
    ("Mobile: +44 7700 900333", "+447700900333", ""),
    ("+44 7700 900333 (mobile)", "+447700900333", ""),
    ("+52 1 55 1234 5678", "+52 55 1234 5678", ""),
    ("+54 9 11 2345-6789", "+54 9 11 2345 6789", "AR"),
    ("011 15-2345-6789", "+54 9 11 2345 6789", "AR"),
    ("+55 (011) 91234-5678", "+5511912345678", ""),
    ("(11) 91234-5678", "+5511912345678", "BR"),
    ("0 11 91234-5678", "+5511912345678", "BR"),
    ("+353 (0)86 123 4567", "+353861234567", ""),
    ("+972 (0)50-123-4567", "+972501234567", ""),
    ("+380 (0)50 123 4567", "+380501234567", ""),
    ("+90 (0)532 123 45 67", "+905321234567", ""),
    ("+48 600 123 456", "0048600123456", ""),
    ("0044 (0) 7700 900333", "+447700900333", ""),
    ("44 7700 900333", "+447700900333", "GB"),
    ("+44-(0)-7700-900333", "+447700900333", ""),
    ("+44 [0] 7700 900333", "+447700900333", ""),
    ("+44 0 7700 900333", "+447700900333", ""),
    ("+358 (0)40 1234567", "+358401234567", ""),
    ("+420 601 123 456", "00420601123456", ""),
    ("+372 5123 4567", "+37251234567", ""),
    ("+64 (0)21 123 456", "+6421123456", ""),
    ("+62 (0)812-3456-7890", "+6281234567890", ""),
    ("+66 (0)81 234 5678", "+66812345678", ""),
    ("+60 (0)12-345 6789", "+60123456789", ""),
    ("+86 (0)138 0013 8000", "+8613800138000", ""),
    ("+852 9123 4567", "00852 91234567", ""),
    ("+82 (0)10-1234-5678", "+821012345678", ""),
    ("+20 (0)100 123 4567", "+201001234567", ""),
    ("+234 (0)803 123 4567", "+2348031234567", ""),
    ("+44 (0) 20 7946 0958", "+44 20 7946 0958", ""),
    ("+44 7700 900333 ,,12#", "+447700900333", ""),
    ("+44 7700 900333 int. 12", "+447700900333", ""),
    ("+44 7700 900333 App. 12", "+447700900333", ""),
    ("+49 170 1234567 Apparat 12", "+491701234567", ""),
    ("+33 6 12 34 56 78 p. 12", "+33612345678", ""),
    ("+44 7700 900333 wew. 12", "+447700900333", ""),
    ("+44 7700 900333 ramal 12", "+447700900333", ""),
    ("+81 90-1234-5678 内線 12", "+819012345678", ""),
    ("+7 912 345-67-89 доб. 12", "+79123456789", ""),
    ("+44 7700 900333 anknytning 12", "+447700900333", ""),
    ("+44 7700 900333 toestel 12", "+447700900333", ""),
    ("Tel. 2: +44 7700 900333", "+447700900333", ""),
    ("+44 7700 900333 Mobile 2", "+447700900333", ""),
]  # fmt: skip
NO_EXTENSION = [
    ("1-800-FLOWERS", "+18003569377", "US"),
    ("1-800-GO-FEDEX", "+18004633339", "US"),
    ("030 1234567", "+49301234567", "DE"),
]
# As written, and as DNS has it by IDNA 2008.
ONE_DOMAIN = [
    ("straße.de", "xn--strae-oqa.de"),
    ("STRASSE.de", "strasse.de"),
    ("Straße.DE", "xn--strae-oqa.de"),
    ("STRAẞE.de", "xn--strae-oqa.de"),
    ("XN--STRAE-OQA.DE", "xn--strae-oqa.de"),
    ("Xn--Strae-Oqa.de.", "xn--strae-oqa.de"),
    ("faß.at", "xn--fa-hia.at"),
    ("βόλος.com", "xn--nxasmm1c.com"),
    ("ΒΌΛΟΣ.com", "βόλοσ.com"),
    ("xn--nxasmq6b.com", "βόλοσ.com"),
    ("\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.com", "xn--mgba3gch31f060k.com"),
    ("www.\u0dc1\u0dca\u200d\u0dbb\u0dd3.com", "xn--10cl1a0b660p.com"),
    ("☕.example", "xn--53h.example"),
    ("i❤.ws", "xn--i-7iq.ws"),
    ("💩.la", "xn--ls8h.la"),
    ("münchen.de", "xn--mnchen-3ya.de"),
    ("mu\u0308nchen.de", "xn--mnchen-3ya.de"),
    ("MÜNCHEN.de", "xn--mnchen-3ya.de"),
    ("日本語。jp", "xn--wgv71a119e.jp"),
    ("例え\uff0eテスト", "xn--r8jz45g.xn--zckzah"),
    ("EXAMPLE.COM.", "example.com"),
    ("\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45.com", "example.com"),
    ("ex\xadample.com", "example.com"),
    ("https://WWW.Straße.de:443/a", "xn--strae-oqa.de"),
    ("www.example.co.uk", "example.co.uk"),
    ("türk.com.tr", "xn--trk-hoa.com.tr"),
    ("user@straße.de", "xn--strae-oqa.de"),
    ("a_b.example.com", "a_b.example.com"),
    ("fußball.de", "xn--fuball-cta.de"),
]  # fmt: skip
TWO_DOMAINS = [("straße.de", "strasse.de"), ("faß.at", "fass.at"), ("βόλος.com", "βόλοσ.com")]
# A host, and what somebody registered of it by the public suffix list.
REGISTERED = {
    "nhs.uk": "nhs.uk",
    "guys.nhs.uk": "guys.nhs.uk",
    "mail.guys.nhs.uk": "guys.nhs.uk",
    "abc.gov.br": "abc.gov.br",
    "x.abc.gov.br": "abc.gov.br",
    "foo.github.io": "foo.github.io",
    "acme.co.uk": "acme.co.uk",
    "mail.acme.co.uk": "acme.co.uk",
    "lausd.k12.ca.us": "lausd.k12.ca.us",
    "a.lausd.k12.ca.us": "lausd.k12.ca.us",
    "hmrc.gov.uk": "hmrc.gov.uk",
    "cs.ox.ac.uk": "ox.ac.uk",
    "a.myshopify.com": "a.myshopify.com",
    "x.a.pages.dev": "a.pages.dev",
    "foo.ck": "foo.ck",
    "a.foo.ck": "a.foo.ck",
    "www.ck": "www.ck",
    "acme.uk.com": "acme.uk.com",
    "mail.acme.uk.com": "acme.uk.com",
    "city.kobe.jp": "city.kobe.jp",
    "a.b.c.kobe.jp": "b.c.kobe.jp",
    "x.gouv.fr": "x.gouv.fr",
    "m.x.gouv.fr": "x.gouv.fr",
    "acme.com.au": "acme.com.au",
    "a.vercel.app": "a.vercel.app",
    "s.a.netlify.app": "a.netlify.app",
    "acme.gov.in": "acme.gov.in",
    "mail.acme.nic.in": "acme.nic.in",
    "xn--strae-oqa.de": "xn--strae-oqa.de",
    "a.xn--p1ai": "a.xn--p1ai",
    "x.y.xn--55qx5d.cn": "y.xn--55qx5d.cn",
    "acme.internal": "acme.internal",
    "mail.acme.corp": "acme.corp",
    "a.b.zz": "b.zz",
    "MAIL.ACME.CO.UK.": "acme.co.uk",
    "acme.gov": "acme.gov",
    "mail.state.ca.us": "state.ca.us",
}
PRIVATE = """
    privaterelay.appleid.com duck.com ukr.net tuta.com tutanota.com foxmail.com yahoo.nl
    yahoo.co.uk yahoo.com.br ymail.com rocketmail.com hotmail.ch hotmail.co.uk live.com live.nl
    outlook.de outlook.com outlook.fr msn.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp
    i.softbank.jp au.com qq.com vip.qq.com 163.com 126.com yeah.net sina.com sina.cn sohu.com
    aliyun.com 139.com 189.cn web.de gmx.de gmx.net gmx.at gmx.ch gmx.com t-online.de freenet.de
    arcor.de free.fr orange.fr wanadoo.fr laposte.net sfr.fr neuf.fr bbox.fr libero.it
    virgilio.it tiscali.it alice.it tin.it pec.it wp.pl o2.pl onet.pl interia.pl op.pl
    poczta.onet.pl gazeta.pl seznam.cz email.cz centrum.cz post.cz volny.cz azet.sk zoznam.sk
    centrum.sk freemail.hu citromail.hu indamail.hu naver.com daum.net hanmail.net nate.com
    kakao.com mail.ru bk.ru list.ru inbox.ru internet.ru yandex.ru yandex.com ya.ru rambler.ru
    icloud.com me.com mac.com hey.com proton.me protonmail.com protonmail.ch pm.me fastmail.com
    fastmail.fm mozmail.com relay.firefox.com simplelogin.com simplelogin.co slmail.me
    aleeas.com anonaddy.com anonaddy.me addy.io passmail.net passinbox.com passfwd.com
    33mail.com mailbox.org posteo.de posteo.net disroot.org riseup.net startmail.com
    mailfence.com runbox.com zoho.com zohomail.eu aol.com aol.de aim.com verizon.net comcast.net
    att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net juno.com rogers.com
    shaw.ca sympatico.ca telus.net videotron.ca btinternet.com sky.com virginmedia.com
    ntlworld.com talktalk.net blueyonder.co.uk bigpond.com optusnet.com.au xtra.co.nz
    telstra.com ziggo.nl kpnmail.nl planet.nl xs4all.nl home.nl hetnet.nl upcmail.nl telenet.be
    skynet.be proximus.be bluewin.ch sunrise.ch hispeed.ch telia.com bredband.net comhem.se
    spray.se online.no broadpark.no mail.dk jubii.dk stofanet.dk luukku.com kolumbus.fi
    suomi24.fi elisanet.fi sapo.pt clix.pt iol.pt telefonica.net terra.es ya.com uol.com.br
    bol.com.br terra.com.br ig.com.br globo.com globomail.com hotmail.com.ar fibertel.com.ar
    speedy.com.ar prodigy.net.mx rediffmail.com indiatimes.com sify.com biglobe.ne.jp nifty.com
    ocn.ne.jp so-net.ne.jp yahoo.co.jp excite.co.jp ybb.ne.jp vodafone.ne.jp mail.bg abv.bg
    dir.bg gbg.bg yahoo.ro mail.com email.com usa.com inbox.lv inbox.lt one.lt mail.ee hot.ee
    walla.co.il walla.com netvision.net.il 012.net.il bezeqint.net mynet.com ttmail.com
    superonline.com turk.net hotmail.com.tr i.ua bigmir.net meta.ua tut.by mail.kz otenet.gr
    hol.gr forthnet.gr freemail.gr in.gr eircom.net mweb.co.za telkomsa.net vodamail.co.za
    webmail.co.za singnet.com.sg starhub.net.sg hinet.net seed.net.tw netvigator.com
    yahoo.com.hk vnn.vn chmail.ir hushmail.com lycos.com gawab.com maktoob.com emirates.net.ae
    qatar.net.qa gmail.com googlemail.com tutamail.com tuta.io keemail.me skiff.com
    cock.li ctemplar.com onionmail.org msgsafe.io mailo.com caramail.com net-c.com vfemail.net
    opayq.com cloaked.id burnermail.io erine.email chello.at aon.at utanet.at a1.net inode.at
    kabelbw.de unitybox.de vodafonemail.de o2online.de ewe.net osnanet.de netcologne.de
    versanet.de
"""
FIRMS_OWN = """
    appleid.com apple.com duckduckgo.com tencent.com microsoft.com google.com yahoo-inc.com
    ntt.com docomo.com orange.com telekom.de proton.ch acme.com live.me outlook.io hey.co
    naver.corp mail.acme.com webde.com gmx-consulting.de freenet-business.de hotmail-partners.ch
    yahoo.acme.com duck.co foxmail.co mailbox.acme.org bt.com comcast.com att.com verizon.com
    rogers.ca vodafone.com swisscom.ch gov.br nhs.uk ukr.de tuta.it
"""


@pytest.mark.parametrize(("written", "dialled", "country"), ONE_NUMBER)
def test_a_number_is_one_number_however_it_is_written(
    written: str, dialled: str, country: str
) -> None:
    found = phone(written, country).value
    assert found is not None
    assert found.startswith("+")
    assert found == phone(dialled, country).value


@pytest.mark.parametrize(("written", "number", "country"), NO_EXTENSION)
def test_letters_and_short_numbers_that_belong_to_a_number_stay(
    written: str, number: str, country: str
) -> None:
    assert phone(written, country).value == number


def test_two_numbers_of_one_field_stay_two() -> None:
    both = ("+447700900333", "+491701234567")
    assert phones("+44 (0)7700 900333 oder +49 (0)170 1234567").value == both


@pytest.mark.parametrize(("written", "wire"), ONE_DOMAIN)
def test_a_domain_is_one_domain_however_it_is_written(written: str, wire: str) -> None:
    assert domain(written).value is not None
    assert domain(written).value == domain(wire).value


@pytest.mark.parametrize(("one", "other"), TWO_DOMAINS)
def test_domains_that_two_people_can_own_are_two(one: str, other: str) -> None:
    assert domain(one).value != domain(other).value


@pytest.mark.parametrize(
    ("written", "wire"),
    [
        ("info@straße.de", "info@xn--strae-oqa.de"),
        ("INFO@XN--STRAE-OQA.DE", "info@xn--strae-oqa.de"),
        ("a@☕.example", "a@xn--53h.example"),
        ("a@EXAMPLE.com.", "a@example.com"),
    ],
)
def test_an_address_has_the_form_of_its_domain(written: str, wire: str) -> None:
    assert email(written).value == email(wire).value == wire


@pytest.mark.parametrize(("host", "registered"), REGISTERED.items())
def test_who_registered_a_host_is_told_by_the_public_suffix_list(
    host: str, registered: str
) -> None:
    assert registrable(host) == registered


@pytest.mark.parametrize("host", PRIVATE.split())
def test_an_address_that_anybody_can_have_names_no_employer(host: str) -> None:
    assert mail_hosts.is_anybodys(host)


@pytest.mark.parametrize("host", FIRMS_OWN.split())
def test_what_only_looks_like_a_private_host_is_a_firms_own(host: str) -> None:
    assert not mail_hosts.is_anybodys(host)
