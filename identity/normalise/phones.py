"""Phone numbers as E.164, and which numbers say nothing about a person.

Rules, in this order:
1. Masked numbers (`138****5678`, `138xxxx5678`) have no value: `masked`. Rented privacy numbers — eleven digits,
   `_` and an extension, or a Chinese mobile with any extension, which a real mobile cannot have — have none either:
   `privacy`.
2. Fewer than seven digits: `too_short`. All digits the same, or a well-known filler (13800000000, 13800138000,
   5555555555, 1234567890, 12345678 …): value kept where it is a number at all, reason `placeholder`.
3. Otherwise the number is read with the row's default region; extensions are dropped. What `phonenumbers` calls
   possible is trusted, valid or not: fictitious 555 numbers and numbers newer than the library must pass.
   Chinese mobiles are also recognised where the default region is another: with 86 or 0086 in front, or bare where
   North America is the region and the digits are no number of its plan (an exchange cannot begin with 0 or 1).
   Numbers of Chinese virtual carriers (162, 165, 167, 170, 171 …) are mobiles like any other.
   A hotline has a value but no trust, since it is a company's (`hotline`): 400 and 800 numbers of China, toll-free
   ones of North America (800, 833 … 888). A short code (95533, 10086, 12345) has no value: `hotline`. The long numbers
   that begin with 95013 stand in for a customer's own for some hours: `privacy`.
4. A number without its area code (`local_only`) and what the library cannot read (`invalid`) have no value.
5. Without `+` and without a default region the digits alone are the value: equal strings still meet.
"""

from __future__ import annotations

import re
import unicodedata

from identity.normalise.emails import Normalised
from identity.normalise.text import word_set

FILLERS = word_set(
    "13800000000 13800138000 13900000000 13888888888 13999999999 13333333333 15000000000 18888888888 18800000000 "
    "13812345678 13912345678 12345678 123456789 1234567890 12345678901 12345678910 0123456789 01234567890 123123123 "
    "1231231234 5555555555 2345678901 9876543210 987654321 98765432 8005551212 5551234567 0000000000 1234567"
)
_MASK = re.compile(r"\*|\d[xX]{3,}|[xX]{3,}\d|#{3,}|•")
_PRIVACY = re.compile(r"(?:\+?86)?\d{11}_\d{1,6}")
_CN_EXTENSION = re.compile(r"(?:\+?86|0086)?[ -]?1[3-9]\d{9} ?(?:[-,，#]|转|ext\.?|x) ?\d{1,6}")
_PRIVACY_95 = re.compile(r"(?:\+?86)?95013\d{6,13}")
_SHORT_HOTLINE = re.compile(r"(?:0086|86)?(?:9[56]\d{3,4}|100\d\d|1[12]\d{3})")
_HOTLINE = re.compile(r"\+86[48]00\d{7}|\+18(?:00|33|44|55|66|77|88)\d{7}")
_CN_ABROAD = re.compile(r"(?:00)?86(1[3-9]\d{9})|(1[3-9]\d{2}[01]\d{6})")
_WORDS = frozenset({"", "-", "n/a", "na", "none", "null", "unknown", "undefined", "no", "无", "没有", "test", "测试"})


def _filler(digits: str) -> bool:
    national = digits
    for prefix in ("0086", "86", "1"):
        if digits.startswith(prefix) and len(digits) - len(prefix) in (10, 11):
            national = digits[len(prefix) :]
            break
    return digits in FILLERS or national in FILLERS or len(set(national)) == 1 or len(set(digits)) == 1


