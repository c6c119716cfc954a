"""Gazetteers for addresses: street words, US states, Chinese provinces, countries."""

from __future__ import annotations

_STREET_WORDS = """
st: street str streets
rd: road roads
ave: avenue av aven avenu
blvd: boulevard boul bvd
dr: drive drv
ln: lane
ct: court crt
pl: place
sq: square sqr
ter: terrace terr tce
cir: circle circ
cres: crescent
pkwy: parkway pkway pky
hwy: highway hiway
trl: trail
way: wy
plz: plaza
aly: alley
expy: expressway
pt: point
rdg: ridge
xing: crossing
hts: heights
gdns: gardens gdn garden
grv: grove gr
cl: close
n: north nth
s: south sth
e: east
w: west
ne: northeast
nw: northwest
se: southeast
sw: southwest
"""
TYPES_AND_DIRECTIONS = {
    word: short
    for short, _, words in (line.partition(": ") for line in _STREET_WORDS.strip().splitlines())
    for word in (short, *words.split())
}

_STATES = (
    "alabama AL|alaska AK|arizona AZ|arkansas AR|california CA|colorado CO|connecticut CT|delaware DE|"
    "district of columbia DC|florida FL|georgia GA|hawaii HI|idaho ID|illinois IL|indiana IN|iowa "
    "IA|kansas KS|kentucky KY|"
    "louisiana LA|maine ME|maryland MD|massachusetts MA|michigan MI|minnesota MN|mississippi MS|missouri "
    "MO|montana MT|"
    "nebraska NE|nevada NV|new hampshire NH|new jersey NJ|new mexico NM|new york NY|north carolina "
    "NC|north dakota ND|"
    "ohio OH|oklahoma OK|oregon OR|pennsylvania PA|rhode island RI|south carolina SC|south dakota "
    "SD|tennessee TN|texas TX|"
    "utah UT|vermont VT|virginia VA|washington WA|west virginia WV|wisconsin WI|wyoming WY|puerto rico PR|guam GU|"
    "virgin islands VI|washington dc DC|calif CA|penn PA|mass MA|conn CT"
)
STATES = {name: code for name, _, code in (pair.rpartition(" ") for pair in _STATES.split("|"))}
STATES |= {code.lower(): code for code in STATES.values()}

# Only the names whose reading or spelling differs from plain pinyin.
PROVINCES = {
    "陕西": "shaanxi", "内蒙古": "innermongolia", "西藏": "tibet", "新疆": "xinjiang",
    "香港": "hongkong", "澳门": "macau",
    "重庆": "chongqing", "广西壮族": "guangxi",
}  # fmt: skip

_COUNTRY_NAMES = """
US: unitedstates unitedstatesofamerica usa america 美国
CN: china chn peoplesrepublicofchina prc prchina mainlandchina zhongguo 中国 中华人民共和国
HK: hongkong hkg hongkongsar 香港 中国香港
MO: macau macao mac 澳门 中国澳门
TW: taiwan twn 台湾 中国台湾
GB: unitedkingdom uk gbr greatbritain england scotland wales northernireland 英国
CA: canada can 加拿大
AU: australia aus 澳大利亚
NZ: newzealand nzl 新西兰
JP: japan jpn 日本
KR: southkorea korea republicofkorea kor 韩国
SG: singapore sgp 新加坡
MY: malaysia mys 马来西亚
TH: thailand tha 泰国
VN: vietnam vnm 越南
PH: philippines phl 菲律宾
ID: indonesia idn 印度尼西亚
IN: india ind 印度
DE: germany deutschland deu 德国
FR: france fra 法国
ES: spain espana esp 西班牙
IT: italy italia ita 意大利
PT: portugal prt
NL: netherlands thenetherlands holland nld 荷兰
BE: belgium bel
CH: switzerland schweiz suisse che 瑞士
AT: austria osterreich aut
SE: sweden swe
NO: norway nor
DK: denmark dnk
FI: finland fin
PL: poland pol
IE: ireland irl
RU: russia russianfederation rus 俄罗斯
UA: ukraine ukr
TR: turkey turkiye tur
GR: greece grc
CZ: czechrepublic czechia cze
HU: hungary hun
RO: romania rou
MX: mexico mex 墨西哥
BR: brazil brasil bra 巴西
AR: argentina arg
CL: chile chl
CO: colombia col
PE: peru per
ZA: southafrica zaf 南非
EG: egypt egy
NG: nigeria nga
KE: kenya ken
AE: unitedarabemirates uae are
SA: saudiarabia sau
IL: israel isr
"""
_CODES = (
    "ad ae af ag ai al am ao ar as at au aw az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca "
    "cd cf cg ch ci ck cl "
    "cm cn co cr cu cv cw cy cz de dj dk dm do dz ec ee eg er es et fi fj fk fm fo fr ga gb gd ge gf gg "
    "gh gi gl gm gn gp gq "
    "gr gt gu gw gy hk hn hr ht hu id ie il im in iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky "
    "kz la lb lc li lk lr "
    "ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne ng ni nl "
    "no np nr nu nz om pa "
    "pe pf pg ph pk pl pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg si sk sl sm sn so sr ss st sv "
    "sx sy sz tc td tg th "
    "tj tl tm tn to tr tt tv tw tz ua ug us uy uz va vc ve vg vi vn vu ws ye yt za zm zw "
    "ax bl bq cc cx eh io mf nf pm sh sj tk wf xk"
)
COUNTRIES = {code: code.upper() for code in _CODES.split()} | {
    name: code
    for code, _, names in (line.partition(": ") for line in _COUNTRY_NAMES.strip().splitlines())
    for name in names.split()
}
