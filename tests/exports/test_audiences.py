"""Who is sent, in what words, and what a second export takes back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from export_company import Put, rows

from profiles.errors import NoSnapshot
from profiles.exports import Destination, DestinationError, SyncResult, history, plan, sync

Declare = Callable[[str], Destination]


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def files(result: SyncResult) -> dict[str, Path]:
    return {Path(name).name: Path(name) for name in result.files}


def sent(result: SyncResult) -> set[str]:
    return {row["profile_id"] for row in rows(files(result)["members.csv"])}


def test_only_who_said_yes_to_the_channel_is_sent(put: Put, declare: Declare, home: Path) -> None:
    put()
    mail = sync(home, declare("{kind: file, segments: [loyal], channel: email}"), "loyal")
    assert sent(mail) == {"p1", "p2", "p4", "p5", "p6", "p7", "p9"}, "p3 said nothing, p8 left"
    assert mail.counts == {"sent": 7, "suppressed": 0, "no_consent": 1, "opted_out": 0, "holdout": 0, "no_contact": 0}
    home.joinpath("exports").rename(home / "mail")
    ads = sync(home, declare("{kind: file, segments: [loyal], channel: online_ads}"), "loyal")
    assert sent(ads) == {"p1", "p5", "p6", "p7", "p9"}, "a denial of the channel beats a grant of all"


def test_a_service_needs_no_grant_but_honours_a_no(put: Put, declare: Declare, home: Path) -> None:
    put()
    result = sync(home, declare("{kind: file, segments: [open_ticket], channel: email}"), "open_ticket")
    assert sent(result) == {"p1", "p2"}
    assert result.counts["opted_out"] == 1


def test_listed_contacts_are_never_sent(put: Put, declare: Declare, home: Path) -> None:
    put()
    destination = declare("{kind: file, segments: [loyal], channel: email, suppress: legal.csv}")
    (home / "suppression.csv").write_text("kind,value\nemail, FLO@example.com\n", encoding="utf-8-sig")
    (home / "legal.csv").write_text("value,kind\np5,profile_id\n+86 139 1234 5678,phone\n\n", encoding="utf-8")
    result = sync(home, destination, "loyal")
    assert sent(result) == {"p2", "p4", "p6", "p9"}
    assert result.counts["suppressed"] == 3
    (home / "legal.csv").write_text("value,kind\np0,profile_id\n", encoding="utf-8")
    assert sent(sync(home, destination, "loyal")) == {"p1", "p2", "p4", "p5", "p6", "p9"}, "p0 is p7's retired id"


def test_a_list_of_numbers_as_they_are_dialled_at_home(put: Put, declare: Declare, home: Path) -> None:
    put()
    destination = declare("{kind: file, segments: [loyal], channel: email}")
    (home / "suppression.csv").write_text("kind,value\nPhone,139-1234-5678\n", encoding="utf-8")
    assert sync(home, destination, "loyal").counts["suppressed"] == 1, "p1 is +86 139 1234 5678"
    # the last four digits are those of many
    (home / "suppression.csv").write_text("kind,value\nphone,5678\n", encoding="utf-8")
    assert sync(home, destination, "loyal").counts["suppressed"] == 0


def test_a_list_that_would_suppress_nobody_is_refused(put: Put, declare: Declare, home: Path) -> None:
    put()
    destination = declare("{kind: file, segments: [loyal], channel: email}")
    (home / "suppression.csv").write_text("kind,value\nemail,x@y.example\ne-mail,flo@example.com\n", encoding="utf-8")
    with pytest.raises(
        DestinationError, match=r"suppression\.csv: line 3: unknown kind 'e-mail', did you mean 'email'"
    ):
        sync(home, destination, "loyal")


def test_a_holdout_is_the_same_people_every_time(put: Put, declare: Declare, home: Path) -> None:
    put()
    some = declare("{kind: file, segments: [loyal], channel: email, holdout: 0.25}")
    first = sync(home, some, "loyal")
    # the first 32 bits of md5('there|p<i>') modulo 10,000 lie below 2,500 for p2, p3, p5, p7, p8 and p9
    assert sent(first) == {"p1", "p4", "p6"}
    assert first.counts["holdout"] == 4
    put("delete from segments.membership where profile_id = 'p4'")
    assert sent(sync(home, some, "loyal")) == {"p1", "p6"}


def test_meta_gets_hashes_of_what_it_prescribes(put: Put, declare: Declare, home: Path) -> None:
    put()
    result = sync(home, declare("{kind: file, format: meta, segments: [loyal], channel: online_ads}"), "loyal")
    assert (result.members, result.counts["no_contact"]) == (4, 1), "p6 has no trusted contact"
    path = files(result)["adds.csv"]
    head, first, *_ = path.read_text(encoding="utf-8").splitlines()
    assert head == "email,email,email,phone,phone,phone,fn,ln,ct,st,zip,country,dob,gen"
    expected = ["ming@example.com", "xm@example.org", "", "8613912345678", "", "", "小明", "王", "上海", "", "200000"]
    assert first.split(",") == [sha(v) if v else "" for v in [*expected, "cn", "19900504", "m"]]
    assert path.stat().st_mode & 0o077 == 0


def test_google_gets_gmail_without_dots_and_plain_places(put: Put, declare: Declare, home: Path) -> None:
    put()
    destination = declare("{kind: file, format: google, segments: [loyal], channel: email}")
    by_mail = {row["Email"]: row for row in rows(files(sync(home, destination, "loyal"))["adds.csv"])}
    assert sha("halquin@gmail.com") in by_mail
    ann = by_mail[sha("ann@example.com")]
    assert (ann["First Name"], ann["Last Name"]) == (sha("ann"), sha("o'neil"))
    assert (ann["Country"], ann["Zip"]) == ("US", "10001-1234")
    assert by_mail[sha("ming@example.com")]["Phone"] == sha("+8613912345678")


def test_mailchimp_gets_addresses_and_the_segment_as_tag(put: Put, declare: Declare, home: Path) -> None:
    put()
    destination = declare("{kind: file, format: mailchimp, segments: [loyal], channel: email}")
    found = rows(files(sync(home, destination, "loyal"))["adds.csv"])
    ming = next(row for row in found if row["Email Address"] == "ming@example.com")
    assert (ming["First Name"], ming["Birthday"], ming["Tags"]) == ("小明", "05/04", "loyal")


def test_the_next_export_is_what_changed(put: Put, declare: Declare, home: Path) -> None:
    destination = declare("{kind: file, format: klaviyo, segments: [loyal], channel: email}")
    put()
    first = sync(home, destination, "loyal")
    assert (first.added, first.changed_rows, first.removed) == (6, 0, 0)
    assert sync(home, destination, "loyal").changed is False, "nothing is new"
    put(
        "delete from profiles.consent where profile_id = 'p2'; delete from segments.membership where profile_id = 'p9'",
        "update golden_record set email = 'dee.moss@example.com' where profile_id = 'p5'",
    )
    assert plan(home, destination, "loyal").removed == 2
    second = sync(home, destination, "loyal")
    assert (second.members, second.added, second.changed_rows, second.removed) == (4, 0, 1, 2)
    assert [Path(name).name for name in second.files] == ["removes.csv", "adds.csv"], "to be loaded in this order"
    assert {r["Email"] for r in rows(files(second)["removes.csv"])} == {
        "ann@example.com", "halquin@gmail.com", "dee@example.com",
    }  # fmt: skip
    assert [r["Email"] for r in rows(files(second)["adds.csv"])] == ["dee.moss@example.com"]
    assert [(e.added, e.changed, e.removed, e.snapshot) for e in history(home)] == [
        (0, 1, 2, "20250310-000002"), (6, 0, 0, "20250310-000001"),
    ]  # fmt: skip


def test_a_merge_takes_nobody_off_the_list(put: Put, declare: Declare, home: Path) -> None:
    """p9 becomes part of p5 and p5's row is sent in p9's words: whoever removes these words removes p5."""
    destination = declare("{kind: file, format: google, segments: [loyal], channel: email}")
    put()
    sync(home, destination, "loyal")
    put(
        "delete from segments.membership where profile_id = 'p5'",
        """delete from golden_record where profile_id = 'p9';
        insert into golden_record select * replace ('p9' as profile_id) from golden_record where profile_id = 'p5';
        delete from identifiers where profile_id = 'p9';
        insert into identifiers select * replace ('p9' as profile_id) from identifiers where profile_id = 'p5'""",
    )
    result = sync(home, destination, "loyal")
    assert {row["Email"] for row in rows(files(result)["removes.csv"])} == {sha("halquin@gmail.com")}


def test_an_interrupted_export_is_finished_before_anything_newer(
    put: Put, declare: Declare, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from profiles.exports import log

    destination = declare("{kind: file, segments: [loyal], channel: email}")
    put()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(log, "record", killed)
        with pytest.raises(KeyboardInterrupt):
            sync(home, destination, "loyal")
    folder = home / "exports" / "there" / "loyal"
    assert [path.name for path in folder.iterdir()] == [".pending"]
    assert history(home) == []
    put("delete from segments.membership where profile_id = 'p2'")
    result = sync(home, destination, "loyal")
    assert (result.added, result.removed) == (0, 1), "the first one had everybody"
    assert [(e.snapshot, e.added, e.removed) for e in history(home)] == [
        ("20250310-000002", 0, 1), ("20250310-000001", 7, 0),
    ]  # fmt: skip
    assert sorted(path.name[:6] for path in folder.iterdir()) == ["000001", "000002"]


def test_old_exports_keep_their_manifest_only(put: Put, declare: Declare, home: Path) -> None:
    destination = declare("{kind: file, segments: [loyal], channel: email, keep: 1, fields: [email]}")
    put()
    sync(home, destination, "loyal")
    put("delete from segments.membership where profile_id = 'p2'")
    sync(home, destination, "loyal")
    old, new = sorted((home / "exports" / "there" / "loyal").iterdir())
    assert [path.name for path in old.iterdir()] == ["manifest.json"]
    assert json.loads((old / "manifest.json").read_text())["definition_version"] == "v1"
    assert (new / "members.csv").exists()


def test_another_shape_is_not_compared_with_what_was_sent(put: Put, declare: Declare, home: Path) -> None:
    put()
    sync(home, declare("{kind: file, segments: [loyal], channel: email}"), "loyal")
    other = declare("{kind: file, segments: [loyal], channel: email, fields: [email, country, features.orders_total]}")
    with pytest.raises(DestinationError, match="kind, format or fields changed"):
        sync(home, other, "loyal")
    result = sync(home, other, "loyal", full=True)
    assert result.added == 7
    told = {r["profile_id"]: (r["country"], r["orders_total"]) for r in rows(files(result)["members.csv"])}
    assert (told["p1"], told["p5"]) == (("CN", "10"), ("US", "50"))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("{kind: ftp, segments: [a], channel: email}", "kind must be one of file, postgres, webhook"),
        ("{kind: file, segments: [a]}", "channel is missing"),
        ("{kind: file, segments: [a], channel: email, channel: sms}", "line 2: 'channel' is given twice"),
        ("{kind: file, segments: [a], channel: email, purpose: markting}", "unknown purpose 'markting', did you mean"),
        ("{kind: file, segments: [a], channel: emial}", "unknown channel 'emial', did you mean 'email'?"),
        ("{kind: file, segments: [a], chanel: email}", "unknown key 'chanel', did you mean 'channel'?"),
        ("{kind: file, segments: [a], channel: email, holdout: 1.0}", "holdout must lie between 0 and 1"),
        ("{kind: file, segments: [a], channel: email, fields: [ssn]}", "unknown field 'ssn'"),
        ("{kind: file, segments: [a], channel: email, fields: [country, features.country]}", "column 'country' twice"),
        ("{kind: file, segments: [a], channel: email, fields: [features.profile_id]}", "column 'profile_id' twice"),
        ("{kind: file, format: meta, segments: [a], channel: email, fields: [email]}", "format meta prescribes"),
        ("{kind: webhook, segments: [a], channel: email, url: 'http://example.com/x'}", "url must begin with https://"),
        ("{kind: file, segments: [a], channel: email, url: 'https://example.com'}", "url is not for kind file"),
        ("{kind: file, segments: a, channel: email}", "segments must be a list of texts"),
    ],
)
def test_settings_that_cannot_be_used_are_one_line(declare: Declare, settings: str, said: str) -> None:
    with pytest.raises(DestinationError) as caught:
        declare(settings)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_what_a_snapshot_lacks_is_named(put: Put, declare: Declare, home: Path) -> None:
    destination = declare("{kind: file, segments: [gone], channel: email}")
    with pytest.raises(NoSnapshot):
        sync(home, destination, "gone")
    put()
    with pytest.raises(DestinationError, match="no segment 'gone' in the published snapshot"):
        sync(home, destination, "gone")
    destination = declare("{kind: file, segments: [loyal], channel: email, fields: [features.nothing]}")
    with pytest.raises(DestinationError, match="no feature 'nothing'"):
        sync(home, destination, "loyal")
