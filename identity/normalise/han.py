"""Chinese names: surname inventory, readings, pinyin syllables.

Readings come from `pypinyin`; surnames are read by `READINGS` first, because their readings differ from the
everyday ones. Characters with several readings in names (乐: le, yue) have all of them. ü is written `u` in every key
(Lü, Lv, Lyu and Lu are one form), which also joins 吕 with 卢: the native name tells them apart. Other romanisations
stand in `romanised`.
"""

from __future__ import annotations

import itertools
import re
from functools import lru_cache

from identity.normalise.text import HAN, word_set

# By frequency: the rank decides which of two possible surnames is the family name.
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢"
    "姚沈钟姜崔谭陆范汪廖"
    "石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严欧莫孔向常汤康易乔赖文樊兰殷"
    "施洪翟安颜倪温芦牛鲁葛伍"
    "韩申尤毕聂柴焦俞梅庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋甘"
    "景薄单包司柏宁柯阮桂闵"
    "解强柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫来缪苟全褚廉简娄盖符奚木穆党燕郎邸冀谈姬屠连郜晏栾"
    "郁商蒙计喻揭窦迟宇敖糜鄢"
    "冷卓花仇艾蓝都巩稽邢嵇封储井糟岳水云昌马凤酆鲍罗平和萧湛汪祁禹狄贝明臧伏茅庞支昝经应宗宣贲虞昃钮嵇滑"
    "裘荣荀羊於惠曲家麴井富巫"
    "乌焦巴弓牧隗山蓬班仰秋仲伊仇栾暴钭厉戎祖束幸韶蓟印宿怀蒲邰从鄂索咸籍乔阴鬱胥能苍双闻莘翟谭贡劳逄扶堵"
    "冉宰郦雍却璩桑濮寿通扈"
    "郏浦尚农别阎充慕茹习宦鱼容古慎戈廖庾终暨居衡步耿满弘匡寇广禄阙东殳沃利蔚越夔隆师厍晁勾融訾阚那空毋沙"
    "乜养鞠须丰巢蒯相后荆红"
    "游竺权逯益桓公亓仉督岳帅缑亢况郈有琴归海墨哈谯笪佟言福洗冼区麦揣佘佴肖展迟蔺肇战赏刚生岑蒿闪仝谌母修"
    "车代撒朴化闭逯卿银展隽寻章骆路危麻粟乐"
)
COMPOUND = word_set(
    "欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶 "
    "太叔 申屠 公孙 慕容 仲孙 钟离 "
    "长孙 宇文 司徒 鲜于 司空 闾丘 子车 亓官 司寇 巫马 公西 颛孙 壤驷 公良 漆雕 乐正 宰父 谷梁 拓跋 夹谷 "
    "轩辕 令狐 段干 百里 呼延 东郭 "
    "南门 羊舌 微生 公户 公玉 梁丘 左丘 东门 西门 完颜 单于 叶赫 爱新觉罗"
)
SURNAME_CHARS = frozenset(SURNAMES)
_RANK = {char: rank for rank, char in reversed(list(enumerate(SURNAMES)))}
_READINGS = (
    "单 shan|曾 zeng|仇 qiu|解 xie|查 zha|任 ren|区 ou|翟 zhai|盖 ge|朴 piao|冼 xian|洗 xian|华 hua|纪 ji|"
    "宁 ning|乐 yue|贠 yun|员 yun|折 she|黑 he|缪 miao|句 gou|秘 bi|种 chong|覃 qin|燕 yan|应 ying|车 che|"
    "晏 yan|逄 pang|眭 sui|褚 chu|谌 chen|隗 wei|郇 xun|闵 min|那 na|撒 sa|柏 bai|石 shi|都 du|相 xiang|余 yu|"
    "郗 xi|卜 bu|薄 bo|葛 ge|臧 zang|牟 mu|谷 gu|曲 qu|夏 xia|洪 hong|尹 yin|祭 zhai|召 shao|么 yao|尉 wei|"
    "令 ling|长 zhang|重 chong|哈 ha|能 nai|盛 sheng|强 qiang|全 quan|阚 kan|瞿 qu|佘 she|訾 zi|乜 nie|"
    "仉 zhang|尉迟 yuchi|万俟 moqi|澹台 tantai|长孙 zhangsun|令狐 linghu|鲜于 xianyu|夏侯 xiahou|单于 chanyu|"
    "乐正 yuezheng|欧阳 ouyang|司马 sima|诸葛 zhuge|亓官 qiguan|宰父 zaifu|夹谷 jiagu"
)
READINGS = {han: read for han, _, read in (pair.partition(" ") for pair in _READINGS.split("|"))}
# Given names are read by phrase; these characters have another reading in names than in the dictionary's first place.
_NAME_READINGS = {"晟": "sheng", "朝阳": "zhaoyang", "祎": "yi", "茜": "qian", "乐": "le"}

