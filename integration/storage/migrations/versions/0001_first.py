"""The inbox, the mirror, the ledger and the outbox exist, and no portal sees another's rows."""

from alembic import op

revision = "0001"
down_revision = None

ROLES = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'second_order_app') THEN
    CREATE ROLE second_order_app NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'second_order_service') THEN
    CREATE ROLE second_order_service NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
  END IF;
  -- A login that may not create roles was given both by hand.
  IF NOT (pg_has_role(current_user, 'second_order_app', 'MEMBER')
          AND pg_has_role(current_user, 'second_order_service', 'MEMBER')) THEN
    EXECUTE format('GRANT second_order_app, second_order_service TO %I', current_user);
  END IF;
END $$;
GRANT USAGE ON SCHEMA public TO second_order_app, second_order_service;
"""

TABLES = """
CREATE FUNCTION current_portal() RETURNS bigint LANGUAGE sql STABLE
  AS $$ SELECT nullif(current_setting('app.portal_id', true), '')::bigint $$;

CREATE TABLE portal (
  portal_id bigint PRIMARY KEY,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'uninstalled')),
  paused_reason text,
  paused_at timestamptz,
  account jsonb NOT NULL DEFAULT '{}',
  scopes text[] NOT NULL DEFAULT '{}',
  installed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  installed_by bigint,
  settings_version int NOT NULL DEFAULT 0,
  provisioned_at timestamptz,
  imported_at timestamptz,
  last_sync_at timestamptz,
  last_reconciled_at timestamptz,
  uninstalled_at timestamptz
);

CREATE TABLE token (
  portal_id bigint PRIMARY KEY REFERENCES portal ON DELETE CASCADE,
  sealed bytea NOT NULL,
  expires_at timestamptz NOT NULL,
  refresh_at timestamptz NOT NULL,
  version int NOT NULL DEFAULT 1,
  state text NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'suspect', 'revoked')),
  suspect_since timestamptz,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE lane (
  portal_id bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('drain', 'write', 'import')),
  due_at timestamptz,
  fence bigint NOT NULL DEFAULT 0,
  lease_until timestamptz,
  retry_after timestamptz,
  failures int NOT NULL DEFAULT 0,
  trouble text,
  PRIMARY KEY (portal_id, kind)
);

CREATE TABLE allowance (
  portal_id bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('standard', 'search')),
  next_at timestamptz NOT NULL DEFAULT '-infinity',
  held_until timestamptz NOT NULL DEFAULT '-infinity',
  PRIMARY KEY (portal_id, kind)
);

CREATE TABLE inbox (
  inbox_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  portal_id bigint,
  source text NOT NULL DEFAULT 'hubspot',
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  body bytea NOT NULL,
  attempts int NOT NULL DEFAULT 0,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'set_aside')),
  error text
);
ALTER TABLE inbox ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX inbox_waiting ON inbox (portal_id, inbox_id) WHERE state = 'waiting';

CREATE TABLE event (
  portal_id bigint NOT NULL,
  source text NOT NULL,
  dedupe_key text NOT NULL,
  kind text NOT NULL,
  object_type text,
  object_id bigint,
  payload jsonb NOT NULL,
  occurred_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  state text NOT NULL DEFAULT 'waiting'
    CHECK (state IN ('waiting', 'done', 'ignored', 'set_aside')),
  attempts int NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  settled_at timestamptz,
  reason text,
  PRIMARY KEY (portal_id, source, dedupe_key)
);
CREATE INDEX event_waiting ON event (portal_id, next_at) WHERE state = 'waiting';
CREATE INDEX event_set_aside ON event (portal_id) WHERE state = 'set_aside';
CREATE INDEX event_object ON event (portal_id, object_type, object_id);

-- What became of everything received: received = duplicate + pruned + the rows of event.
CREATE TABLE tally (
  portal_id bigint PRIMARY KEY,
  received bigint NOT NULL DEFAULT 0,
  duplicate bigint NOT NULL DEFAULT 0,
  pruned bigint NOT NULL DEFAULT 0
);

CREATE TABLE record (
  portal_id bigint NOT NULL,
  object_type text NOT NULL,
  record_id bigint NOT NULL,
  properties jsonb NOT NULL DEFAULT '{}',
  history jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz,
  updated_at timestamptz,
  seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  gone_at timestamptz,
  gone_why text CHECK (gone_why IN ('deleted', 'merged', 'forgotten')),
  PRIMARY KEY (portal_id, object_type, record_id)
);

