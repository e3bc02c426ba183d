"""docs/properties.md, written from the catalogue: python -m tests.properties_page."""

from collections.abc import Sequence
from pathlib import Path

from mappings.records.catalogue import PROPERTIES
from mappings.records.properties import GROUP_LABEL, GROUP_NAME, OwnProperty

PAGE = Path(__file__).parents[1] / "docs" / "properties.md"


def properties_page(properties: Sequence[OwnProperty] = PROPERTIES) -> str:
    """Every property we own, as a page for sellers and admins."""
    lines = [
        "# Properties we own",
        "",
        f'All are in the group "{GROUP_LABEL}" (`{GROUP_NAME}`) and are ordinary HubSpot properties:',
        "use them in lists, workflows and reports. Only we write them; we write no others.",
        "This page is generated from `mappings/records/catalogue.py`.",
    ]
    for object_type in dict.fromkeys(prop.object_type for prop in properties):
        lines += [
            "",
            f"## {object_type.capitalize()}",
            "",
            "| name | label | type | holds |",
            "|---|---|---|---|",
        ]
        lines += [_row(prop) for prop in properties if prop.object_type == object_type]
    return "\n".join(lines) + "\n"


def _row(prop: OwnProperty) -> str:
    kind = (
        prop.type if not prop.number_display_hint else f"{prop.type} ({prop.number_display_hint})"
    )
    choices = ", ".join(f"`{option.value}`" for option in prop.options)
    holds = f"{prop.description} Values: {choices}." if choices else prop.description
    return f"| `{prop.name}` | {prop.label} | {kind} | {holds} |"


if __name__ == "__main__":
    PAGE.write_text(properties_page(), encoding="utf-8")