def normalise_phone(value: str | None, region: str | None = None) -> Normalised:
    """E.164 of one raw value; `region` is the ISO country for numbers without a country code, or None."""
    if value is None or not value.strip():
        return Normalised(None, "missing")
    text = unicodedata.normalize("NFKC", value).strip().strip("'\"` ")
    if text.lower() in _WORDS:
        return Normalised(None, "placeholder")
    if _MASK.search(text):
        return Normalised(None, "masked")
    if _PRIVACY.fullmatch(text.replace(" ", "")) or (region == "CN" and _CN_EXTENSION.fullmatch(text.lower())):
        return Normalised(None, "privacy")
    if text.lower().startswith("tel:"):
        text = text[4:].strip()
    digits = re.sub(r"\D", "", text)
    chinese_region = region == "CN" or text.startswith("+86")
    if chinese_region and _PRIVACY_95.fullmatch(digits):
        return Normalised(None, "privacy")
    if chinese_region and _SHORT_HOTLINE.fullmatch(digits) and len(set(digits)) > 1:
        return Normalised(None, "hotline")
    if len(digits) < 7:
        # A run of one digit is typed to get past a required field, however short.
        return Normalised(None, "placeholder" if len(digits) > 3 and len(set(digits)) == 1 else "too_short")
    chinese = _CN_ABROAD.fullmatch(digits) if region in ("US", "CA") and not text.startswith("+") else None
    if chinese:
        text, region = "+86" + (chinese[1] or chinese[2]), "CN"
    # Spreadsheets turn `'+1…` and `001…` into bare digits; `00` is the exit code outside North America.
    if region != "US" and text.startswith("00") and len(digits) > 10:
        text = "+" + text[2:]
    if not text.startswith("+") and not region:
        return Normalised(digits, "placeholder" if _filler(digits) else None)
    number, problem = _library(text, region)
    if _filler(digits):
        return Normalised(number, "placeholder")
    if number and _HOTLINE.fullmatch(number):
        return Normalised(number, "hotline")
    return Normalised(number, problem)


def _library(text: str, region: str | None) -> Normalised:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return Normalised(None, "invalid")
    parsed.extension = None
    state = phonenumbers.is_possible_number_with_reason(parsed)
    if state == phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        return Normalised(None, "local_only")
    if state != phonenumbers.ValidationResult.IS_POSSIBLE:
        return Normalised(None, "invalid")
    return Normalised(str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)), None)


def plain_phone_sql(column: str, region: str) -> str:
    """SQL that gives E.164 for plain US and Chinese mobile numbers, and NULL for every value the library must read.

    Plain: ten US digits with or without `1`/`+1`, punctuated by blanks, dots, hyphens and brackets; or eleven Chinese
    mobile digits with or without 86/+86/0086. Fillers are left to `normalise_phone`; `column` and `region` are VARCHAR
    expressions. A property test holds the result against the library.
    """
    text, digits = f"trim({column})", f"regexp_replace({column}, '[^0-9]', '', 'g')"
    fillers = "|".join(sorted(FILLERS))
    us = f"right({digits}, 10)"
    cn = f"right({digits}, 11)"
    return (
        f"CASE WHEN {region} = 'US' AND regexp_full_match({text}, '(\\+?1[ .-]?)?\\(?[2-9][0-9]{{2}}\\)?[ .-]*"
        f"[2-9][0-9]{{2}}[ .-]?[0-9]{{4}}') AND NOT regexp_full_match({digits}, '1?({fillers})') "
        f"AND {us} <> repeat(left({us}, 1), 10) "
        f"AND left({us}, 3) NOT IN ('800', '833', '844', '855', '866', '877', '888') THEN '+1' || {us} "
        f"WHEN starts_with({text}, '+86') AND regexp_full_match({text}, '\\+861[3-9][0-9]{{9}}') "
        f"AND NOT regexp_full_match({cn}, '{fillers}') THEN {text} "
        f"WHEN {region} = 'CN' AND regexp_full_match({text}, "
        f"'((\\+|00)?86[ -]?)?1[3-9][0-9][ -]?[0-9]{{4}}[ -]?[0-9]{{4}}') "
        f"AND NOT regexp_full_match({cn}, '{fillers}') THEN '+86' || {cn} END"
    )
