"""Chinese names in Latin letters that are not pinyin: which pinyin readings a spelling may stand for.

Hong Kong, Taiwan and South-East Asia spell the same surnames in their own ways, and many spellings stand for several
surnames: Wong is 王 or 黄. A spelling therefore gives a set of readings, never one; two names can be one person's if
their sets meet. Given names are read for Wade-Giles (Chih-ming), whose aspirates are mostly left out, so that `chih`
is zhi or chi. Cantonese and Hokkien given names are not read: their syllables stand for too many characters.
"""

from __future__ import annotations

import itertools
import re
from functools import lru_cache

from identity.normalise.han import SYLLABLES, surname_ranks, syllables_of
from identity.normalise.text import word_set

# spelling: readings. Cantonese (Hong Kong, Macau), Wade-Giles (Taiwan), Hokkien, Teochew and Hakka (South-East Asia),
# and the Korean spellings of surnames that are written in Han.
_SPELLINGS = """
au: ou qu; auyeung: ouyang; aw: hu; bae: pei; chai: cai chai; chak: zhai; cham: cen zhan; chan: chen;
chang: chang zhang; chao: zhao chao; chau: zhou; chee: xu zhu; cheng: cheng zheng; cheong: zhang; cheuk: zhuo;
cheung: zhang; chew: zhou; chi: ji qi; chia: xie jia; chiam: zhan; chiang: jiang; chien: jian qian; chieu: zhao;
chim: zhan; ching: cheng; chio: zhang; chiou: qiu; chiu: qiu zhao; cho: zhuo zhao cao; choi: cai cui;
chong: zhuang zhang; choo: zhu; chou: zhou; chow: zhou; choy: cai; chu: chu zhu; chua: cai; chuang: zhuang;
chui: cui xu; chun: qin; chung: zhong zheng; chyi: qi; eng: wu huang; fang: fang; fok: huo; fong: fang kuang;
foo: fu hu; fu: fu; fung: feng; goh: wu; gooi: wei; guok: guo; hau: hou; heng: wang; hiew: qiu; ho: he; hoe: he;
hoh: he; hon: han; hoo: hu; hor: he; hou: hou; hsia: xia; hsiang: xiang; hsiao: xiao; hsieh: xie; hsin: xin;
hsing: xing; hsiung: xiong; hsu: xu; hsueh: xue; hui: xu; hung: hong kong; hwang: huang; ip: ye; jang: zhang; jen: ren;
jeng: zheng; jeong: zheng; jhang: zhang; jheng: zheng; jhou: zhou; jhu: zhu; jim: zhan; jung: rong zheng;
kam: jin gan; kao: gao; keh: guo ke; keung: jiang; khaw: xu; kho: xu gao; khong: kong; khoo: qiu; khor: xu; kim: jin;
ko: ke gao; koh: xu gao; kok: guo; kong: kong jiang; koo: gu; ku: gu; kuan: guan; kuang: kuang; kueh: guo; kuek: guo;
kung: gong kong; kuo: guo; kwak: guo; kwan: guan; kwee: guo; kwek: guo; kwok: guo; kwon: quan; kwong: kuang;
kwun: guan; lai: li lai; lam: lin lan; lao: liu lao; lau: liu; law: luo liu; lay: li lai; lee: li; leong: liang;
leow: liao; leung: liang; lew: liu; liang: liang; liao: liao; liau: liao; lien: lian; liew: liu; lim: lin;
liong: liang; liou: liu; liu: liu liao; lo: luo lu; loh: luo; loke: lu; loo: lu; look: lu; loong: long; low: liu luo;
lui: lei lu; luk: lu; lum: lin; lung: long; lye: lai; mak: mai; mao: mao; mok: mo; moy: mei; mui: mei; ng: wu huang;
ngai: wei ni; ngan: yan; ngo: ao; oei: huang; ong: wang weng; ooi: huang; ou: ou; oung: weng; oyang: ouyang; pai: bai;
pak: bai piao; pang: peng pang; park: piao; peh: bai; pei: pei; phua: pan; pien: bian; poon: pan; pun: pan; quah: ke;
quek: guo; seah: xie; see: shi xue; seetoh: situ; seow: xiao; seto: situ; shek: shi; sheung: shang; shia: xie;
shiao: xiao; shieh: xie; shih: shi; shiu: xiao; shum: cen shen; shyu: xu; siah: xie; siao: xiao; sim: shen; sin: xian;
siow: xiao; sit: xue; siu: xiao; so: su; soh: su; soong: song; suen: sun; sung: song; syu: xu; sze: shi si; szeto: situ;
tai: dai; tam: tan; tan: tan chen; tang: tang deng; tay: zheng; tee: zheng; teh: zheng; teng: deng teng; teo: zhang;
teoh: zhang; tien: tian; tin: tian; ting: ding chen; tiong: zhang; to: du tao; toh: zhuo; tong: tang dong; tsai: cai;
tsang: zeng; tsao: cao; tsay: cai; tse: xie; tseng: zeng; tsim: zhan; tso: cao zuo; tsoi: cai; tsou: zou;
tsui: xu cui; tu: du tu; tuan: duan; tung: dong; tzeng: zeng; wan: wan yin; wee: huang; wei: wei; wen: wen;
weng: weng; wong: wang huang; woo: hu wu; yam: ren; yap: ye; yau: qiu you; yee: yu; yeh: ye; yen: yan; yeo: yang;
yeoh: yang; yeow: yao; yeung: yang; yick: yi; yih: yi; yik: yi; yim: yan; yin: yin; yip: ye; yiu: yao;
yong: yang rong; yoon: yin; yoong: rong; youn: yin; yu: yu you; yue: yu; yuen: yuan ruan; yung: rong weng;
"""
# A Chinese surname beside these may be anyone's: they are Western given names that also read as pinyin.
ENGLISH_PINYIN = word_set(
    "ada adan aisha alan ali ama ami ana andi anna annie bela ben bennie bo buren cali celia chance chase daisha "
    "dan dana dane dani dante dena dian diana diane dianne dida dina duane duncan eden elan eli gabe gabi gage gale "
    "gena gene geri hana hanna heidi jan juan jude judi judie jule julia julian julie june junie kade kai kale kali "
    "kane karen kari kate katie kaye ken kenan kenna laila lana lance lane lani lea lee lena leo lexi lila lina "
    "linda lisa liza logan lola lori lou luca luke lula lulu madie maia mamie manda mari maya megan melia mia mike "
    "mila milan mimi mina mindie minnie misha mona mose naomi nate nia nina nita noe paige pate pete randi rea reba "
    "ree regan ren rena rian rita ruben sade sadie sana sasha selena sha shana shane sheila shena sheri sue sula "
    "susan tami tanya tasha tate teri tia tina tisha wade wanda wendi yara zada zane zara zeke"
)
# Latin surnames among the spellings that are as common elsewhere: they never decide where a name begins.
_WESTERN_TOO = word_set("lee kim young law low see tin ting tong wee park sin sim so to tu ho hon cho ching jim juan")
_SYLLABLE = re.compile(
    r"tsz|sz|(?:ch|sh|sz|ts|tz|ng|kw|gw|hs|[bcdfghjklmnpstwyz])?(?:aa|ai|ao|au|ay|a|ei|ee|eu|e|iu|ie|i|oi|ou|oo|ow|o|ui|ue|u)"
    r"(?:m|ng|n|p|t|k|h)?"
)


