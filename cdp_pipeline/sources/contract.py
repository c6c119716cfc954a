"""The source contracts: the YAML under ``sources/contracts/`` as checked, immutable objects.

Belongs here: which contracts there are. Not here: what a contract may say (``contract_check.py``) and is
(``contract_types.py``), reading landed files (``ingest.py``).
"""

from __future__ import annotations

from pathlib import Path

import yaml

from cdp_pipeline.sources.contract_check import Check, UniqueKeyLoader
from cdp_pipeline.sources.contract_types import (
    CarryForward,
    ContractError,
    Field,
    ObjectContract,
    SourceContract,
    raw_schema,
)

CONTRACTS = Path(__file__).parent / "contracts"


def load_contracts(folder: Path | None = None) -> dict[str, SourceContract]:
    """All contracts of a folder (default: the ones delivered with the package), by source name, sorted.

    Raises ContractError with one line that names the file and the place of the first fault.
    """
    folder = CONTRACTS if folder is None else folder
    contracts: dict[str, SourceContract] = {}
    for path in sorted(folder.glob("*.yml")):
        contract = load_contract(path)
        if contract.source in contracts:
            raise ContractError(f"{path.name}: source '{contract.source}' is declared twice")
        contracts[contract.source] = contract
    return dict(sorted(contracts.items()))


def load_contract(path: Path) -> SourceContract:
    """One contract file, checked. Raises ContractError (one line: file, place, fault)."""
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=UniqueKeyLoader)  # noqa: S506 (a SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise ContractError(f"{path.name}{line}: {getattr(error, 'problem', None) or 'not YAML'}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"{path.name}: cannot be read ({type(error).__name__})") from None
    return Check(path.name).source(data)


__all__ = [
    "CarryForward",
    "ContractError",
    "Field",
    "ObjectContract",
    "SourceContract",
    "load_contract",
    "load_contracts",
    "raw_schema",
]
