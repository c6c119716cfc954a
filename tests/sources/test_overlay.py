# ruff: noqa: E501 (a table of one-line messages)
"""What a home changes in the delivered contracts: merged, checked, and read by."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from cdp_pipeline import inputs
from cdp_pipeline.home import Home
from cdp_pipeline.sources.contract import ContractError, load_contracts
from cdp_pipeline.sources.overlay import contracts_of
from tests.sources.conftest import Land, make_land

DELIVERED = """
source: demo
title: Demo
owner: tests
default_region: US
timezone: UTC
objects:
  orders:
    delivery: upsert
    key: [order_id]
    updated_at: updated_at
    formats: [csv]
    confidence: from_memory
    fields:
      order_id: {from: [Order], type: string, required: true, tag: PK}
      email: {from: [Mail], type: string, tag: ID, kind: email, personal: true}
      amount: {from: [Total], type: decimal, min: 0}
      state: {from: [State], type: string, one_of: [open, done]}
      updated_at: {from: [Changed], type: timestamp, tag: UPD}
"""


def _with_overlay(folder: Path, text: str) -> Land:
    land = make_land(folder, DELIVERED)
    land.home.contracts.mkdir(parents=True, exist_ok=True)
    (land.home.contracts / "demo.yml").write_text(text)
    return Land(land.home, contracts_of(land.home, folder / "contracts"))


def test_a_home_reads_its_own_headers_and_marks(tmp_path: Path) -> None:
    land = _with_overlay(
        tmp_path,
        """
timezone: Europe/Berlin
objects:
  orders:
    delimiter: ";"
    header_contains: [Beleg, Betrag]
    error_budget: 0.5
    fields:
      order_id: {from: [Beleg]}
      amount: {from: [Betrag, Total], decimal_mark: ",", min: null}
      state: {one_of: [offen, open]}
      updated_at: {from: [Stand], format: ["%d.%m.%Y %H:%M"]}
      clerk: {from: [Bearbeiter], type: string, personal: true, description: Who typed the order.}
""",
    )
    land(
        "orders",
        "a.csv",
        "Auswertung;\n\nBeleg;Betrag;State;Stand;Bearbeiter\nA1;-1.234,50;offen;05.03.2025 09:00;K. L.\nA2;x;done;;\n",
    )
    land.run("orders")
    assert land.rows("orders", "order_id, email, amount, state, updated_at, clerk") == [
        ("A1", None, Decimal("-1234.5"), "offen", datetime(2025, 3, 5, 8), "K. L.")
    ]
    assert land.refused("orders") == [(5, "field amount: not a decimal")]
    orders = land.contracts["demo"].objects["orders"]
    assert (orders.field("email").kind, orders.error_budget, orders.confidence) == ("email", 0.5, "from_memory")


def test_an_overlay_makes_landed_files_unseen_and_moves_the_inputs(tmp_path: Path) -> None:
    plain = make_land(tmp_path, DELIVERED)
    plain("orders", "a.csv", "Order,Total\nA1,1\n")
    plain.run("orders")
    assert (plain.pending(), inputs.overlay_fingerprint(plain.home)) == ([], "")
    land = _with_overlay(tmp_path, "objects: {orders: {fields: {amount: {from: [Betrag, Total]}}}}")
    assert [files for _, _, files in land.pending()] == [("demo/orders/dt=2025-03-05/a.csv",)]
    first = inputs.overlay_fingerprint(land.home)
    (land.home.contracts / "demo.yml").write_text("objects: {}")
    assert inputs.overlay_fingerprint(land.home) not in (first, "")


def test_without_overlays_a_home_has_the_delivered_contracts(tmp_path: Path) -> None:
    assert contracts_of(Home(tmp_path)) == load_contracts()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("objects: {order: {}}", "contracts/demo.yml: objects: no object 'order' to change, did you mean 'orders'?"),
        ("object: {}", "contracts/demo.yml: unknown key 'object', did you mean 'objects'?"),
        ("owner: me", "contracts/demo.yml: an overlay cannot change 'owner', only: source, timezone, objects"),
        ("objects: {orders: {key: [email]}}", "contracts/demo.yml: orders: an overlay cannot change 'key', only: formats, unwrap, expect, drop, error_budget, timezone, delimiter, encoding, max_loss, skip_after_header, header_contains, fields"),
        ("objects: {orders: {fields: {email: {tag: WEAK}}}}", "contracts/demo.yml: orders.email: an overlay cannot change 'tag', only: from, type, one_of, min, max, strip_prefix, format, decode, decimal_mark, pattern, timezone"),
        ("objects: {orders: {fields: {email: {form: [x]}}}}", "contracts/demo.yml: orders.email: unknown key 'form', did you mean 'format'?"),
        ("objects: {orders: {fields: {email: {from: null}}}}", "contracts/demo.yml: orders.email: 'from' is missing"),
        ("objects: {orders: {fields: {email: {type: integer}}}}", "contracts/demo.yml: orders.email: type string cannot become integer: the column stays what it is"),
        ("objects: {orders: {fields: {email: {type: json}}}}", "contracts/demo.yml: orders.email: type string cannot become json: the column stays what it is"),
        ("objects: {orders: {fields: {new: {from: [x]}}}}", "contracts/demo.yml: orders.new.type: unknown value 'None', one of: string, text, integer, decimal, boolean, date, timestamp, timestamp_s, timestamp_ms, timestamp_us, json"),
        ("objects: {orders: {fields: {new: {from: [x], type: string, kind: phone}}}}", "contracts/demo.yml: orders.new: an overlay cannot change 'kind', only: from, type, one_of, min, max, strip_prefix, format, decode, decimal_mark, pattern, timezone, personal, description"),
        ("objects: {orders: {fields: {_dt: {from: [x], type: date}}}}", "contracts/demo.yml: orders._dt: the name is the reader's own"),
        ("objects: {orders: {error_budget: 2}}", "contracts/demo.yml: orders.error_budget: must lie between 0 and 1"),
        ("timezone: Nowhere", "contracts/demo.yml: timezone: unknown timezone 'Nowhere'"),
        ("objects: [", "contracts/demo.yml line 2: did not find the expected node content"),
        ("[]", "contracts/demo.yml: must be a mapping"),
    ],
)  # fmt: skip
def test_faults_name_the_overlay(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ContractError) as error:
        _with_overlay(tmp_path, text)
    told = str(error.value)
    assert "\n" not in told
    assert told == message or (text == "objects: [" and told.startswith("contracts/demo.yml line"))


def test_an_overlay_without_its_source_is_a_fault(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.contracts.mkdir()
    (home.contracts / "shopfy.yml").write_text("objects: {}\n")
    with pytest.raises(
        ContractError, match=r"^contracts/shopfy\.yml: no source 'shopfy' to change, did you mean 'shopify'\?$"
    ):
        contracts_of(home)


def test_an_epoch_unit_may_change(tmp_path: Path) -> None:
    land = _with_overlay(tmp_path, "objects: {orders: {fields: {updated_at: {type: timestamp_ms}}}}")
    land("orders", "a.csv", "Order,Changed\nA1,1741158000123\n")
    land.run("orders")
    assert land.rows("orders", "updated_at") == [(datetime(2025, 3, 5, 7, 0, 0, 123000),)]
