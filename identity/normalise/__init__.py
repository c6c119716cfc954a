"""Field rules for records and identifiers: what two sources wrote differently becomes one spelling.

Tables in, tables out, set-based: plain values by SQL, the others once per distinct value by the pure functions that
this package also exports. The rules stand in the docstring of each module: `emails`, `phones`, `identifiers`,
`names` (with `han` and `nicknames`), `dates`, `addresses` (with `chinese_addresses` and `address_parts`). Nothing here
compares two records.
"""

from __future__ import annotations

from identity.normalise.address_parts import normalise_country, normalise_locality, normalise_postcode, normalise_region
from identity.normalise.addresses import normalise_street
from identity.normalise.dates import BirthDate, parse_birth_date
from identity.normalise.emails import Normalised, normalise_email
from identity.normalise.identifiers import normalise_identifier
from identity.normalise.names import ParsedName, parse_name
from identity.normalise.organisations import normalise_organisation
from identity.normalise.phones import normalise_phone
from identity.normalise.tables import normalise

__all__ = [
    "BirthDate",
    "Normalised",
    "ParsedName",
    "normalise",
    "normalise_country",
    "normalise_email",
    "normalise_identifier",
    "normalise_locality",
    "normalise_organisation",
    "normalise_phone",
    "normalise_postcode",
    "normalise_region",
    "normalise_street",
    "parse_birth_date",
    "parse_name",
]
