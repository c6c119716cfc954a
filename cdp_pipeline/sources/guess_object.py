"""What a sample says about its object as a whole: key, times, delivery, and whose rows they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import duckdb

from cdp_pipeline.sources import guess_words as words
from cdp_pipeline.sources.guess import Column, guess_columns, with_role
from cdp_pipeline.sources.sample import Sample

CONTACTS = ("email", "phone", "unionid", "openid", "loyalty", "customer_no")
_PERSON_KEYS = ("person_id", "customer_no", "loyalty", "unionid", "openid")
_NAMES = ("full_name", "given_name", "family_name")
_CHANNELS = (
    ("live_chat", "chat|im|bot|messenger"),
    ("sms", "sms|text_message"),
    ("email", "email|mail|newsletter|campaign_mail"),
    ("push", "push"),
    ("phone", "call|calls|phone|telephony|hotline"),
    ("survey", "survey|nps|csat|feedback|response|responses"),
    ("review", "review|reviews|rating|ratings"),
    ("event", "event_?registration|badge|booth|fair|expo|workshop|attendee|attendees"),
    ("video_meeting", "webinar|zoom|meeting"),
    ("postal_mail", "letter|postal|catalogue|mailing"),
    ("marketplace", "marketplace|tmall|jd|taobao|amazon|douyin"),
    ("mobile_app", "app|mobile"),
    ("mini_program", "mini_?program"),
    ("store", "store|till|pos|shop|visit|visits|branch|receipt|receipts|loyalty|checkin|checkins|fitting"),
    ("social", "social|weibo|facebook|wechat|x_twitter|instagram"),
    ("online_ads", "ad|ads|click|lead_ads"),
    ("self_service", "portal|account|member|members"),
    ("website", "web|site|page|online"),
)
OFFLINE = ("store", "phone", "face_to_face", "event", "postal_mail")
HYBRID = ("o2o", "survey", "review")


@dataclass(frozen=True)
class Shape:
    """An object as guessed: its columns by name where one is meant, None where there is none.

    `person_key`: the column whose value names the person of a row; None where the row itself stands for one, or where
    nobody is named (`has_persons` False). `occurred_at`: when the interaction of a row happened.
    """

    columns: tuple[Column, ...]
    key: tuple[str, ...]
    delivery: str
    updated_at: str | None
    occurred_at: str | None
    created_at: str | None
    event_type: str | None
    interaction_type: str
    person_key: str | None
    has_persons: bool
    channel: str
    reasons: dict[str, str]

    def column(self, name: str) -> Column:
        """The column called `name`."""
        return next(c for c in self.columns if c.name == name)


def guess_shape(sample: Sample, source: str, obj: str, region: str) -> Shape:
    """The columns of a sample and what they say together."""
    columns = guess_columns(sample, source, region)
    updated = _first_time(columns, words.UPDATED)
    created = _first_time(columns, words.CREATED)
    joined = _first_time(columns, words.JOINED)
    others = [c for c in columns if c not in (updated, created, joined)]
    happened = _first_time(others, words.HAPPENED)
    persons = with_role(columns, *_PERSON_KEYS)
    contacts = with_role(columns, *CONTACTS)
    key, why_key = _key(sample, columns, obj, updated)
    # Where an article is the key, the name is the article's.
    of_things = any(c.role == "product" and c.name in key for c in columns)
    has_persons = bool(persons or contacts or (with_role(columns, *_NAMES) and not of_things))
    event_types = with_role(columns, "event_type")
    repeats = any(c.facts.distinct < c.facts.filled for c in persons)
    like_persons = words.PERSONS.search(f"{source}_{obj}") is not None or (has_persons and happened is None)
    is_event = (repeats and (happened or created) is not None) or (happened is not None and not like_persons)
    occurred = (happened or created) if is_event else joined
    own_key = len(key) == 1 and key[0] in {c.name for c in persons}
    person_key = persons[0].name if persons and is_event and not own_key else None
    reasons = {"key": why_key}
    if updated:
        delivery, reasons["delivery"] = "upsert", f"`{updated.name}` tells versions of a record apart"
    elif is_event:
        delivery, reasons["delivery"] = "append", "rows tell what happened and nothing tells that they change"
    else:
        delivery = "upsert"
        reasons["delivery"] = "no update time, so the last delivered row of a key counts; full_snapshot would delete"
    if occurred:
        reasons["occurred_at"] = f"`{occurred.name}` is when it happened"
    if person_key:
        reasons["person"] = f"rows with the same `{person_key}` are one person's"
    elif has_persons:
        reasons["person"] = f"each {'row' if key[0] in ('_file', '_line') else 'key'} is a person's record of its own"
    first_seen = created or joined or occurred or updated
    key_names = set(key)
    shaped = []
    for column in columns:
        full = column.facts.filled == sample.records
        tag = column.tag
        if column.name in key_names:
            tag = tag if column.tag in ("ID", "ID-ns", "NEVER") else "PK"
        elif column is updated:
            tag = "UPD"
        elif column is occurred:
            tag = "EVT"
        is_clock = column is updated or column is occurred
        shaped.append(
            replace(
                column,
                tag=tag,
                # A day as a time: midnight, which the delivery order and the order of interactions need.
                type="timestamp" if is_clock and column.type == "date" else column.type,
                required=column.name in key_names or (is_clock and full),
            )
        )
    return Shape(
        columns=tuple(shaped),
        key=key,
        delivery=delivery,
        updated_at=updated.name if updated else None,
        occurred_at=occurred.name if occurred else None,
        created_at=first_seen.name if first_seen else None,
        event_type=event_types[0].name if event_types and is_event else None,
        interaction_type=_singular(obj) if is_event else "registered",
        person_key=person_key,
        has_persons=has_persons,
        channel=guess_channel(f"{source}_{obj}"),
        reasons=reasons,
    )


def guess_channel(name: str) -> str:
    """The channel that a source's and object's names speak for; website where they say nothing."""
    for channel, pattern in _CHANNELS:
        if re.search(rf"(^|_)({pattern})(_|$)", name):
            return channel
    return "website"


def guess_region(sample: Sample) -> tuple[str, str]:
    """Default region and timezone: of China where the sample is written in Chinese or holds its mobile numbers."""
    with duckdb.connect() as con:
        con.register("sample", sample.table())
        shares = [
            con.execute(f"""
              SELECT count(*) FILTER (regexp_matches(c{i}, '\\p{{Han}}')), count(*) FILTER (regexp_full_match(c{i},
                '(\\+?86)?1[3-9][0-9]{{9}}')), count(c{i}) FROM sample""").fetchall()[0]
            for i in range(len(sample.columns))
        ]
    chinese = any(filled and (2 * han > filled or mobile > 0.8 * filled) for han, mobile, filled in shares)
    chinese = chinese or any(re.search(r"[\u4e00-\u9fff]", path) for path in sample.columns)
    return ("CN", "Asia/Shanghai") if chinese else ("US", "UTC")


def _first_time(columns: Sequence[Column], hint: tuple[re.Pattern[str], tuple[str, ...]]) -> Column | None:
    """The fullest time column whose name speaks for a hint; an earlier one among equals."""
    named = [c for c in columns if c.is_time and c.facts.filled and words.says(hint, c.name, c.path)]
    return max(named, key=lambda c: (c.type != "date", c.facts.filled), default=None)


def _key(sample: Sample, columns: Sequence[Column], obj: str, updated: Column | None) -> tuple[tuple[str, ...], str]:
    """The best key of the sample and why. Rows delivered twice count once."""
    position = {c.name: i for i, c in enumerate(columns)}
    full = [c for c in columns if c.facts.filled == sample.records and c.type in ("string", "integer")]
    with duckdb.connect() as con:
        con.register("sample", sample.table())
        ((rows,),) = con.execute("SELECT count(*) FROM (SELECT DISTINCT * FROM sample)").fetchall()

        def is_unique(*chosen: Column) -> bool:
            cells = ", ".join(f"c{position[c.name]}" for c in chosen)
            ((found,),) = con.execute(f"SELECT count(*) FROM (SELECT DISTINCT {cells} FROM sample)").fetchall()
            return bool(found == rows)

        # A column that is not named like an id must be unique in all rows: the repeats may be no redeliveries.
        singles = sorted(
            (
                c
                for c in full
                if c.facts.distinct == rows and (_score(c, obj) > 1 or (_score(c, obj) == 1 and rows == sample.records))
            ),
            key=lambda c: -_score(c, obj),
        )
        if singles:
            return (singles[0].name,), f"`{singles[0].name}` is filled and unique in {sample.records} rows"
        ids = sorted((c for c in full if _score(c, obj) >= 2), key=lambda c: -_score(c, obj))
        for one in ids:
            if updated is not None and one is not updated and is_unique(one, updated):
                return (one.name,), f"`{one.name}` is unique but for versions told apart by `{updated.name}`"
        times = [c for c in columns if c.is_time and c.facts.filled == sample.records]
        parts = [*ids, *(c for c in full if c.role in ("email", "phone", "event_type", "product")), *times][:8]
        for pair in combinations({c.name: c for c in parts}.values(), 2):
            if is_unique(*pair):
                names = tuple(c.name for c in pair)
                return names, f"no column alone is unique; {' and '.join(f'`{n}`' for n in names)} together are"
    return (
        "_file",
        "_line",
    ), "nothing is unique and filled, so the place in the file stands in: a redelivered row doubles"


def _score(column: Column, obj: str) -> int:
    """How much a unique column looks like the key of an object."""
    if column.is_time or column.type not in ("string", "integer"):
        return 0
    own = _singular(obj)
    score = 1
    if words.says(words.IDENTIFYING, column.name, column.path):
        score += 2
    if column.name in ("id", "uuid", f"{own}_id", f"{own}_no", f"{own}_number", f"{own}_key"):
        score += 4
    if column.role in ("person_id", "customer_no", "loyalty"):
        score += 1
    if column.role in (
        "full_name",
        "given_name",
        "family_name",
        "street",
        "birth_date",
        "free_text",
        "network",
        "staff",
    ):
        score = 0
    return max(0, score - 3 if column.personal and score else score) or (1 if column.role in ("email", "phone") else 0)


def _singular(name: str) -> str:
    text = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return re.sub(r"ies$", "y", text) if text.endswith("ies") else re.sub(r"(?<=[^s])s$", "", text)


__all__ = ["CONTACTS", "HYBRID", "OFFLINE", "Shape", "guess_channel", "guess_region", "guess_shape"]
