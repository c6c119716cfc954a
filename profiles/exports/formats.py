"""What one row of an audience looks like at each receiver, as SQL over one row of contacts per profile.

The columns of a format have plain names here and the receiver's headings in the file, where a heading may come more
than once (several e-mail addresses of one person). Advertising systems get SHA-256 of values in the form that they
prescribe for hashing; mailing systems need the address itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

# What a format may use: the golden record, and up to three trusted addresses and numbers, the golden ones first.
GOLDEN_FIELDS = (
    "given_name", "family_name", "full_name", "native_name", "birth_date", "gender", "email", "phone", "street", "unit",
    "locality", "region", "postcode", "country", "language", "organisation",
)  # fmt: skip


# Column of the variant that a row was drawn into.
VARIANT = "variant"


@dataclass(frozen=True)
class Format:
    """`columns`: column → (heading, SQL). `contacts`: the columns of which one must be filled for a row to be of use;
    none where the profile id is enough. `fixed`: the receiver prescribes the columns; a variant is then no column of
    the file, but a file of its own."""

    columns: dict[str, tuple[str, str]]
    contacts: tuple[str, ...] = ()
    fixed: bool = True
    ending: str = "csv"

    @property
    def is_split(self) -> bool:
        """Whether rows have a variant."""
        return VARIANT in self.columns


def _hashed(sql: str) -> str:
    return f"sha256(nullif({sql}, ''))"


def _letters(sql: str) -> str:
    """Lower case, letters of any script only: how Meta wants places and names before hashing."""
    return f"regexp_replace(lower({sql}), '[^\\p{{L}}]', '', 'g')"


def _google_email(sql: str) -> str:
    """Google reads a gmail address without the dots before the @."""
    return f"""case when regexp_matches({sql}, '@(gmail|googlemail)[.]com$')
        then replace(split_part({sql}, '@', 1), '.', '') || '@' || split_part({sql}, '@', 2) else {sql} end"""


def _meta() -> Format:
    columns = {f"email_{i}": ("email", _hashed(f"lower(trim(emails[{i}]))")) for i in (1, 2, 3)}
    # digits with the country code, without plus and leading zeros
    columns |= {
        f"phone_{i}": ("phone", _hashed(f"ltrim(regexp_replace(phones[{i}], '[^0-9]', '', 'g'), '0')"))
        for i in (1, 2, 3)
    }
    columns |= {
        "fn": ("fn", _hashed(_letters("given_name"))),
        "ln": ("ln", _hashed(_letters("family_name"))),
        "ct": ("ct", _hashed(_letters("locality"))),
        "st": ("st", _hashed(_letters("region"))),
        "zip": (
            "zip",
            _hashed("case when country = 'US' then left(postcode, 5) else lower(replace(postcode, ' ', '')) end"),
        ),
        "country": ("country", _hashed("lower(country)")),
        "dob": ("dob", _hashed("strftime(birth_date, '%Y%m%d')")),
        "gen": ("gen", _hashed("case gender when 'female' then 'f' when 'male' then 'm' end")),
    }
    return Format(columns, tuple(f"{kind}_{i}" for kind in ("email", "phone") for i in (1, 2, 3)))


def _google() -> Format:
    columns = {f"email_{i}": ("Email", _hashed(_google_email(f"lower(trim(emails[{i}]))"))) for i in (1, 2, 3)}
    columns |= {f"phone_{i}": ("Phone", _hashed(f"phones[{i}]")) for i in (1, 2, 3)}
    columns |= {
        "first_name": ("First Name", _hashed("lower(trim(given_name))")),
        "last_name": ("Last Name", _hashed("lower(trim(family_name))")),
        # these two are never hashed
        "country": ("Country", "country"),
        "zip": ("Zip", "postcode"),
    }
    return Format(columns, tuple(f"{kind}_{i}" for kind in ("email", "phone") for i in (1, 2, 3)))


def _plain(*pairs: tuple[str, str, str]) -> dict[str, tuple[str, str]]:
    return {column: (heading, sql) for column, heading, sql in pairs}


FORMATS: dict[str, Format] = {
    "csv": Format({}, fixed=False),
    "parquet": Format({}, fixed=False, ending="parquet"),
    "meta": _meta(),
    "google": _google(),
    "klaviyo": Format(
        _plain(
            ("email", "Email", "email"),
            ("phone", "Phone Number", "phone"),
            ("first_name", "First Name", "given_name"),
            ("last_name", "Last Name", "family_name"),
            ("organisation", "Organization", "organisation"),
            ("city", "City", "locality"),
            ("region", "Region", "region"),
            ("country", "Country", "country"),
            ("zip", "Zip Code", "postcode"),
            ("profile_ref", "cdp_profile_id", "profile_id"),
        ),
        ("email", "phone"),
    ),
    "mailchimp": Format(
        _plain(
            ("email", "Email Address", "email"),
            ("first_name", "First Name", "given_name"),
            ("last_name", "Last Name", "family_name"),
            ("phone", "Phone Number", "phone"),
            ("birthday", "Birthday", "strftime(birth_date, '%m/%d')"),
            ("tags", "Tags", "segment"),
        ),
        ("email",),
    ),
}


def format_of(name: str, fields: tuple[str, ...], *, is_split: bool = False) -> Format:
    """The format, with the chosen `fields` where it leaves them open, and with a column for variants if `is_split`."""
    form = FORMATS[name]
    variant = {VARIANT: (VARIANT, VARIANT)} if is_split else {}
    if form.fixed:
        return replace(form, columns=form.columns | variant)
    columns = {"entered_at": ("entered_at", "entered_at"), **variant}
    for field in fields:
        column = field.removeprefix("features.")
        # the golden record and the features have columns of one name
        table = "feature_row" if field.startswith("features.") else "contacts"
        columns[column] = (column, f'{table}."{column}"')
    return Format(columns, fixed=False, ending=form.ending)
