"""Every statement over a portal's table names the portal; row-level security is the second guard."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

STORAGE = Path(__file__).resolve().parents[2] / "integration" / "storage"
# The service's own statements, over all portals or before a portal is known.
OVER_ALL = {
    "calendar.portals_to_reconcile": "which portals' night has come",
    "calendar.portals_to_catch_up": "which portals have not asked for changes for a while",
    "calendar.portals_with_overdue_answers": "where nobody answered a set-up question in time",
    "calendar.to_erase": "which portals left a month ago",
    "calendar.being_erased": "which portals are being erased",
    "calendar.prune": "ended sessions, and deliveries that nobody claimed",
    "calendar.has_unaddressed": "deliveries that belong to no portal yet",
    "inbox.claim_unaddressed": "deliveries that belong to no portal yet",
    "inbox.undeliverable": "deliveries for accounts without a connection, for the operator",
    "lanes.due": "whose work is due, for the sweeper to wake",
    "portals.every": "the list of portals",
    "sessions.open_session": "ended sessions of any portal; the new one names its own",
    "sessions.find_sessions": "a browser's cookie tells the portals, and not the other way round",
    "sessions.move_sessions": "a browser's accounts move along to its new cookie",
    "sessions.close_session": "a browser's cookie is all that signing out knows",
    "tokens.all_sealed": "all tokens are sealed anew when keys change",
}
_VALUE = r"(?::portal\b|:id\b|:portal_id\b|%\(portal\)s|%s|CAST\(:portal AS bigint\))"
# What names one portal: a comparison with a value, or with a row that was asked for by its portal.
_GUARD = re.compile(
    rf"portal_id\s*(?:=|IS NOT DISTINCT FROM)\s*{_VALUE}"
    r"|portal_id\s*=\s*\w+\.portal_id\b|USING\s*\(\s*portal_id\b[^)]*\)"
)
_INSERT = re.compile(
    rf"INTO\s+(\w+)(?:\s+AS\s+\w+)?\s*\(\s*portal_id\b[^)]*\)\s*"
    rf"(?:VALUES\s*\(|SELECT(?:\s+DISTINCT(?:\s+ON\s*\([^)]*\))?)?)\s*"
    rf"(?:{_VALUE}|(?:\w+\.)?portal_id\b)"
)
_TOKEN = re.compile(
    r"\(|\)|\bUNION\b|\bSELECT\b|<guard>|\b(?:FROM|JOIN|UPDATE|INTO|USING)\s+(?:ONLY\s+)?(\w+)"
)
_COMMA = re.compile(
    r"\bFROM\s+\w+(?:\s+(?:AS\s+)?(?!WHERE\b)\w+)?\s*,\s*(?!LATERAL\b|unnest\b|jsonb)(\w+)"
)
_STARTS = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as text, and the function or constant of storage that holds it."""

    place: str
    sql: str


def statements(source: str, module: str) -> Iterator[Statement]:
    """All texts of a module that are SQL, with its constants filled in."""
    tree = ast.parse(source)
    constants = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    parts = {name for text in _texts(tree) for name in _names_in(text)}
    for top in tree.body:
        if isinstance(top, ast.Assign) and {ast.unparse(target) for target in top.targets} <= parts:
            continue  # a part of statements, and read as such where they are
        name = top.name if isinstance(top, ast.FunctionDef | ast.ClassDef) else "module"
        for text in _texts(top):
            sql = _filled(text, constants)
            if _STARTS.match(sql):
                yield Statement(f"{module}.{name}", sql)


def _texts(node: ast.AST) -> Iterator[ast.expr]:
    """The outermost texts under a node: what is added up or filled in is one text."""
    if isinstance(node, ast.JoinedStr | ast.BinOp) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    ):
        yield node
        return
    for child in ast.iter_child_nodes(node):
        yield from _texts(child)


def _names_in(text: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(text) if isinstance(node, ast.Name)}


def _filled(node: ast.expr, constants: dict[str, ast.expr]) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_filled(part, constants) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return _filled(node.value, constants)
    if isinstance(node, ast.BinOp):
        return _filled(node.left, constants) + _filled(node.right, constants)
    if isinstance(node, ast.Name) and node.id in constants:
        return _filled(constants[node.id], constants)
    return "<filled in later>"


@dataclass
class Block:
    """One query, or what stands in parentheses: its tables, and how many are guarded."""

    tables: list[str]
    guards: int = 0
    is_query: bool = False