# Surnames that families read in more than one way; the usual one stands in READINGS.
_SURNAME_VARIANTS = {
    han: reads.split()
    for han, _, reads in (
        pair.partition(" ")
        for pair in [
            "乐 le yue",
            "区 ou qu",
            "覃 qin tan",
            "翟 zhai di",
            "盖 ge gai",
            "缪 miao mou",
            "隗 wei kui",
            "谌 chen shen",
            "郗 xi chi",
            "柏 bai bo",
            "朴 piao pu",
            "费 fei bi",
            "强 qiang jiang",
            "牟 mu mou",
            "薄 bo bao",
            "折 she zhe",
            "种 chong zhong",
            "祭 zhai ji",
            "尉 wei yu",
            "员 yun yuan",
            "黑 he hei",
            "车 che ju",
            "阚 kan han",
            "那 na nuo",
            "能 nai neng",
            "令 ling",
            "召 shao zhao",
            "尉迟 yuchi weichi",
            "万俟 moqi",
            "单于 chanyu",
        ]
    )
}
# Characters that parents and sources read in more than one way in given names.
_GIVEN_VARIANTS = {
    han: reads.split()
    for han, _, reads in (
        pair.partition(" ")
        for pair in [
            "重 zhong chong",
            "行 xing hang",
            "长 chang zhang",
            "乐 le yue",
            "朝 chao zhao",
            "晟 sheng cheng",
            "茜 qian xi",
            "盛 sheng cheng",
            "单 dan shan",
            "参 can shen",
            "藏 zang cang",
            "省 sheng xing",
            "都 du dou",
            "相 xiang",
            "宿 su xiu",
            "莘 xin shen",
            "颉 jie xie",
            "娜 na nuo",
            "大 da dai",
            "角 jiao jue",
            "觉 jue jiao",
            "仔 zi zai",
            "叶 ye xie",
            "会 hui kuai",
            "车 che ju",
            "薄 bo bao",
            "柏 bai bo",
            "露 lu lou",
            "蔓 man wan",
            "莎 sha suo",
            "筠 yun jun",
            "禅 chan shan",
            "澄 cheng deng",
            "校 xiao jiao",
            "劲 jin jing",
            "景 jing ying",
            "靓 liang jing",
            "率 shuai lu",
            "沈 shen chen",
            "拓 tuo ta",
            "系 xi ji",
            "殷 yin yan",
            "琢 zhuo zuo",
            "曾 zeng ceng",
            "解 jie xie",
            "传 chuan zhuan",
            "还 huan hai",
            "和 he huo",
            "降 jiang xiang",
            "巷 xiang hang",
            "嘏 gu jia",
            "翟 zhai di",
            "育 yu",
            "芥 jie gai",
            "蕴 yun",
            "朴 pu piao",
            "炅 jiong gui",
            "适 shi kuo",
            "万 wan",
            "亘 gen",
            "骁 xiao",
            "皓 hao",
            "珩 heng",
            "晞 xi",
            "喆 zhe",
            "昕 xin",
            "浚 jun xun",
            "峒 tong dong",
            "蕃 fan bo",
            "奇 qi ji",
            "其 qi",
            "缪 miao mou",
            "弹 dan tan",
            "铅 qian yan",
            "尉 wei yu",
            "贾 jia gu",
            "峤 qiao jiao",
            "妮 ni",
            "锜 qi",
            "纶 lun guan",
            "漂 piao",
            "见 jian xian",
            "正 zheng",
            "应 ying",
            "兴 xing",
            "强 qiang jiang",
            "血 xue",
            "咯 luo",
            "龟 gui jun",
        ]
    )
}

SYLLABLES = word_set(
    """a ai an ang ao ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu ca cai can cang cao ce cen
    ceng cha chai chan chang chao che chen cheng chi chong chou chu chuai chuan chuang chui chun chuo ci cong
    cou cu cuan cui cun cuo da dai dan dang dao de dei deng di dian diao die ding diu dong dou du duan dui dun
    duo e ei en er fa fan fang fei fen feng fo fou fu ga gai gan gang gao ge gei gen geng gong gou gu gua guai
    guan guang gui gun guo ha hai han hang hao he hei hen heng hong hou hu hua huai huan huang hui hun huo ji
    jia jian jiang jiao jie jin jing jiong jiu ju juan jue jun ka kai kan kang kao ke ken keng kong kou ku kua
    kuai kuan kuang kui kun kuo la lai lan lang lao le lei leng li lia lian liang liao lie lin ling liu lo
    long lou lu luan lun luo lv lve lue lyu lyue ma mai man mang mao me mei men meng mi mian miao mie min ming
    miu mo mou mu na nai nan nang nao ne nei nen neng ni nian niang niao nie nin ning niu nong nou nu nuan nuo
    nv nve nue nyu nyue o ou pa pai pan pang pao pei pen peng pi pian piao pie pin ping po pou pu qi qia qian
    qiang qiao qie qin qing qiong qiu qu quan que qun ran rang rao re ren reng ri rong rou ru ruan rui run ruo
    sa sai san sang sao se sen seng sha shai shan shang shao she shei shen sheng shi shou shu shua shuai shuan
    shuang shui shun shuo si song sou su suan sui sun suo ta tai tan tang tao te teng ti tian tiao tie ting
    tong tou tu tuan tui tun tuo wa wai wan wang wei wen weng wo wu xi xia xian xiang xiao xie xin xing xiong
    xiu xu xuan xue xun ya yan yang yao ye yi yin ying yo yong you yu yuan yue yun za zai zan zang zao ze zei
    zen zeng zha zhai zhan zhang zhao zhe zhen zheng zhi zhong zhou zhu zhua zhuai zhuan zhuang zhui zhun zhuo
    zi zong zou zu zuan zui zun zuo"""
)
_UMLAUT = re.compile(r"^([ln])(?:v|yu)(e?)$")
_HAN_RUN = re.compile(f"({HAN.pattern}+)")


