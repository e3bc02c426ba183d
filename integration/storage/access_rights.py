"""Access rights: our two roles, and what each may do with which table; lost ones are given again.

Migrations give them once. A backup that is restored where the roles do not exist loses all of
them, and its tables then look like a database without a schema.
"""

from collections.abc import Sequence
from typing import NoReturn

from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from integration.core.errors import Refused

APP, SERVICE = "second_order_app", "second_order_service"
_ROLES = """
DO $$ DECLARE role text; BEGIN
  FOREACH role IN ARRAY ARRAY['second_order_app', 'second_order_service'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
      EXECUTE format(
        'CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', role);
    END IF;
    -- A login that may not create roles was given both by hand. Who made a role is its member, but
    -- since version 16 may not act as it before a grant says so.
    IF NOT pg_has_role(current_user, role, CASE
        WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)
    THEN
      EXECUTE format('GRANT %I TO %I', role, current_user);
    END IF;
  END LOOP;
END $$"""
# Each row is a statement that gives a right that is missing. Every table with a portal_id shows
# the app one portal's rows; service tables, listed by the first migration, show the service all.
_MISSING = """
WITH portal_table AS (
  SELECT oid, relname, relrowsecurity, relforcerowsecurity FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND EXISTS (
    SELECT FROM pg_attribute
    WHERE attrelid = pg_class.oid AND attname = 'portal_id' AND NOT attisdropped)
), service_table AS (
  SELECT oid, relname FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname = ANY (ARRAY[
    'portal', 'token', 'lane', 'allowance', 'inbox', 'oauth_state', 'browser_session', 'schedule',
    'portal_user'])
), wanted_policy AS (
  SELECT 'own_portal' AS policy, relname, 'TO second_order_app USING (portal_id = current_portal())'
    || ' WITH CHECK (portal_id = current_portal())' AS rule FROM portal_table
  UNION ALL
  SELECT 'service', relname, 'TO second_order_service USING (true) WITH CHECK (true)'
    FROM service_table JOIN portal_table USING (relname)
  UNION ALL
  SELECT 'anybody_may_knock', relname, 'FOR INSERT TO second_order_app WITH CHECK (true)'
    FROM portal_table WHERE relname = 'inbox'
), wanted_right AS (
  SELECT oid, relname, 'second_order_app' AS role, privilege
    FROM portal_table, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
    -- Appended only: an entry, an answer and a closing are never edited.
    WHERE privilege <> 'UPDATE' OR relname NOT IN ('ledger', 'decision', 'closing')
  UNION ALL
  SELECT oid, relname, 'second_order_service', privilege
    FROM service_table, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
)
SELECT format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', relname) FROM portal_table
  WHERE NOT relrowsecurity
UNION ALL
SELECT format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', relname) FROM portal_table
  WHERE NOT relforcerowsecurity
UNION ALL
SELECT format('CREATE POLICY %I ON %I %s', policy, relname, rule) FROM wanted_policy
  WHERE NOT EXISTS (
    SELECT FROM pg_policies WHERE schemaname = 'public'
      AND tablename = wanted_policy.relname AND policyname = wanted_policy.policy)
UNION ALL
SELECT format('GRANT %s ON %I TO %I', privilege, relname, role) FROM wanted_right
  WHERE NOT has_table_privilege(role, oid, privilege)
UNION ALL  -- of an answer only what may name somebody who is forgotten
SELECT format('GRANT UPDATE (%I) ON decision TO second_order_app', attname) FROM pg_attribute
  WHERE attrelid = to_regclass('public.decision')
    AND attname IN ('question', 'detail', 'author', 'reason')
    AND NOT has_column_privilege('second_order_app', attrelid, attname, 'UPDATE')
UNION ALL
SELECT format('GRANT USAGE ON SEQUENCE %I TO %I', relname, role)
  FROM pg_class, unnest(ARRAY['second_order_app', 'second_order_service']) AS role
  WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'
    AND NOT has_sequence_privilege(role, pg_class.oid, 'USAGE')
UNION ALL
SELECT format('GRANT USAGE ON SCHEMA public TO %I', role)
  FROM unnest(ARRAY['second_order_app', 'second_order_service']) AS role
  WHERE NOT has_schema_privilege(role, 'public', 'USAGE')"""
_LACKING_ROLES = """
  SELECT role FROM unnest(ARRAY['second_order_app', 'second_order_service']) AS role
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role)"""
_OWNERS = """SELECT DISTINCT pg_get_userbyid(relowner)::text, current_user::text FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    AND NOT pg_has_role(current_user, relowner, 'USAGE') LIMIT 1"""


def make_roles(connection: Connection) -> None:
    """Make the roles and let the login act as them; refuse with what its administrator must run."""
    try:
        with connection.begin_nested():
            connection.execute(text(_ROLES))
    except DBAPIError as trouble:
        if not isinstance(trouble.orig, InsufficientPrivilege):
            raise
        login = connection.scalar(text("SELECT quote_ident(current_user)"))
        lacking = connection.scalars(text(_LACKING_ROLES)).all()
        made = "".join(f"CREATE ROLE {role} NOLOGIN; " for role in lacking)
        raise Refused(
            "The login of DATABASE_URL may not make the roles that the app works as. Let the"
            f" administrator of the server run: {made}GRANT {APP}, {SERVICE} TO {login};"
        ) from trouble


def missing(connection: Connection) -> Sequence[str]:
    """Return the statements that would give what is missing; each missing role instead of all."""
    lacking = connection.scalars(text(_LACKING_ROLES)).all()
    if lacking:
        return [f"CREATE ROLE {role} NOLOGIN" for role in lacking]
    statements: Sequence[str] = connection.scalars(text(_MISSING)).all()
    return statements


def repair(connection: Connection) -> int:
    """Give every right that is missing; return how many there were."""
    statements = missing(connection)
    try:
        with connection.begin_nested():
            for statement in statements:
                connection.execute(text(statement))
    except DBAPIError as trouble:
        if isinstance(trouble.orig, InsufficientPrivilege):
            _refuse(connection, trouble)
        raise
    return len(statements)


def _refuse(connection: Connection, trouble: DBAPIError) -> NoReturn:
    """Say who owns the tables, when it is not the login."""
    row = connection.execute(text(_OWNERS)).one_or_none()
    if row is None:
        raise trouble
    owner, login = row
    raise Refused(
        f"The tables belong to {owner}, and the login of DATABASE_URL is {login}, which may not"
        f" give the app its rights to them. Restore the backup as {login}, from a dump made with"
        f" --no-owner, or let an administrator run: GRANT {owner} TO {login};"
    ) from trouble