CREATE TABLE association (
  portal_id bigint NOT NULL,
  from_type text NOT NULL,
  from_id bigint NOT NULL,
  to_type text NOT NULL,
  to_id bigint NOT NULL,
  category text NOT NULL,
  type_id int NOT NULL,
  label text,
  since timestamptz,
  PRIMARY KEY (portal_id, from_type, from_id, to_type, to_id, category, type_id)
);
CREATE INDEX association_reverse ON association (portal_id, to_type, to_id, from_type, from_id);

CREATE TABLE alias (
  portal_id bigint NOT NULL,
  object_type text NOT NULL,
  old_id bigint NOT NULL,
  new_id bigint NOT NULL,
  merged_at timestamptz NOT NULL,
  PRIMARY KEY (portal_id, object_type, old_id)
);
CREATE INDEX alias_new ON alias (portal_id, object_type, new_id);

-- What conclude has to look at again, stage by stage: people, then deals, then the summaries on
-- records.
CREATE TABLE stale (
  portal_id bigint NOT NULL,
  stage smallint NOT NULL CHECK (stage BETWEEN 1 AND 3),
  object_type text NOT NULL,
  record_id bigint NOT NULL,
  since timestamptz NOT NULL DEFAULT clock_timestamp(),
  attempts int NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  error text,
  PRIMARY KEY (portal_id, stage, object_type, record_id)
);

-- Who holds a credit: an opaque number that outlives the person's name.
CREATE TABLE subject (
  portal_id bigint NOT NULL,
  subject_id bigint GENERATED ALWAYS AS IDENTITY,
  contact_id bigint,
  PRIMARY KEY (portal_id, subject_id),
  UNIQUE (portal_id, contact_id)
);

CREATE TABLE identity_key (
  portal_id bigint NOT NULL,
  kind text NOT NULL,
  value text NOT NULL,
  contact_id bigint NOT NULL,
  PRIMARY KEY (portal_id, kind, value, contact_id)
);
CREATE INDEX identity_key_contact ON identity_key (portal_id, contact_id);

-- Which company an e-mail host or a typed name means; 'parent' leads from a company id to its
-- children.
CREATE TABLE company_key (
  portal_id bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('domain', 'name', 'parent', 'former')),
  value text NOT NULL,
  company_id bigint NOT NULL,
  PRIMARY KEY (portal_id, kind, value, company_id)
);
CREATE INDEX company_key_company ON company_key (portal_id, company_id);

-- Every change of employer that shows, moves or not: only a crowd of them tells an acquisition
-- from job changes.
CREATE TABLE passage (
  portal_id bigint NOT NULL,
  person_id bigint NOT NULL,
  from_company_id bigint NOT NULL,
  to_company_id bigint NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (portal_id, person_id, from_company_id, to_company_id, at)
);
CREATE INDEX passage_pair ON passage (portal_id, from_company_id, to_company_id);

CREATE TABLE migration (
  portal_id bigint NOT NULL,
  from_company_id bigint NOT NULL,
  to_company_id bigint NOT NULL,
  PRIMARY KEY (portal_id, from_company_id, to_company_id)
);

-- Deals as numbers, so that a company's wins and what was open when need no parsing.
CREATE TABLE deal (
  portal_id bigint NOT NULL,
  deal_id bigint NOT NULL,
  company_id bigint,
  created_at timestamptz NOT NULL,
  closed_at timestamptz,
  is_won boolean NOT NULL,
  is_open boolean NOT NULL,
  is_renewal boolean NOT NULL DEFAULT false,
  amount_minor bigint,
  currency text,
  home_minor bigint,
  home_currency text,
  open_probability bigint NOT NULL DEFAULT 0,
  deal_order int NOT NULL DEFAULT 1,
  PRIMARY KEY (portal_id, deal_id)
);
CREATE INDEX deal_company ON deal (portal_id, company_id, closed_at);

CREATE TABLE person (
  portal_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  person_id bigint NOT NULL,
  because jsonb NOT NULL DEFAULT '[]',
  PRIMARY KEY (portal_id, contact_id)
);
CREATE INDEX person_members ON person (portal_id, person_id);

CREATE TABLE move (
  portal_id bigint NOT NULL,
  person_id bigint NOT NULL,
  move_key text NOT NULL,
  former_contact_id bigint NOT NULL,
  new_contact_id bigint NOT NULL,
  former_company_id bigint,
  new_company_id bigint,
  earliest timestamptz,
  latest timestamptz,
  confidence double precision NOT NULL,
  status text NOT NULL CHECK (status IN ('auto', 'review', 'stored', 'confirmed', 'rejected')),
  body jsonb NOT NULL,
  settings_version int NOT NULL,
  PRIMARY KEY (portal_id, person_id, move_key)
);
CREATE INDEX move_new_contact ON move (portal_id, new_contact_id);
CREATE INDEX move_former_contact ON move (portal_id, former_contact_id);
CREATE INDEX move_companies ON move (portal_id, new_company_id);
CREATE INDEX move_former_company ON move (portal_id, former_company_id);

