"""Run by the Python of an installed copy: says where the copy is, and what its data files answer."""

import json
from pathlib import Path

import mappings
from mappings.records.project import project_files
from mappings.rules.text import mail_hosts, nicknames, phrases

if __name__ == "__main__":
    answers = {
        "copy": str(Path(mappings.__file__).resolve()),
        "phrases": phrases.tables() is not None,
        "given names": nicknames.is_nickname("bob", "robert"),
        "mail hosts": mail_hosts.is_private("gmail.com"),
        "project": sorted(project_files("https://app.example.org")),
    }
    print(json.dumps(answers))  # noqa: T201 - the test reads it
