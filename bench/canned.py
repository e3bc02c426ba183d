"""A HubSpot that always gives the same answer, from a process of its own: the client's cost."""

import contextlib
import multiprocessing
import socket
import threading
from collections.abc import Iterator

import orjson

PROPERTIES = tuple(f"property_{number}" for number in range(30))
RECORDS = 100
_spawn = multiprocessing.get_context("spawn")


def page() -> bytes:
    """A page of a hundred contacts with thirty properties, about 86 kB."""
    return orjson.dumps(
        {"results": _records(), "paging": {"next": {"after": "100", "link": "https://x.example"}}}
    )


def written() -> bytes:
    """The answer to a batch update of a hundred contacts."""
    stamp = "2026-01-01T00:00:00.000Z"
    return orjson.dumps(
        {"status": "COMPLETE", "results": _records(), "startedAt": stamp, "completedAt": stamp}
    )


def _records() -> list[dict[str, object]]:
    return [
        {
            "id": str(number),
            "properties": dict.fromkeys(PROPERTIES, f"value {number}"),
            "createdAt": "2025-03-04T05:06:07.089Z",
            "updatedAt": "2026-01-02T03:04:05.678Z",
            "archived": False,
        }
        for number in range(1, RECORDS + 1)
    ]


@contextlib.contextmanager
def serve() -> Iterator[str]:
    """Answer GET with the page and POST with the batch's answer until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = _spawn.Process(target=_run, args=(listener,), daemon=True)
        process.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.join()


def _run(listener: socket.socket) -> None:
    answers = {b"G": _answer(page()), b"P": _answer(written())}
    while True:
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_talk, args=(client, answers), daemon=True).start()


def _answer(body: bytes) -> bytes:
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _talk(client: socket.socket, answers: dict[bytes, bytes]) -> None:
    with client, client.makefile("rb") as stream:
        while first := stream.readline():
            length = 0
            while (line := stream.readline()) not in {b"\r\n", b""}:
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            stream.read(length)
            client.sendall(answers[first[:1]])
