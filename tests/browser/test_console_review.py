"""Judging pairs in the browser: by button and by key, skipping, undoing, and with values hidden."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from console_site import Reader, Site, sign_in

from cdp_pipeline.judgements import JudgementStore, live_judgements

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture
def desk(steward: Reader) -> Iterator[Page]:
    """The review page before any judgement."""
    ops = steward.site.home / "state" / "ops.sqlite"

    def clear() -> None:
        with JudgementStore(ops) as store:
            for row in store.judgements():
                store.undo_by_id(row.judgement_id, author="test")

    clear()
    yield steward.visit("/review")
    clear()


def judged(site: Site) -> list[tuple[str, str, str]]:
    """Live judgements: both native ids, and what was said."""
    rows = live_judgements(site.home / "state" / "ops.sqlite")
    return [(r.record_id_l.split(":")[2], r.record_id_r.split(":")[2], r.judgement) for r in rows]


def pair(page: Page) -> list[str]:
    return [text.split("\n")[1] for text in page.locator("table.pair thead th:not(:first-child)").all_inner_texts()]


def test_a_pair_stands_side_by_side_with_its_weights(desk: Page) -> None:
    assert pair(desk) == ["crm:people:0", "crm:people:1"]
    name = desk.locator("table.pair tr", has=desk.locator("th", has_text="name")).first
    assert name.locator("td").all_inner_texts() == ["anna abelard", "boris abelard"]
    assert name.locator("mark").count() > 0
    assert name.get_attribute("class") == "different"
    assert desk.locator("table.pair tr", has_text="loyalty card").get_attribute("class") == "same"
    assert desk.locator("table.pair tr", has_text="city").locator("mark").count() == 0
    desk.wait_for_selector("text=Same person or strangers?")
    assert desk.locator("section[aria-labelledby=why] svg").count() == 2
    desk.locator("section[aria-labelledby=why] summary").click()
    row = desk.locator("section[aria-labelledby=why] tr", has_text="given name")
    assert row.locator("td").all_inner_texts()[-2:] == ["anna", "boris"]


def test_answers_by_button_lead_to_the_next_pair_and_can_be_undone(desk: Page, site: Site) -> None:
    desk.fill("#reason", "two friends with one card")
    desk.click("button[value=negative]")
    assert desk.locator("[role=status]").inner_text().startswith("Recorded: two people")
    assert judged(site) == [("0", "1", "negative")]
    assert live_judgements(site.home / "state" / "ops.sqlite")[0].reason == "two friends with one card"
    assert live_judgements(site.home / "state" / "ops.sqlite")[0].author.startswith("steward (")
    assert pair(desk) == ["crm:people:2", "crm:people:3"]
    desk.click(".flash button")
    assert judged(site) == []
    assert "was taken back" in desk.locator("[role=status]").inner_text()
    assert pair(desk) == ["crm:people:0", "crm:people:1"]


def test_keys_answer_unless_they_are_typed_or_switched_off(desk: Page, site: Site) -> None:
    desk.focus("#reason")
    desk.keyboard.type("lsu")  # text, not answers
    assert judged(site) == []
    desk.locator("h1").click()
    desk.uncheck("#shortcuts")
    desk.keyboard.press("l")
    desk.check("#shortcuts")
    assert judged(site) == []
    for key, expected in (
        ("l", [("0", "1", "positive")]),
        ("u", [("0", "1", "positive"), ("2", "3", "unsure")]),
        ("z", [("0", "1", "positive")]),
        ("n", [("0", "1", "positive")]),  # skips the pair of 2 and 3
        ("s", [("0", "1", "positive"), ("4", "5", "negative")]),
    ):
        desk.locator("h1").click()
        with desk.expect_navigation():
            desk.keyboard.press(key)
        assert judged(site) == expected, key
    assert desk.locator("p.lead").inner_text() == "No open question here."
    desk.click("text=Start again")
    assert pair(desk) == ["crm:people:2", "crm:people:3"]
    assert desk.locator("section[aria-labelledby=mine] tbody tr").count() == 2
    desk.locator("section[aria-labelledby=mine] tbody tr", has_text="two people").locator("button").click()
    assert judged(site) == [("0", "1", "positive")]


def test_two_stewards_at_the_same_question_learn_of_each_other(
    browser: Browser, site: Site, desk: Page, steward: Reader
) -> None:
    other = sign_in(browser, site, "masked")
    page = other.visit("/review")
    assert pair(page) == pair(desk) == ["crm:people:0", "crm:people:1"]
    desk.click("button[value=positive]")
    page.click("button[value=negative]")
    assert page.locator("[role=status]").inner_text().split("\n")[0].split(" (")[0] == "Recorded: two people"
    assert "It replaces “one person” of steward (" in page.locator("[role=status]").inner_text()
    mine = steward.visit("/review").locator("section[aria-labelledby=mine] tbody tr")
    assert mine.count() == 1 and "overruled by masked (" in mine.inner_text()
    assert mine.locator("button").count() == 0
    other.context.close()


def test_open_questions_are_those_of_the_queue_without_answers_to_it(desk: Page, site: Site, steward: Reader) -> None:
    """Answers of before stay on record when a run has applied them and their pairs have left the queue."""
    from cdp_pipeline.judgements import Decision

    assert "about 3 open" in desk.locator("p.lead").inner_text()
    with JudgementStore(site.home / "state" / "ops.sqlite") as store:
        store.record([Decision("crm:people:20", "crm:people:21", "negative", "a")])
        store.record([Decision("crm:people:0", "crm:people:1", "negative", "a")])
    assert "about 2 open" in steward.visit("/review").locator("p.lead").inner_text()


def test_a_contradiction_is_told_and_nothing_is_recorded(desk: Page, site: Site) -> None:
    with JudgementStore(site.home / "state" / "ops.sqlite") as store:
        from cdp_pipeline.judgements import Decision

        store.record([Decision("crm:people:0", "crm:people:20", "positive", "a")])
        store.record([Decision("crm:people:1", "crm:people:20", "positive", "a")])
    desk.click("button[value=negative]")
    assert "crm:people:20" in desk.locator("[role=alert]").inner_text()
    assert len(judged(site)) == 2


def test_without_script_and_without_personal_values(browser: Browser, site: Site, desk: Page) -> None:
    reader = sign_in(browser, site, "masked", java_script_enabled=False)
    page = reader.visit("/review")
    content = page.content()
    assert "abelard" not in content and "@mail.example" not in content
    assert page.locator("table.pair td", has_text="•••").count() > 4
    if page.locator("text=Show the weights").count():
        page.click("text=Show the weights")
    assert page.locator("svg").count() == 2
    assert "anna" not in page.content()
    reader.visit("/review").click("button[value=unsure]")
    assert judged(site) == [("0", "1", "unsure")]
    page.click(".flash button")
    assert judged(site) == []
    reader.context.close()