CREATE TABLE source (
  portal_id bigint NOT NULL,
  deal_id bigint NOT NULL,
  source_key text NOT NULL,
  kind text NOT NULL,
  contact_id bigint,
  company_id bigint,
  share bigint NOT NULL,
  confidence double precision NOT NULL,
  at timestamptz,
  body jsonb NOT NULL,
  settings_version int NOT NULL,
  PRIMARY KEY (portal_id, deal_id, source_key)
);
CREATE INDEX source_contact ON source (portal_id, contact_id);
CREATE INDEX source_company ON source (portal_id, company_id);

-- Names, addresses and codes that a record's text mentions: it is read again when somebody like
-- that appears.
CREATE TABLE seek (
  portal_id bigint NOT NULL,
  owner_type text NOT NULL,
  owner_id bigint NOT NULL,
  value text NOT NULL,
  PRIMARY KEY (portal_id, owner_type, owner_id, value)
);
CREATE INDEX seek_value ON seek (portal_id, value);

-- Who recommended us to whom, as told by one record (the owner): its fields, its answer, its
-- labelled links.
CREATE TABLE referral (
  portal_id bigint NOT NULL,
  owner_type text NOT NULL,
  owner_id bigint NOT NULL,
  referral_key text NOT NULL,
  target text NOT NULL,
  referrer_contact_id bigint,
  referrer_company_id bigint,
  status text NOT NULL,
  body jsonb NOT NULL,
  PRIMARY KEY (portal_id, owner_type, owner_id, referral_key)
);
CREATE INDEX referral_target ON referral (portal_id, target);
CREATE INDEX referral_referrer ON referral (portal_id, referrer_contact_id);
CREATE INDEX referral_company ON referral (portal_id, referrer_company_id);

CREATE TABLE edge (
  portal_id bigint NOT NULL,
  from_deal_id bigint NOT NULL,
  to_deal_id bigint NOT NULL,
  source_key text NOT NULL,
  from_company_id bigint NOT NULL,
  share bigint NOT NULL,
  PRIMARY KEY (portal_id, to_deal_id, source_key)
);
CREATE INDEX edge_from ON edge (portal_id, from_deal_id);

CREATE TABLE ledger (
  portal_id bigint NOT NULL,
  entry_id bigint GENERATED ALWAYS AS IDENTITY,
  deal_id bigint NOT NULL,
  source_key text NOT NULL,
  kind text NOT NULL,
  subject_id bigint,
  company_id bigint,
  deal_order int,
  share bigint NOT NULL,
  amount_minor bigint NOT NULL,
  currency text NOT NULL,
  home_minor bigint,
  home_currency text,
  rate numeric,
  rate_at timestamptz,
  effective_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  settings_version int NOT NULL,
  occasion text NOT NULL,
  origin_at timestamptz,
  evidence jsonb NOT NULL DEFAULT '[]',
  reason text NOT NULL,
  reverses bigint,
  PRIMARY KEY (portal_id, entry_id)
);
CREATE INDEX ledger_deal ON ledger (portal_id, deal_id);
CREATE INDEX ledger_subject ON ledger (portal_id, subject_id);
CREATE INDEX ledger_company ON ledger (portal_id, company_id);

CREATE FUNCTION refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Only the end of a portal, thirty days after its uninstallation, removes its ledger, and only
  -- as a whole.
  IF TG_OP = 'DELETE' AND EXISTS (SELECT FROM portal
    WHERE portal_id = OLD.portal_id AND state = 'uninstalled') THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'ledger rows are never edited';
END $$;
CREATE TRIGGER ledger_is_append_only BEFORE UPDATE OR DELETE ON ledger
  FOR EACH ROW EXECUTE FUNCTION refuse_edit();

CREATE TABLE conclusion (
  portal_id bigint NOT NULL,
  object_type text NOT NULL,
  record_id bigint NOT NULL,
  desired jsonb NOT NULL,
  reasons jsonb NOT NULL DEFAULT '[]',
  settings_version int NOT NULL,
  concluded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  written_at timestamptz,
  outcome text,
  PRIMARY KEY (portal_id, object_type, record_id)
);

CREATE TABLE outbox (
  portal_id bigint NOT NULL,
  object_type text NOT NULL,
  record_id bigint NOT NULL,
  patch jsonb NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'set_aside')),
  attempts int NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  planned_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  error text,
  PRIMARY KEY (portal_id, object_type, record_id)
);
CREATE INDEX outbox_waiting ON outbox (portal_id, next_at) WHERE state = 'waiting';