def unguarded(sql: str, tables: set[str]) -> list[str]:
    """The portals' tables that a statement touches without naming the portal in the same query."""
    sql = re.sub(r"--[^\n]*", "", sql)
    own = set(
        re.findall(r"(?:\bWITH|,)\s+(\w+)\s+AS\s+(?:MATERIALIZED\s*)?\(", sql)
    )  # named within the statement
    sql = _INSERT.sub(r"INTO \1 <guard> SELECT", sql)
    sql = _GUARD.sub(" <guard> ", sql)
    sql = re.sub(r"\bDISTINCT FROM\b|\bFOR UPDATE\b", "", sql)
    wrong = [
        table for table in _COMMA.findall(sql) if table in tables - own
    ]  # a join by comma is not followed
    open_blocks = [Block([])]
    for token in _TOKEN.finditer(sql):
        word, table = token.group(0), token.group(1)
        block = open_blocks[-1]
        if word == "(":
            open_blocks.append(Block([]))
        elif word == ")":
            if len(open_blocks) > 1:
                wrong += _close(open_blocks.pop(), open_blocks[-1])
        elif word == "UNION":
            wrong += block.tables if block.guards < len(block.tables) else []
            open_blocks[-1] = Block([])
        elif word == "<guard>":
            block.guards += 1
        elif word == "SELECT":
            block.is_query = True
        elif table in tables - own:
            block.tables.append(table)
    while len(open_blocks) > 1:
        wrong += _close(open_blocks.pop(), open_blocks[-1])
    last = open_blocks[0]
    return wrong + (last.tables if last.guards < len(last.tables) else [])


def _close(block: Block, around: Block) -> list[str]:
    """End a block; parentheses around a condition belong to the query around them."""
    if not block.tables and not block.is_query:
        around.guards += block.guards
    return block.tables if block.guards < len(block.tables) else []


@pytest.fixture(scope="module")
def tables(postgres_url: str) -> set[str]:
    """The tables that have a portal, as the database knows them."""
    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute(
            """SELECT table_name FROM information_schema.columns
               WHERE table_schema = 'public' AND column_name = 'portal_id'"""
        ).fetchall()
    return {row[0] for row in rows}


def all_statements() -> list[Statement]:
    paths = sorted(path for path in STORAGE.rglob("*.py") if "migrations" not in path.parts)
    return [statement for path in paths for statement in statements(path.read_text(), path.stem)]


def test_every_statement_over_a_portals_table_names_the_portal(tables: set[str]) -> None:
    found = all_statements()
    wrong = {
        each.place: unguarded(each.sql, tables) for each in found if unguarded(each.sql, tables)
    }

    assert {place: names for place, names in wrong.items() if place not in OVER_ALL} == {}
    assert wrong.keys() == OVER_ALL.keys(), "a statement that names its portal needs no leave"
    assert len(found) > 200, "the texts of storage were read"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT body FROM record",
        "SELECT body FROM record WHERE record_id = :id",
        "UPDATE record SET gone_at = NULL WHERE record_id = ANY(:ids)",
        "DELETE FROM record AS mine USING alias WHERE mine.portal_id = :portal AND alias.old_id = mine.record_id",
        "INSERT INTO record (portal_id, record_id) SELECT 4711, id FROM unnest(:ids) AS id",
        "SELECT 1 FROM record WHERE portal_id = :portal AND id IN (SELECT old_id FROM alias)",
        "SELECT 1 FROM record WHERE portal_id = :portal UNION ALL SELECT 1 FROM alias",
        "SELECT 1 FROM record JOIN alias ON old_id = record_id WHERE record.portal_id = :portal",
        "WITH old AS (SELECT old_id FROM alias) SELECT 1 FROM record, old WHERE portal_id = :portal",
        "SELECT 1 FROM record AS mine, alias WHERE mine.portal_id = :portal AND alias.portal_id = :portal",
    ],
)
def test_a_statement_without_its_portal_is_seen(sql: str) -> None:
    assert unguarded(sql, {"record", "alias"})


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT body FROM record WHERE (portal_id = :portal AND record_id = :id)",
        "SELECT 1 FROM record JOIN alias USING (portal_id, object_type) WHERE portal_id = :portal",
        "SELECT 1 FROM record WHERE portal_id = :portal AND id IN (SELECT old_id FROM alias WHERE portal_id = :portal)",
        "INSERT INTO record AS mine (portal_id, record_id) VALUES (:portal, :id) ON CONFLICT (portal_id) DO NOTHING",
        "WITH record AS (SELECT 1) SELECT 1 FROM record",
    ],
)
def test_a_statement_that_names_its_portal_is_let_through(sql: str) -> None:
    assert unguarded(sql, {"record", "alias"}) == []
