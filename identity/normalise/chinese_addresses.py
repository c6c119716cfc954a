"""Chinese street lines, parsed from the large to the small: province, city, district, road, 弄, 号, building, room.

The road is pinyin with contracted direction and type (南京西路1266号 → `1266 nanjing w rd`), which Nanjing West Road
and Nanjing Xi Lu give too; building and room become the unit (`3-1201`).
"""

from __future__ import annotations

import re

from identity.normalise.address_parts import Street, normalise_locality, normalise_region
from identity.normalise.han import read_given
from identity.normalise.text import fold

_CN_REGION = re.compile(r"^(?:中国)?([\u4e00-\u9fff]{2,8}?(?:省|自治区|特别行政区))")
_CN_CITY = re.compile(r"^([\u4e00-\u9fff]{2,6}?(?:市|自治州|盟|地区))")
_CN_DISTRICT = re.compile(r"^([\u4e00-\u9fff]{1,6}?(?:新区|区|县|旗|市))")
_CN_TOWN = re.compile(r"^([\u4e00-\u9fff]{1,6}?(?:街道|镇|乡))(?=[\u4e00-\u9fff])")
_CN_ROAD = re.compile(r"([\u4e00-\u9fffA-Za-z0-9]*?[\u4e00-\u9fff](?:大道|大街|胡同|公路|路|街|道|巷))")
_CN_LANE = re.compile(r"(\d+)弄")
_CN_NO = re.compile(r"(\d+(?:-\d+)?)号(?!楼|房|室|院内)")
_CN_BUILDING = re.compile(r"(\d+|[A-Za-z])(?:号楼|栋|幢|座|单元楼)")
_CN_ROOM = re.compile(r"(\d+|[A-Za-z]\d+)(?:室|房|号房|户)|(?:栋|幢|座|号楼|单元|楼|号)-?(\d{2,5})$")
_CN_TYPES = {
    "大道": "ave",
    "大街": "st",
    "胡同": "hutong",
    "公路": "hwy",
    "路": "rd",
    "街": "st",
    "道": "rd",
    "巷": "ln",
}
_CN_SIDES = {"东": "e", "南": "s", "西": "w", "北": "n", "中": "m"}


def chinese_street(text: str) -> Street:
    """Read one Chinese street line, or a whole address in one."""
    text = re.sub(r"[\s,，、]+", "", text.partition("@#")[0])
    region = locality = None
    municipality = re.match("^(北京|上海|天津|重庆)市?", text)
    if municipality:
        region = locality = read_given(municipality[1])
        text = re.sub(f"^(?:{municipality[1]}市?)+", "", text)
    elif match := _CN_REGION.match(text):
        region = normalise_region(match[1], "CN")
        text = text[match.end() :]
    if locality is None and (match := _CN_CITY.match(text)):
        locality = normalise_locality(match[1])
        text = text[match.end() :]
    for pattern in (_CN_DISTRICT, _CN_TOWN):
        match = pattern.match(text)
        # 小区 and 园区 are names of estates, not districts.
        if match and not match[1].endswith(("小区", "园区", "社区")):
            text = text[match.end() :]
    road = _CN_ROAD.search(text)
    rest = text[road.end() :] if road else text
    lane, number = _CN_LANE.search(rest), _CN_NO.search(rest)
    building, room = _CN_BUILDING.search(rest), _CN_ROOM.search(rest)
    street_no = lane[1] if lane else number[1] if number else None
    parts = [number[1]] if lane and number else []
    parts += [m.lower() for m in (building[1] if building else None, (room[1] or room[2]) if room else None) if m]
    words = _chinese_road(road[1]) if road else (fold(text) or "").split()
    line = " ".join(([street_no] if street_no else []) + words)
    return Street(
        line or None, street_no, "-".join(parts) or None, locality, region, main_word=words[0] if words else None
    )


def _chinese_road(road: str) -> list[str]:
    kind = next(k for k in _CN_TYPES if road.endswith(k))
    name = road[: -len(kind)]
    side = _CN_SIDES.get(name[-1]) if len(name) > 2 else None
    words = [fold(name[:-1] if side else name) or ""]
    return [w for w in (words[0].replace(" ", ""), side, _CN_TYPES[kind]) if w]
