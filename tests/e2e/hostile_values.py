"""Values that no field should hold, and that HubSpot hands over all the same."""

from datetime import UTC, datetime, timedelta
from typing import Any

SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}${7*7}"
SQL = "Robert'); DROP TABLE ledger;-- :portal %s %(x)s \\ {0}"
FORMULA = '=HYPERLINK("http://x.invalid","a")'
SIGNS = "\u202egnp.\u200bexe\u2066\ufeff 👩‍👩‍👧‍👦 \U0001d56c\U0001d593\U0001d586 ﷽ e\u0301\u0301\u0301\u0301"
BROKEN = "half \ud83d and \udc00 and NUL \x00 end"
LONG = "".join(chr(0x4E00 + (i * 7919) % 20_000) for i in range(65_536))
TEXTS = {
    "script": SCRIPT,
    "sql": SQL,
    "formula": FORMULA,
    "signs": SIGNS,
    "broken": BROKEN,
    "long": LONG,
    "nul": "\0",
    "spaces": " \t\r\n ",
    "copy": "\\N\t\\.\n",
    "words": "a " * 30_000,
}
EMAILS = (
    "",
    " ",
    "@",
    "a@",
    "@b",
    "no at sign",
    "a@b@c.example",
    "info@evil.example",
    "noreply@evil.example",
    "用户@例子.公司",
    "ana@bücher.example",
    "ANA@XN--BCHER-KVA.EXAMPLE",
    "почта@почта.рф",
    "a@localhost",
    "a@127.0.0.1",
    '"a b"@evil.example',
    "a@evil.example\r\nBcc: x@y.example",
    f"{'a' * 70_000}@evil.example",
    "a@" + "b." * 40_000 + "c",
    "a@-evil-.example",
    "<a@evil.example>",
    "mailto:a@evil.example",
    SCRIPT,
    SQL,
    BROKEN,
    "\u202ea@evil.example",
    "a@\u0660\u0661.example",
)
AMOUNTS = (
    "1,000.50",
    "1.000,50",
    "1e400",
    "-5",
    "NaN",
    "Infinity",
    "12345678901234567890.12",
    "",
    "0",
    "-0",
    "0x10",
    "\u0661\u0662\u0663",
    "1e-400",
    "1_000",
    "1 000",
    "999999999999999",
    "1e15",
    "1e14",
    "-1e14",
    "0.005",
    "€5",
    "5" * 70_000,
    SCRIPT,
    BROKEN,
    "+5",
)
CURRENCIES = (
    "",
    "XXX",
    "EUR",
    "eur",
    "USD",
    "JPY",
    "KWD",
    "BTC",
    "$",
    SCRIPT,
    "E" * 70_000,
    BROKEN,
)
DATES = (
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "yesterday",
    "",
    "0",
    "-62135596800000",
    "253402300799999",
    "99999999999999999",
    "2024-02-30",
    "2024-13-01T00:00:00Z",
    "1e400",
    SCRIPT,
    "2024-06-01T00:00:60Z",
    "2199-12-31T23:59:59Z",
    "1969-12-31",
    "1970-01-01",
    (datetime.now(UTC) + timedelta(400)).isoformat(),
    BROKEN,
)
IDS = (
    "99999999999999999999999",
    "-1",
    "0",
    "9223372036854775807",
    "9223372036854775808",
    "1e400",
    "NaN",
    "abc",
    "1.5",
)
SCORES = ("11", "-1", "ten", "", "9.0", "1e400", "NaN", "9" * 70_000, BROKEN)
NO_TEXT: tuple[Any, ...] = (7, 7.5, True, ["a", {"b": 1}], {"value": "x"}, 2**70, 1e308)
