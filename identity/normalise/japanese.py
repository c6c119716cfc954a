"""Japanese and Korean names, so far as it takes not to read them as Chinese.

Kana and hangul become Latin letters; a Han name that begins with a Japanese surname is split there. Its Han part keeps
a spelling of its own (the pinyin of the characters), which serves equality only: how such a name is spoken is not
written in its characters.
"""

from __future__ import annotations

import re
from functools import lru_cache

from identity.normalise.han import rank_of
from identity.normalise.text import simplify, word_set

# Two-character surnames by frequency; those of one character (林, 森, 原) look Chinese and are left out.
_SURNAMES = word_set(
    "佐藤 鈴木 高橋 田中 伊藤 渡辺 渡邊 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 斎藤 齋藤 斉藤 "
    "清水 山崎 池田 橋本 阿部 石川 山下 中島 石井 小川 前田 岡田 藤田 後藤 長谷川 村上 近藤 坂本 遠藤 青木 藤井 "
    "西村 福田 太田 三浦 藤原 岡本 松田 中川 中野 原田 小野 田村 竹内 金子 和田 中山 石田 上田 森田 柴田 酒井 工藤 "
    "横山 宮崎 宮本 内田 高木 安藤 谷口 大野 丸山 今井 高田 藤本 武田 村田 上野 杉山 増田 小島 小山 千葉 平野 久保 "
    "松井 岩崎 桜井 野口 松尾 木下 野村 菊地 佐野 大西 杉本 新井 浜田 古川 市川 水野 小松 島田 山内 西田 菊池 西川 "
    "五十嵐 北村 安田 川口 平田 中田 久保田 飯田 川崎 本田 矢野 永井 服部 岩田 土屋 馬場 福島 吉村 高野 熊谷 松岡 "
    "関口 黒田 大塚 浅野 大谷 黒木 三宅 永田 樋口 望月 小池 須藤"
)
# A Chinese name may begin with the same two characters where the first is one of its frequent surnames.
_FREQUENT_CHINESE = 150
_KANA_OR_HANGUL = re.compile(r"[\u3040-\u30ff\u1100-\u11ff\uac00-\ud7a3]")
_HANGUL_NAME = re.compile(r"[\uac00-\ud7a3]{2,4}")
_KOREAN_LATIN = (
    "kim lee park choi jung kang cho yoon jang lim han oh seo shin kwon hwang ahn song ryu hong jeon ko "
    "moon son yang bae baek heo nam shim noh ha kwak sung cha joo woo koo na min jin ji eom chae won chun "
    "bang kong hyun ham byun yeom"
)
_KOREAN = dict(
    zip(
        "김이박최정강조윤장임한오서신권황안송류홍전고문손양배백허남심노하곽성차주우구나민진지엄채원천방공현함변염",
        _KOREAN_LATIN.split(),
        strict=True,
    )
)


@lru_cache(maxsize=1)
def _surnames() -> frozenset[str]:
    return frozenset(simplify(" ".join(sorted(_SURNAMES))).split())


def split_japanese(han: str) -> tuple[str, str] | None:
    """(surname, given name or '') of a simplified Han name that begins with a Japanese surname, else None."""
    for size in (3, 2):
        if han[:size] in _surnames() and len(han) - size <= 3:
            chinese = rank_of(han[0]) < _FREQUENT_CHINESE and len(han) < 4
            return None if chinese else (han[:size], han[size:])
    return None


def is_kana_or_hangul(text: str) -> bool:
    """Whether a text holds Japanese or Korean letters."""
    return _KANA_OR_HANGUL.search(text) is not None


def part_korean(text: str) -> str:
    """`김민수` as `kim 민수`; other text as it is."""
    bare = text.replace(" ", "")
    if not _HANGUL_NAME.fullmatch(bare) or bare[0] not in _KOREAN:
        return text
    return f"{_KOREAN[bare[0]]} {bare[1:]}"