@lru_cache(maxsize=1)
def spellings() -> dict[str, tuple[str, ...]]:
    """Spelling of a surname → the pinyin it may stand for. Among them are spellings that are pinyin themselves."""
    table: dict[str, tuple[str, ...]] = {}
    for entry in _SPELLINGS.replace("\n", " ").split(";"):
        spelt, _, readings = entry.strip().partition(": ")
        if spelt:
            table[spelt] = tuple(readings.split())
    return table


@lru_cache(maxsize=65_536)
def surname_readings(spelt: str, *, parted: bool = False) -> tuple[str, ...] | None:
    """Readings of a surname in ASCII lower case, or None where it is no Chinese surname.

    A spelling that is pinyin by itself (tan, chang, cheng) is read as pinyin; `parted`, a given name in two syllables
    that a hyphen or a blank parts, as is usual outside the mainland, adds its other readings.
    """
    joined = spelt.replace(" ", "")
    own = (joined,) if joined in surname_ranks() else None
    other = spellings().get(joined, ())
    if own is None:
        return other or None
    return tuple(dict.fromkeys((*own, *other))) if parted else own


def is_spelt_surname(word: str) -> bool:
    """Whether a word is a Chinese surname in a spelling that is neither pinyin nor a usual Western name."""
    return word in spellings() and word not in surname_ranks() and word not in _WESTERN_TOO


