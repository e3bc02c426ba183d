"""The house as the contract has it: tiers of rooms, and the sentence with which each room introduces itself."""

import ast
import configparser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_SIBLINGS = "|"


@dataclass(frozen=True, slots=True)
class Room:
    """A package or module of the contract: where it is, and what it is for."""

    path: str
    name: str
    says: str


Tier = tuple[Room, ...]


def house(root: Path = ROOT) -> tuple[Tier, ...]:
    """The top-level packages, highest first."""
    return _tiers(root, "layers", "")


def rooms(root: Path = ROOT) -> tuple[Tier, ...]:
    """The rooms of ``integration``, highest first."""
    return _tiers(root, "rooms", "integration")


def rules(root: Path = ROOT) -> tuple[Tier, ...]:
    """The folders and modules of ``mappings.rules``, highest first."""
    return _tiers(root, "rules", "mappings/rules")


def _tiers(root: Path, contract: str, inside: str) -> tuple[Tier, ...]:
    config = configparser.ConfigParser(interpolation=None)
    config.read(root / "setup.cfg")
    lines = config[f"importlinter:contract:{contract}"]["layers"].split("\n")
    names = [line.split(_SIBLINGS) for line in lines if line.strip()]
    return tuple(_tier(root, inside, row) for row in names)


def _tier(root: Path, inside: str, names: Sequence[str]) -> Tier:
    return tuple(_room(root, f"{inside}/{name.strip()}".strip("/")) for name in names)


def _room(root: Path, path: str) -> Room:
    folder = root / path
    source = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    says = ast.get_docstring(ast.parse(source.read_text())) or ""
    name = path.rsplit("/", 1)[-1]
    return Room(path, name, " ".join(says.split("\n\n")[0].split()))
