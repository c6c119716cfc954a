# ruff: noqa: E501  -- SQL and native records read better unwrapped
"""What every step of the generator shares: the clock of the made-up world, randomness and reference lists.

A step is a function that takes an open DuckDB connection and leaves a table there. Every random decision is
`rnd(id, tag)`: a number in [0, 1) that depends on the seed, the entity and the decision's name only, so that
neither row order nor threads nor another decision can change it. md5 rather than DuckDB's `hash`, whose values may
differ between versions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

DAYS: tuple[date, ...] = tuple(date(2017, 12, day) for day in range(27, 32))
FIRST_DAY, LAST_DAY = DAYS[0], DAYS[-1]
CNY_PER_USD = "6.6"
PAGE_ID = "100000000000001"
MP_APPID, MINI_APPID = "wx0000000000000001", "wx0000000000000002"

_FOLDER = Path(__file__).parent
_LISTS = ("given_names", "surnames", "zh_surnames", "zh_given", "streets", "cities", "texts")
# Geographic area codes of the United States; the exchange 555 makes the numbers invented ones.
_AREA_CODE_TEXT = """
201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 220 223 224 225 227 228 229 231 234 239 240 248
251 252 253 254 256 260 262 267 269 270 272 274 276 279 281 301 302 303 304 305 307 308 309 310 312 313 314 315 316
317 318 319 320 321 323 325 326 327 330 331 332 334 336 337 339 341 346 347 351 352 360 361 364 380 385 386 401 402
404 405 406 407 408 409 410 412 413 414 415 417 419 423 424 425 430 432 434 435 440 442 443 445 447 448 458 463 464
469 470 475 478 479 480 484 501 502 503 504 505 507 508 509 510 512 513 515 516 517 518 520 530 531 534 539 540 541
551 559 561 562 563 564 567 570 571 572 573 574 575 580 582 585 586 601 602 603 605 606 607 608 609 610 612 614 615
616 617 618 619 620 623 626 628 629 630 631 636 640 641 646 650 651 656 657 659 660 661 662 667 669 678 680 681 682
689 701 702 703 704 706 707 708 712 713 714 715 716 717 718 719 720 724 725 726 727 731 732 734 737 740 743 747 754
757 760 762 763 765 769 770 772 773 774 775 779 781 785 786 801 802 803 804 805 806 808 810 812 813 814 815 816 817
818 820 828 830 831 832 838 840 843 845 847 848 850 854 856 857 858 859 860 862 863 864 865 870 872 878 901 903 904
906 907 908 909 910 912 913 914 915 916 917 918 919 920 925 928 929 930 931 934 936 937 938 940 941 943 945 947 948
949 951 952 954 956 959 970 971 972 973 975 978 979 980 984 985 986 989
"""
_AREA_CODES = _AREA_CODE_TEXT.split()


@dataclass(frozen=True)
class Plan:
    """What was asked for: people, households and the share of every household's baskets that is used."""

    profiles: int
    households: int
    seed: int
    basket_share: float


def connect(seed: int, folder: Path) -> duckdb.DuckDBPyConnection:
    """An open connection (the caller closes it) with the macros and lists; temporary files go below `folder`."""
    con = duckdb.connect(str(folder / "generate.duckdb"))
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET enable_progress_bar = false")
    for macro in (
        f"rnd(id, tag) AS (md5_number_lower('{seed}|' || tag || '|' || id) % 1000000007)::DOUBLE / 1000000007",
        "pick(list, r) AS list[1 + floor(r * len(list))::INT]",
        "us_phone(k) AS '+1' || area((k * 736871) % (9000 * areas()) % areas())"
        " || '555' || lpad((1000 + ((k * 736871) % (9000 * areas())) // areas())::VARCHAR, 4, '0')",
        "cn_phone(k) AS '+86' || ['130','131','132','133','135','136','137','138','139','150','151','152','153','155',"
        "'156','157','158','159','180','181','182','183','185','186','187','188','189'][1 + ((k * 736871) % 2699973 % 27)::INT]"
        " || '000' || lpad((1 + ((k * 736871) % 2699973) // 27)::VARCHAR, 5, '0')",
        "iso(ts) AS strftime(ts, '%Y-%m-%dT%H:%M:%SZ')",
        "shop_time(ts) AS strftime(ts - INTERVAL 5 HOUR, '%Y-%m-%dT%H:%M:%S-05:00')",
        "late(ts) AS CAST(least(greatest(CAST(ts AS DATE), DATE '2017-12-27'), DATE '2017-12-31') AS DATE)",
        # one slip of the keyboard: two neighbours swapped, a letter lost, or a letter doubled
        "typo(s, r) AS CASE WHEN s IS NULL OR length(s) < 4 THEN s WHEN r < 0.4 THEN "
        "s[1:1 + floor(r * 2.5 * (length(s) - 3))::INT] || s[3 + floor(r * 2.5 * (length(s) - 3))::INT] || "
        "s[2 + floor(r * 2.5 * (length(s) - 3))::INT] || s[4 + floor(r * 2.5 * (length(s) - 3))::INT:] "
        "WHEN r < 0.75 THEN s[1:1 + floor((r - .4) * 2.8 * (length(s) - 2))::INT] || "
        "s[3 + floor((r - .4) * 2.8 * (length(s) - 2))::INT:] "
        "ELSE s[1:2] || s[2:] END",
        "capital(s) AS upper(s[1]) || s[2:]",
    ):
        name = macro.split("(", 1)[0]
        if name == "us_phone":
            codes = ",".join(f"'{code}'" for code in _AREA_CODES)
            con.execute(f"CREATE MACRO areas() AS {len(_AREA_CODES)}")
            con.execute(f"CREATE MACRO area(k) AS [{codes}][1 + k::INT]")
        con.execute(f"CREATE MACRO {macro}")
    for name in _LISTS:
        con.execute(
            f"CREATE TABLE {name} AS SELECT (row_number() OVER () - 1)::BIGINT AS i, * "
            f"FROM read_csv('{_FOLDER / name}.csv', all_varchar = true, header = true)"
        )
    return con
