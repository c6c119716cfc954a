"""The source contracts: the YAML under ``sources/contracts/`` as checked, immutable objects.

Belongs here: the delivered contracts. Not here: what a home changes in them (``overlay.py``), what a contract may say
(``contract_check.py``) and is (``contract_types.py``), reading landed files (``ingest.py``).
"""

from __future__ import annotations

from pathlib import Path

from cdp_pipeline.sources.contract_check import Check, parse_yaml, read_yaml
from cdp_pipeline.sources.contract_types import (
    RESERVED_KEYS,
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
    return Check(path.name).source(read_yaml(path, path.name))


def parse_contract(text: str, file: str) -> SourceContract:
    """As `load_contract`, of a text that is to be written as `file`."""
    return Check(file).source(parse_yaml(text, file))


__all__ = [
    "RESERVED_KEYS",
    "CarryForward",
    "ContractError",
    "Field",
    "ObjectContract",
    "SourceContract",
    "load_contract",
    "load_contracts",
    "parse_contract",
    "raw_schema",
]
