"""Every page as people see it: what stands on it, in both languages, at both widths, without script, and for all."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from console_company import MARKUP
from console_site import Reader, Site, sign_in

from profiles.console.queries.segments import overlaps
from profiles.snapshot_provider import SnapshotProvider

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAGES = {
    "overview": "",
    "segments": "/segments",
    "segment": "/segments/early",
    "compare": "/segments/compare?left=early&right=buyers",
    "search": "/profiles",
    "profile": "/profiles/{person0}",
    "review": "/review",
    "touchpoints": "/touchpoints",
    "touchpoint": "/touchpoints/web_cart",
    "quality": "/quality",
}
PHONE = {"width": 390, "height": 844}
IMAGES = Path(__file__).parents[2] / "docs" / "images"


@pytest.fixture(scope="session")
def people(site: Site) -> dict[int, str]:
    """Profile ids by the number of the person in the CRM."""
    with duckdb.connect(str((site.home / "published/current/marts.duckdb").resolve()), read_only=True) as con:
        rows = con.execute(
            "select split_part(record_id, ':', 3)::integer, profile_id from profiles.profile_members"
            " where source = 'crm'"
        ).fetchall()
    return dict(rows)


@pytest.fixture(scope="module")
def phone(browser: Browser, site: Site) -> Iterator[Reader]:
    """The same steward with a phone in Chinese, at night."""
    reader = sign_in(browser, site, "steward", viewport=PHONE, locale="zh-CN", color_scheme="dark")
    yield reader
    reader.context.close()


def path_of(name: str, people: dict[int, str]) -> str:
    return PAGES[name].format(person0=people[0])


def violations(reader: Reader, axe: str) -> list[str]:
    """Serious and critical findings of axe-core on the open page: rule and the first element."""
    reader.page.evaluate(axe)  # in the page's own world, which the policy does not reach
    found = reader.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {rule['nodes'][0]['html'][:120]} {rule['nodes'][0]['failureSummary'][:200]}"
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("name", PAGES)
def test_pages_have_no_serious_accessibility_finding(
    name: str, steward: Reader, phone: Reader, people: dict[int, str], axe: str
) -> None:
    for reader in (steward, phone):
        reader.visit(path_of(name, people))
        reader.page.wait_for_load_state("networkidle")
        for closed in reader.page.locator("summary").all():
            closed.click()
        assert violations(reader, axe) == []
        assert reader.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (
            "the page scrolls sideways"
        )


@pytest.mark.parametrize("name", PAGES)
def test_pages_work_without_script_and_are_chinese_when_asked(
    name: str, browser: Browser, site: Site, people: dict[int, str], steward: Reader
) -> None:
    # the steward's cookies in a window that runs no script
    context = browser.new_context(
        base_url=site.url, java_script_enabled=False, storage_state=steward.context.storage_state()
    )
    page = context.new_page()
    page.goto("/console" + path_of(name, people))
    heading = page.locator("h1").inner_text()
    assert page.locator("html").get_attribute("lang") == "en"
    page.click("header button[name=language]")
    assert page.url.endswith("/console" + path_of(name, people))
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert page.locator("nav").first.inner_text().split() == [
        "概览",
        "细分人群",
        "客户档案",
        "人工复核",
        "触点",
        "数据质量",
    ]
    assert name in ("segment", "profile") or page.locator("h1").inner_text() != heading
    context.close()


def test_overview_tells_the_numbers_of_the_snapshot(steward: Reader) -> None:
    page = steward.visit("")
    tiles = {tile.locator(".tile-label").inner_text(): tile.locator(".tile-value").inner_text()
             for tile in page.locator(".tile").all()}  # fmt: skip
    assert tiles == {
        "Profiles": "40",
        "Match rate": "50.0%",
        "Delivered up to": "2024-01-31",
        "Quarantined rows": "72",
        "Doubtful pairs": "3",
        "Failed checks": "1",
    }
    assert (
        page.locator(".tile", has_text="Failed checks").locator(".tile-note").inner_text()
        == "of the last run; 1 warnings"
    )
    assert page.locator("figure svg[role=img]").count() == 4
    assert page.locator("tr", has_text="current").locator("th").inner_text().startswith("20240131-000001")


def test_segments_compare_and_open(steward: Reader) -> None:
    page = steward.visit("/segments")
    rows = page.locator("table.list tbody tr")
    assert [rows.nth(n).locator("td").first.inner_text() for n in range(3)] == ["39", "12", "0"]
    # all twelve early customers are buyers: the early row says 100 %, the buyers' row 12 of 39
    matrix = page.locator("table.matrix tbody tr")
    assert matrix.nth(0).locator("td").all_inner_texts() == ["39", "31%"]
    assert matrix.nth(1).locator("td").all_inner_texts() == ["100%", "12"]
    page.select_option("#left", "early")
    page.select_option("#right", "buyers")
    page.click("form.inline button")
    parts = page.locator("section").first.locator("tbody tr")
    assert [part.split("\t") for part in parts.all_inner_texts()] == [
        ["only Early customers", "0"], ["both", "12"], ["only Buyers", "27"],
    ]  # fmt: skip
    spend = page.locator("tr", has_text="spend in 12 months").locator("td").all_inner_texts()
    # persons 0 to 11: 10.5 times 5.5; all buyers but 39: 10.5 times 19; everyone: 10.5 times 19.5
    assert spend == ["57.75", "199.50", "204.75"]


def test_overlaps_are_those_of_the_table_and_counted_where_a_snapshot_lacks_it(site: Site) -> None:
    snapshot = SnapshotProvider(site.home / "published").current()
    expected = {("early", "early"): 12, ("buyers", "buyers"): 39, ("early", "buyers"): 12, ("buyers", "early"): 12}
    assert overlaps(snapshot) == expected
    tables = {name: rows for name, rows in snapshot.manifest.tables.items() if name != "segments.overlap"}
    snapshot.manifest = dataclasses.replace(snapshot.manifest, tables=tables)
    assert overlaps(snapshot) == expected


def test_receivers_of_a_segment_with_their_rules_and_numbers(steward: Reader, site: Site) -> None:
    """All twelve said yes to e-mail; the eight with the greatest amounts are sent."""
    rows = steward.visit("/segments/early").locator("#receivers + div tbody tr")
    sent, never = (rows.nth(i).inner_text() for i in (0, 1))
    assert rows.count() == 2
    for told in (
        "newsletter",
        "at most 2 in 7 days",
        "the first 8 by",
        "control 25.0%",
        "coupon 75.0%",
        "below the rank: 4",
    ):
        assert told in sent, told
    people = [int(n) for n in re.findall(r"(?:control|coupon) \S+: (\d+)", sent)]
    assert len(people) == 2 and sum(people) == 8
    assert "partner" in never and "holdout 10.0%" in never and "never" in never


def test_segment_shows_definition_members_and_exports(steward: Reader, people: dict[int, str]) -> None:
    page = steward.visit("/segments/early")
    assert page.locator("pre").inner_text() == "tenure_days > 900"
    members = page.locator("table.list tbody tr")
    assert members.count() == 12
    assert sorted(members.locator("th").all_inner_texts()) == sorted(people[n] for n in range(12))
    assert page.locator("table.list", has_text="anna abelard").count() == 1
    with page.expect_download() as downloaded:
        page.click("text=Download CSV")
    assert downloaded.value.suggested_filename == "early-20240131-000001.csv"
    lines = Path(downloaded.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "profile_id,entered_at"
    assert sorted(lines[1:]) == sorted(f"{people[n]},2023-12-{n + 1:02d}" for n in range(12))


@pytest.mark.parametrize(
    ("typed", "person"),
    [
        ("person0@mail.example", 0),
        (" PERSON0@mail.example ", 0),
        ("+1 (202) 555-1014", 14),
        ("202 555 1014", 14),
        ("crm:people:6", 6),
        ("retired-9", 9),
        ("L1", 2),
    ],
)
def test_search_by_identifier_leads_to_the_profile(
    typed: str, person: int, steward: Reader, people: dict[int, str]
) -> None:
    page = steward.visit("/profiles")
    page.fill("#q", typed)
    page.press("#q", "Enter")
    if typed == "L1":  # two people hold the card
        assert page.locator("h2").inner_text() == "2 found"
        assert page.locator(f"text={people[3]}").count() == 1
        page.click(f"tr:has-text('{people[2]}') a")
    assert page.url.endswith(f"/console/profiles/{people[person]}")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("greta", 4), ("ABELARD anna", 1), ("王晓明", 1), ("王 晓明", 1), ("王\u3000晓", 1), ("王\u3000曉明", 1),
        ("wang xiao", 1), ("wangxiaoming", 1), ("WangXiaoming", 1), ("lv fang", 1), ("LyuFang", 1),
        ("Wang Xiao-Ming", 1), ("ｗａｎｇ\u3000ｘｉａｏ ｍｉｎｇ", 1),
        ("wangxiao", 0), ("gretaa", 0),
        ("+12025551010", 2), ("l1", 2), ("Ｌ１", 2), ("zoe", 0),
    ],
)  # fmt: skip
def test_search_by_name_and_shared_phone_lists_people(typed: str, found: int, steward: Reader) -> None:
    page = steward.visit("/profiles")
    page.fill("#q", typed)
    page.click("button.main")
    assert page.url.endswith("/console/profiles/search")
    assert page.locator("h2").inner_text() == (f"{found} found" if found else "Nobody found")
    assert page.locator("tbody tr").count() == found
    assert page.input_value("#q") == ""


def test_profile_shows_record_provenance_history_and_links(steward: Reader, people: dict[int, str]) -> None:
    page = steward.visit(f"/profiles/{people[0]}")
    assert page.locator("h1").inner_text() == "anna abelard"
    email = page.locator("tr", has=page.locator("th", has_text="e-mail")).first
    assert email.locator("td").all_inner_texts()[0] == "person0@mail.example"
    assert "crm" in email.locator("td").nth(1).inner_text()
    assert "source priority" in email.locator("td").nth(1).inner_text()
    # two records joined by a score: two nodes, one line
    graph = page.locator("svg.graph")
    assert (graph.locator("circle").count(), graph.locator("path.edge").count()) == (2, 1)
    assert page.locator("#segments ~ ul li").all_inner_texts() == [
        "Buyers since 2023-12-01",
        "Early customers since 2023-12-01",
    ]
    assert page.locator("section[aria-labelledby=consents] tbody tr").all_inner_texts() == [
        "marketing\te-mail\tgranted\tcrm\t2020-01-01", "marketing\tSMS\tdenied\tcrm\t2020-01-01",
    ]  # fmt: skip
    assert page.locator("dt:has-text('favourite category') + dd").inner_text() == "tea"
    # the timeline: 120 interactions over three channels, newest first, by pages of 40
    assert page.locator(".chips a").all_inner_texts() == ["All channels", "e-mail 40", "store 40", "website 40"]
    assert page.locator(".timeline li").count() == 40
    assert page.locator(".timeline time").first.inner_text() == "2023-10-27 18:00"
    page.get_by_role("link", name="Older").click()
    page.wait_for_url("**from=40*")
    assert page.locator(".timeline time").first.inner_text() == "2023-09-07 18:00"
    page.click(".chips a:has-text('store')")
    page.wait_for_url("**channel=store*")
    assert set(page.locator(".timeline strong").all_inner_texts()) == {"purchase"}
    assert page.locator(".timeline .amount").first.inner_text() == "12.50 USD"
    assert page.get_by_role("link", name="Older").count() == 0


def test_touchpoints_and_quality(steward: Reader) -> None:
    page = steward.visit("/touchpoints")
    assert page.locator("p.lead").inner_text() == "3 touchpoints, 1 of them delivering."
    page.select_option("#channel", "store")
    page.click("form.inline button")
    assert page.locator("table.list tbody th a").all_inner_texts() == ["store till"]
    page.click("table.list tbody th a")
    assert page.locator("h1").inner_text() == "store till"
    assert page.locator("figure summary").count() == 2
    page = steward.visit("/touchpoints")
    answers = page.locator("section", has=page.locator("h2", has_text="Satisfaction")).locator("div table").last
    assert answers.locator("tbody tr").first.inner_text().split("\t") == ["store till", "80", "30", "75%"]
    kpis = page.locator("section", has_text="Measures against targets, 2023-12").locator("tbody tr")
    assert [[" ".join(cell.split()) for cell in row.split("\t")] for row in kpis.all_inner_texts()] == [
        ["First reply minutes", "90 min", "60 min worse", "45 min", "missed"],
        ["NPS points", "30", "20 better", "25", "met"],
    ]
    service = page.locator("section", has=page.locator("h2", has_text="Service")).locator("tbody tr").first
    assert service.locator("td").all_inner_texts()[1:] == ["10", "2", "12 min", "2.8 d", "25.0%"]
    problem = page.locator("section", has_text="Recurring problems").locator("tbody tr")
    assert problem.inner_text().split("\t") == ["late delivery", "web cart", "12", "9", "2024-01-20"]
    page = steward.visit("/touchpoints/web_cart")
    assert page.locator("figure", has_text="Next touchpoint").locator("text.label").text_content() == "store till"
    page = steward.visit("/quality")
    contradictions = page.locator("h2:has-text('contradict') + div tbody tr")
    assert contradictions.all_inner_texts() == ["birth date\tcrm, shop\t40\t12.5%"]
    assert page.locator("p.lead").inner_text() == "1 checks failed. 1 warnings to look at."
    checks = page.locator("table.list tbody tr")
    told = [(row.locator("th").inner_text().split("\n")[0], row.locator(".badge").inner_text()) for row in checks.all()]
    assert told == [
        ("files reconcile", "failed"), ("event after as of", "warning"),
        ("record in one profile", "passed"), ("segment sizes within bounds", "passed"),
    ]  # fmt: skip
    assert page.locator("table.drift tbody tr").all_inner_texts() == [
        "match rate\t0.200\t0.500\t0.360\tno, train it anew",
        "completeness: email\t0.500\t0.400\t0.120\tkeep an eye on it",
    ]
    reasons = page.locator("figure", has_text="Why rows were refused")
    assert reasons.locator("text.label").all_text_contents() == ["invalid JSON", "missing key id"]
    assert reasons.locator("text.tick").all_text_contents() == ["48", "24"]


def test_markup_in_a_name_is_text_and_no_script_of_a_page_runs(steward: Reader, people: dict[int, str]) -> None:
    dialogs: list[str] = []
    steward.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page = steward.visit(f"/profiles/{people[7]}")
    assert page.locator("h1").inner_text() == f"{MARKUP} abelard"
    assert page.locator("img").count() == 0
    page = steward.visit("/segments/early")
    assert page.locator(f"td:has-text('{MARKUP}')").count() == 1
    # even markup that got through would be stopped by the policy
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"alert(2)\">')")
    page.wait_for_timeout(200)
    assert dialogs == []


def test_screenshots_for_the_docs(steward: Reader, phone: Reader, people: dict[int, str]) -> None:
    """Writes docs/images/console-*.png where CDP_SCREENSHOTS=1 asks for them; else only that they can be taken."""
    asked = os.environ.get("CDP_SCREENSHOTS") == "1"
    for name in ("overview", "segments", "profile", "review") if asked else ("overview",):
        steward.visit(path_of(name, people)).wait_for_load_state("networkidle")
        phone.visit(path_of(name, people)).wait_for_load_state("networkidle")
        taken = {
            f"console-{name}.png": steward.page.screenshot(clip={"x": 0, "y": 0, "width": 1280, "height": 760}),
            f"console-{name}-phone.png": phone.page.screenshot(),
        }
        for file, picture in taken.items():
            assert len(picture) < 150_000, file
            if asked and (name in ("overview", "review") or "phone" not in file):
                IMAGES.mkdir(exist_ok=True)
                (IMAGES / file).write_bytes(picture)
