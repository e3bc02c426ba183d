"""Other ways to read all contacts: the least, and what the client library's own page shows."""

import time
from pathlib import Path

import hubspot
import orjson
import psycopg
import urllib3

from bench.figures import Sample

NAMES = ("email", "firstname", "lastname", "jobtitle", "company", "createdate", "lastmodifieddate")


def floor(url: str, token: str, folder: Path) -> Sample:
    """urllib3 and orjson, a line of JSON a record, associations inline, nothing checked."""
    pool, after, count = urllib3.PoolManager(retries=False), "", 0
    cpu, started = time.process_time(), time.perf_counter()
    with (folder / "contacts.ndjson").open("wb") as out:
        while True:
            query = f"limit=100&associations=companies&properties={','.join(NAMES)}{after}"
            path = f"{url}/crm/objects/2026-03/contacts?{query}"
            page = orjson.loads(
                pool.request("GET", path, headers={"Authorization": f"Bearer {token}"}).data
            )
            for record in page["results"]:
                out.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
            count += len(page["results"])
            if "paging" not in page:
                break
            after = f"&after={page['paging']['next']['after']}"
    return Sample(count / (time.perf_counter() - started), (time.process_time() - cpu) / count)


def library(url: str, token: str, database_url: str) -> Sample:
    """The typed client library's ``get_all``, then a row after the other."""
    cpu, started = time.process_time(), time.perf_counter()
    client = hubspot.HubSpot(access_token=token, host=url)
    found = client.crm.contacts.get_all(properties=list(NAMES), associations=["companies"])
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS bench_contact (id bigint PRIMARY KEY, body jsonb)"
        )
        connection.execute("TRUNCATE bench_contact")
        for record in found:
            body = orjson.dumps(record.to_dict(), option=orjson.OPT_NON_STR_KEYS).decode()
            connection.execute("INSERT INTO bench_contact VALUES (%s, %s)", (int(record.id), body))
    return Sample(
        len(found) / (time.perf_counter() - started), (time.process_time() - cpu) / len(found)
    )
