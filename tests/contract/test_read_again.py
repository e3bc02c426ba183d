"""Records of one type are read again by changed settings, while an import is under way."""

from integration.ingest import backfill
from integration.storage.database import Transaction
from integration.storage.queue import import_runs
from integration.storage.queue.import_runs import Run
from mappings.kinds import ObjectType
from tests.contract.conclude_world import MirrorPortal

STREAMS = ("records:company", "records:contact", "links:contact>company")


def begun(portal: MirrorPortal) -> Run:
    """An import that has read all companies, and some contacts."""
    with portal.database.portal(portal.portal_id) as tx:
        import_runs.begin(tx, "import", STREAMS)
        run = import_runs.running(tx)
        assert run is not None
        move(tx, run, "records:company", "900", done=True)
        move(tx, run, "records:contact", "100", done=False)
    return run


def move(tx: Transaction, run: Run, name: str, cursor: str, *, done: bool) -> None:
    (stream,) = (stream for stream in import_runs.streams(tx, run) if stream.name == name)
    import_runs.advance(tx, run, stream, cursor=cursor, done=done, records=50, drift=0)


def cursors(portal: MirrorPortal) -> dict[str, tuple[str | None, bool]]:
    with portal.database.portal(portal.portal_id) as tx:
        run = import_runs.running(tx)
        assert run is not None
        streams = import_runs.streams(tx, run)
    return {stream.name: (stream.cursor, stream.done) for stream in streams}


def test_the_import_keeps_what_it_read_of_other_types(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    run = begun(harbor)
    begun(orchard)

    with harbor.database.portal(harbor.portal_id) as tx:
        backfill.read_again(tx, {"company"})
        present = import_runs.running(tx)

    assert cursors(harbor) == {
        "records:company": (None, False),
        "records:contact": ("100", False),
        "links:contact>company": (None, False),
    }
    assert present is not None
    assert (present.kind, present.started_at) == (run.kind, run.started_at)
    assert not present.finds_vanished
    assert cursors(orchard)["records:company"] == ("900", True)


def test_a_page_under_way_by_the_settings_of_before_moves_no_cursor(harbor: MirrorPortal) -> None:
    run = begun(harbor)
    with harbor.database.portal(harbor.portal_id) as tx:
        streams = import_runs.streams(tx, run)
        backfill.read_again(tx, {"company"})

    with harbor.database.portal(harbor.portal_id) as tx:
        for stream in streams:
            import_runs.advance(tx, run, stream, cursor="950", done=True, records=50, drift=0)

    assert cursors(harbor)["records:company"] == (None, False)
    assert cursors(harbor)["records:contact"] == ("100", False)


def test_without_a_run_under_way_only_these_types_are_read(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    with harbor.database.portal(harbor.portal_id) as tx:
        backfill.read_again(tx, {"company"})
        run = import_runs.running(tx)

    assert run is not None
    assert run.kind == backfill.REREADING
    assert cursors(harbor) == {"records:company": (None, False)}
    with orchard.database.portal(orchard.portal_id) as tx:
        assert import_runs.running(tx) is None


def test_other_reading_of_activities_is_a_pass_over_everything(harbor: MirrorPortal) -> None:
    with harbor.database.portal(harbor.portal_id) as tx:
        backfill.read_again(tx, set(ObjectType))

    assert {"records:company", "records:contact", "links:contact>company"} <= cursors(harbor).keys()


def test_a_reconciliation_is_not_put_off_by_the_reading_of_a_type(harbor: MirrorPortal) -> None:
    """A reinstall reconciles whatever is under way."""
    with harbor.database.portal(harbor.portal_id) as tx:
        backfill.read_again(tx, {"company"})
        backfill.reconcile(tx)
        run = import_runs.running(tx)

    assert run is not None
    assert run.kind == "reconciliation"
    assert "records:contact" in cursors(harbor)