def _one_u(syllable: str) -> str:
    return _UMLAUT.sub(r"\1u\2", syllable)


@lru_cache(maxsize=262_144)
def read_given(text: str) -> str:
    """Pinyin of a Han given name or of any Han text, lower case, joined, ü as u."""
    from pypinyin import Style, lazy_pinyin

    if text in _NAME_READINGS:
        return _NAME_READINGS[text]
    syllables = lazy_pinyin(text, style=Style.NORMAL, errors="ignore")
    if len(syllables) == len(text):
        syllables = [_NAME_READINGS.get(char, read) for char, read in zip(text, syllables, strict=True)]
    return "".join(_one_u(s) for s in syllables)


@lru_cache(maxsize=8_192)
def read_surname(text: str) -> str:
    """Pinyin of a Han surname, with the readings that surnames alone have."""
    return READINGS.get(text) or read_given(text)


@lru_cache(maxsize=8_192)
def surname_readings_of(text: str) -> tuple[str, ...]:
    """Every reading of a Han surname, the usual one first."""
    return tuple(dict.fromkeys((read_surname(text), *_SURNAME_VARIANTS.get(text, ()))))


@lru_cache(maxsize=65_536)
def given_readings_of(text: str) -> tuple[str, ...]:
    """Every reading of a Han given name, the usual one first; at most eight, so that rare ones of long names go."""
    usual = read_given(text)
    if len(text) > 3 or not any(char in _GIVEN_VARIANTS for char in text):
        return (usual,)
    choices = [_GIVEN_VARIANTS.get(char) or [read_given(char)] for char in text]
    read = ("".join(c) for c in itertools.islice(itertools.product(*choices), 8))
    return tuple(dict.fromkeys((usual, *read)))


def pinyin_text(text: str) -> str:
    """Replace each Han run in mixed text by its pinyin, set off by blanks."""
    return _HAN_RUN.sub(lambda run: f" {read_given(run[1])} ", text)


@lru_cache(maxsize=1)
def surname_ranks() -> dict[str, int]:
    """Pinyin of every surname, in any of its readings → its rank (0 is the most frequent); compound ones rank last."""
    ranks: dict[str, int] = {}
    for rank, char in enumerate(SURNAMES):
        ranks.setdefault(read_surname(char), rank)
    for compound in COMPOUND:
        ranks.setdefault(read_surname(compound), len(SURNAMES))
    for reads in _SURNAME_VARIANTS.values():
        for read in reads:
            ranks.setdefault(read, len(SURNAMES))
    return ranks


@lru_cache(maxsize=1)
def compound_readings() -> frozenset[str]:
    """Pinyin of the surnames of two characters."""
    return frozenset(read_surname(c) for c in COMPOUND)


@lru_cache(maxsize=262_144)
def syllables_of(token: str, most: int = 2) -> tuple[str, ...] | None:
    """Split a lower-case ASCII token into at most `most` pinyin syllables (ü as u), longest first; else None."""
    if not token:
        return ()
    if most == 0:
        return None
    for end in range(min(6, len(token)), 0, -1):
        if token[:end] in SYLLABLES:
            rest = syllables_of(token[end:], most - 1)
            if rest is not None:
                return (_one_u(token[:end]), *rest)
    return None


def split_han(name: str) -> tuple[str | None, str]:
    """Split a Han name without blanks into (surname or None, given name or '')."""
    if len(name) >= 2 and name[:2] in COMPOUND:
        return name[:2], name[2:]
    # Five and more characters are a nickname or a transliteration, whatever they begin with.
    if name and name[0] in SURNAME_CHARS and len(name) <= 4:
        return name[0], name[1:]
    return None, name


def is_han_surname(text: str) -> bool:
    """Whether Han text is a surname by itself."""
    return text in SURNAME_CHARS or text in COMPOUND


def rank_of(char: str) -> int:
    """Rank of a Han surname; unknown ones rank after all."""
    return _RANK.get(char, len(SURNAMES))
