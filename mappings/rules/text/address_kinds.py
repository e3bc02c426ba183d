"""E-mail addresses: cleaned, at whose domain each is, and what kind."""

import re
from functools import lru_cache

from mappings.caching import cached
from mappings.rules.text import mail_hosts
from mappings.rules.text.domains import above, dns_form, registrable
from mappings.rules.text.names import words

ROLE_LOCALS = words(
    """
    abuse accounting accounts accountspayable admin administration ap ar assistant billing booking
    bookings bounce buchhaltung careers commercial compliance contact contacto contato contactus
    customercare customerservice customersuccess cs daemon dev developers donotreply ecommerce
    einkauf email enquiries enquiry events facturacion faktura feedback finance financeiro form
    fundraising general hallo hello help helpdesk hi hola hostmaster hr info infos inquiries inquiry
    investors invoice invoices invoicing it itsupport jobs kontakt legal mail mailer mailerdaemon
    marketing media news newsletter noc nobody noreply notifications office ops order orders
    partners payments payroll people podpora post postmaster pr presse press privacy procurement
    purchasing rechnung reception recruiting recruitment rh root sales school secretary security
    service services shop soporte spam staff subscribe support suporte team tech techsupport test
    training undisclosed unsubscribe usenet uucp vendas ventas verkauf vertrieb web webmaster
    welcome
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

_ADDRESS = re.compile(r"[^@\s<>,;\"']{1,64}@[^@\s<>,;\"']{1,253}")


@cached(1 << 15)
def clean_email(text: str) -> str:
    """The first address of a text, in lower case, without a tag after "+"; "" if there is none."""
    match = _ADDRESS.search(text.strip())
    if not match:
        return ""
    local, host = match.group().split("@")
    host = dns_form(host.strip("."))
    local = local.lower().split("+")[0]
    return f"{local}@{host}" if local and "." in host else ""


def local_of(email: str) -> str:
    """What stands before the @."""
    return email.partition("@")[0]


def host_of(email: str) -> str:
    """What stands after the @."""
    return email.partition("@")[2]


def domain_of(email: str) -> str:
    """The registrable domain of an address."""
    host = host_of(email)
    return registrable(host) if host else ""


def is_free(email: str, extra: frozenset[str] = frozenset()) -> bool:
    """Whether anybody can have an address at this host, by our lists or the *extra* ones."""
    host = host_of(email)
    if mail_hosts.is_anybodys(host):
        return True
    return bool(extra) and not extra.isdisjoint(above(host))


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