_FINALS = (
    (r"^(j|q|x|y)ian$", r"\1ien"), (r"ian$", "ien"), (r"ie$", "ieh"), (r"ue$", "ueh"), (r"^yan$", "yen"),
    (r"^ye$", "yeh"), (r"^you$", "yu"), (r"ong$", "ung"), (r"^([gkh])e$", r"\1o"), (r"^([dtlnrzcs]|zh|ch)uo$", r"\1o"),
    (r"^([gk])ui$", r"\1uei"), (r"^er$", "erh"), (r"^(zh|ch|sh|r)i$", r"\1ih"), (r"^(z|c)i$", r"\1zu"),
    (r"^si$", "szu"),
)  # fmt: skip
_INITIALS = (("zh", "ch"), ("ch", "ch"), ("sh", "sh"), ("b", "p"), ("d", "t"), ("g", "k"), ("j", "ch"), ("q", "ch"),
             ("z", "ts"), ("c", "ts"), ("x", "hs"), ("r", "j"))  # fmt: skip


def _wade_giles(syllable: str) -> str:
    final = syllable
    for pattern, replacement in _FINALS:
        changed = re.sub(pattern, replacement, final)
        if changed != final:
            final = changed
            break
    if final in ("zzu", "czu"):
        return "tzu"
    for pinyin, letters in _INITIALS:
        if final.startswith(pinyin):
            return letters + final[len(pinyin) :]
    return final


@lru_cache(maxsize=1)
def wade_giles() -> dict[str, tuple[str, ...]]:
    """Wade-Giles syllable without apostrophes and dots → the pinyin syllables it may stand for."""
    table: dict[str, list[str]] = {}
    for syllable in sorted(SYLLABLES):
        if "v" in syllable or "yu" in syllable[1:]:
            continue
        table.setdefault(_wade_giles(syllable), []).append(syllable)
    table.setdefault("ssu", []).append("si")
    return {spelt: tuple(found) for spelt, found in table.items()}


def _split_wade_giles(word: str, most: int) -> tuple[str, ...] | None:
    if not word:
        return ()
    for end in range(min(6, len(word)), 0, -1) if most else ():
        if word[:end] in wade_giles():
            rest = _split_wade_giles(word[end:], most - 1)
            if rest is not None:
                return (word[:end], *rest)
    return None


# Spellings that Taiwan has: a given name beside any other of the list may be Cantonese or Hokkien.
_TAIWAN = word_set(
    "chiang chien chiou chiu chou chuang hsia hsiang hsiao hsieh hsin hsing hsiung hsu hsueh hwang jen kao ko ku kuan "
    "kung kuo lien pai pien shih shieh sung syu shyu szu tien tsai tsao tsay tseng tso tsou tsui tuan tung tzeng yeh "
    "yen jhang jheng jhou jhu jang jeng jong juang lee liou chi"
)


def is_dialect_surname(word: str) -> bool:
    """Whether a surname is spelt as in Hong Kong or South-East Asia, where given names are seldom in Mandarin."""
    return word in spellings() and word not in surname_ranks() and word not in _TAIWAN


@lru_cache(maxsize=65_536)
def given_readings(words: tuple[str, ...], surname_is_pinyin: bool) -> tuple[str, ...] | None:
    """Pinyin readings of a Latin given name of one or two words, or None where it is no Chinese one.

    Wade-Giles is read only where a syllable of the given name, or the surname beside it, is not pinyin: in pinyin all
    letters are meant as they stand.
    """
    if not words or len(words) > 2 or (len(words) == 1 and (len(words[0]) < 2 or words[0] in ENGLISH_PINYIN)):
        return None
    parts = [syllables_of(w, 2 if len(words) == 1 else 1) for w in words]
    own = "".join("".join(p) for p in parts if p) if all(parts) else None
    if own and surname_is_pinyin:
        return (own,)
    spelt = [_split_wade_giles(w, 2 if len(words) == 1 else 1) for w in words]
    if not all(spelt):
        return (own,) if own else None
    choices = [wade_giles()[s] for s in itertools.chain.from_iterable(s or () for s in spelt)]
    read = ["".join(c) for c in itertools.islice(itertools.product(*choices), 8)]
    # As it is spelt, too: the name itself is among its readings.
    return tuple(sorted({*read, own or "".join(words)}))


def are_syllables(words: tuple[str, ...]) -> bool:
    """Whether every word may be one syllable of a Chinese given name in some spelling."""
    return all(len(w) > 1 and (w in wade_giles() or _SYLLABLE.fullmatch(w) is not None) for w in words)