CREATE TABLE property_state (
  portal_id bigint NOT NULL,
  object_type text NOT NULL,
  name text NOT NULL,
  paused_at timestamptz,
  sentence text,
  PRIMARY KEY (portal_id, object_type, name)
);

CREATE TABLE settings_version (
  portal_id bigint NOT NULL,
  version int NOT NULL,
  body jsonb NOT NULL,
  author text NOT NULL,
  reason text,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (portal_id, version)
);

CREATE TABLE import_run (
  portal_id bigint NOT NULL,
  run_id bigint GENERATED ALWAYS AS IDENTITY,
  kind text NOT NULL CHECK (kind IN ('import', 'reconciliation')),
  state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'failed')),
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  report jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (portal_id, run_id)
);
CREATE UNIQUE INDEX one_running_import ON import_run (portal_id) WHERE state = 'running';

CREATE TABLE import_step (
  portal_id bigint NOT NULL,
  run_id bigint NOT NULL,
  stream text NOT NULL,
  cursor text,
  done boolean NOT NULL DEFAULT false,
  records bigint NOT NULL DEFAULT 0,
  calls bigint NOT NULL DEFAULT 0,
  drift bigint NOT NULL DEFAULT 0,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (portal_id, run_id, stream)
);

CREATE TABLE api_usage (
  portal_id bigint NOT NULL,
  day date NOT NULL,
  route text NOT NULL,
  calls bigint NOT NULL DEFAULT 0,
  errors bigint NOT NULL DEFAULT 0,
  waited_ms bigint NOT NULL DEFAULT 0,
  took_ms bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (portal_id, day, route)
);

CREATE TABLE answer (
  portal_id bigint NOT NULL,
  source text NOT NULL,
  answer_key text NOT NULL,
  contact_id bigint,
  email text,
  score int NOT NULL,
  comment text,
  at timestamptz NOT NULL,
  PRIMARY KEY (portal_id, source, answer_key)
);
CREATE INDEX answer_contact ON answer (portal_id, contact_id);

CREATE TABLE usage (
  portal_id bigint NOT NULL,
  company_id bigint NOT NULL,
  metric text NOT NULL,
  at timestamptz NOT NULL,
  value double precision NOT NULL,
  PRIMARY KEY (portal_id, company_id, metric, at)
);

CREATE TABLE suppression (
  portal_id bigint NOT NULL,
  object_type text NOT NULL,
  mark bytea NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (portal_id, object_type, mark)
);

CREATE TABLE audit (
  portal_id bigint NOT NULL,
  audit_id bigint GENERATED ALWAYS AS IDENTITY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor text NOT NULL,
  action text NOT NULL,
  detail jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (portal_id, audit_id)
);

CREATE TABLE oauth_state (
  state_hash bytea PRIMARY KEY,
  browser_hash bytea NOT NULL,
  purpose text NOT NULL DEFAULT 'install',
  next_path text,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  used_at timestamptz
);

CREATE TABLE browser_session (
  session_hash bytea PRIMARY KEY,
  portal_id bigint NOT NULL,
  user_id bigint,
  csrf text NOT NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE schedule (
  name text PRIMARY KEY,
  due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  last_at timestamptz
);
"""

# Service tables say where work is and who may log in; they hold nothing of a customer's CRM but
# raw, unsplit notifications. Only there may one transaction look across portals.
SERVICE_TABLES = (
    "portal", "token", "lane", "allowance", "inbox", "oauth_state", "browser_session", "schedule",
)  # fmt: skip

POLICIES = """
DO $$ DECLARE t record; BEGIN
  FOR t IN SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    AND a.attname = 'portal_id'
           WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t.relname);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t.relname);
    EXECUTE format('CREATE POLICY own_portal ON %I TO second_order_app
                    USING (portal_id = current_portal())
                    WITH CHECK (portal_id = current_portal())', t.relname);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO second_order_app', t.relname);
  END LOOP;
END $$;
REVOKE UPDATE ON ledger FROM second_order_app;
CREATE POLICY anybody_may_knock ON inbox FOR INSERT TO second_order_app WITH CHECK (true);
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO second_order_app, second_order_service;
"""


def upgrade() -> None:
    """Create everything, then close it."""
    op.execute(ROLES)
    op.execute(TABLES)
    op.execute(POLICIES)
    for table in SERVICE_TABLES:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO second_order_service")
        if table not in {"oauth_state", "schedule"}:
            op.execute(
                f"CREATE POLICY service ON {table} TO second_order_service"
                " USING (true) WITH CHECK (true)"
            )
