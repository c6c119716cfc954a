# ruff: noqa: E501  -- SQL and native records read better unwrapped
"""Households and their members: the truth that the sources then show parts of."""

from __future__ import annotations

import duckdb

from cdp_pipeline.generate._base import Plan

_HOUSEHOLDS = """
CREATE TABLE household AS
WITH slot AS (  -- every household has one member; the others fill random slots, at most three in each
  SELECT h, row_number() OVER (ORDER BY rnd(h * 4 + k, 'slot'), h, k) AS place
  FROM range(1, {households} + 1) t(h), range(3) s(k)
), size AS (
  SELECT h, 1 + count(*) FILTER (WHERE place <= {profiles} - {households}) AS size FROM slot GROUP BY h
), drawn AS (
  SELECT h, size::INT AS size,
    CASE WHEN rnd(h, 'culture') < .32 THEN 'zh' WHEN rnd(h, 'culture') < .50 THEN 'es' ELSE 'en' END AS culture,
    rnd(h, 'culture') < .14 AS in_china,
    rnd(h, 'move') < .12 AS has_moved,
    DATE '2017-02-01' + floor(rnd(h, 'moved') * 300)::INT AS move_date
  FROM size
), place AS (
  SELECT h, v, in_china,
    CASE WHEN in_china THEN {us_cities} + floor(rnd(h, 'city') * {cn_cities})::BIGINT ELSE floor(rnd(h, 'city') * {us_cities})::BIGINT END AS city_i,
    CASE WHEN in_china THEN {us_streets} + floor(rnd(h, 'street' || v) * {cn_streets})::BIGINT
         ELSE floor(rnd(h, 'street' || v) * {us_streets})::BIGINT END AS street_i
  FROM drawn CROSS JOIN range(2) t(v)
), address AS (
  SELECT h, v, c.name AS locality, c.region, c.pinyin AS locality_pinyin, c.region_pinyin,
    (1 + floor(rnd(h, 'house' || v) * 2400))::INT AS house_no, s.name AS street, s.short AS street_short,
    s.pinyin AS street_pinyin,
    CASE WHEN rnd(h, 'unit' || v) < .25 THEN (1 + floor(rnd(h, 'unit_no' || v) * 40))::INT::VARCHAR END AS unit,
    c.zip_prefix || lpad(floor(rnd(h, 'zip' || v) * CASE WHEN in_china THEN 40 ELSE 60 END)::INT::VARCHAR, 2, '0') AS postcode
  FROM place JOIN cities c ON c.i = city_i JOIN streets s ON s.i = street_i
), zh AS (
  SELECT h, arg_min(z.i, -ln(rnd(h || '-' || z.i, 'zh_surname') + 1e-12) / z.weight::DOUBLE) AS zh_i
  FROM drawn, zh_surnames z WHERE culture = 'zh' GROUP BY h
)
SELECT d.*, zh_i,
  CASE WHEN culture = 'en' THEN floor(rnd(h, 'surname') * {en_surnames})::BIGINT
       WHEN culture = 'es' THEN {en_surnames} + floor(rnd(h, 'surname') * {es_surnames})::BIGINT END AS surname_i,
  CASE WHEN in_china THEN NULL ELSE us_phone(h * 5) END AS landline,
  'family' || h || '@home.example' AS family_email,
  rnd(h, 'tablet') < .18 AS has_tablet,
  o AS old_address, n AS new_address
FROM drawn d LEFT JOIN zh USING (h)
JOIN address o ON o.h = d.h AND o.v = 0 JOIN address n ON n.h = d.h AND n.v = CASE WHEN d.has_moved THEN 1 ELSE 0 END
"""

_MEMBERS = """
CREATE TABLE member AS
WITH base AS (
  SELECT row_number() OVER (ORDER BY h, m) AS p, h, m::INT AS m, size, culture, in_china, surname_i, zh_i,
    CASE WHEN m = 1 THEN 'head' WHEN m = 2 AND rnd(h, 'couple') < .75 THEN 'spouse' ELSE 'child' END AS role
  FROM household, range(1, 5) t(m) WHERE m <= size
), kin AS (
  SELECT *,
    CASE WHEN rnd(h, 'head_gender') < .5 THEN 'male' ELSE 'female' END AS head_gender,
    DATE '1938-01-01' + floor(rnd(h, 'head_birth') * 365.25 * CASE WHEN size > 2 THEN 40 ELSE 58 END)::INT AS head_birth,
    m = 4 AND rnd(h, 'twin') < .05 AS is_twin,
    m = 3 AND culture = 'en' AND rnd(h, 'junior') < .06 AS is_junior
  FROM base
), born AS (
  SELECT *,
    CASE WHEN role = 'head' OR is_junior THEN head_gender
         WHEN role = 'spouse' THEN CASE head_gender WHEN 'male' THEN 'female' ELSE 'male' END
         WHEN rnd(h || '-' || m, 'gender') < .5 THEN 'male' ELSE 'female' END AS gender,
    CASE role WHEN 'head' THEN head_birth
      WHEN 'spouse' THEN head_birth + (floor(rnd(p, 'gap') * 3600)::INT - 1400)
      ELSE least(head_birth + (365 * 20 + floor(rnd(CASE WHEN is_twin THEN h || '-3' ELSE h || '-' || m END, 'child') * 4200)::INT),
                 DATE '2003-12-31' - floor(rnd(CASE WHEN is_twin THEN h || '-3' ELSE h || '-' || m END, 'young') * 900)::INT) END AS birth_date
  FROM kin
), western_pool AS (
  SELECT *, row_number() OVER (PARTITION BY culture, gender ORDER BY i) - 1 AS place, count(*) OVER (PARTITION BY culture, gender) AS n
  FROM given_names
), zh_pool AS (
  SELECT *, row_number() OVER (PARTITION BY gender ORDER BY i) - 1 AS place, count(*) OVER (PARTITION BY gender) AS n FROM zh_given
), drawn AS (  -- neighbours in the household are far apart in the lists, so that names inside one family differ
  SELECT b.p, b.culture, b.gender,
    (floor(pow(rnd(b.h, 'given' || b.gender), 1.5) * w.n)::BIGINT + CASE WHEN b.is_junior THEN 1 ELSE b.m END * 11) % w.n AS western_place,
    (floor(rnd(b.h, 'english') * e.n)::BIGINT + b.m * 13) % e.n AS english_place,
    (floor(rnd(b.h, 'zh1') * z.n)::BIGINT + b.m * 17) % z.n AS zh_place_1, floor(rnd(b.p, 'zh2') * z.n)::BIGINT AS zh_place_2
  FROM born b
  LEFT JOIN (SELECT DISTINCT culture, gender, n FROM western_pool) w ON w.culture = b.culture AND w.gender = b.gender
  JOIN (SELECT DISTINCT gender, n FROM western_pool WHERE culture = 'en') e ON e.gender = b.gender
  JOIN (SELECT DISTINCT gender, n FROM zh_pool) z ON z.gender = b.gender
), western AS (
  SELECT d.p, g.name, g.nicknames FROM drawn d
  JOIN western_pool g ON g.culture = d.culture AND g.gender = d.gender AND g.place = d.western_place
), english AS (
  SELECT d.p, g.name FROM drawn d JOIN western_pool g ON g.culture = 'en' AND g.gender = d.gender AND g.place = d.english_place
  WHERE d.culture = 'zh'
), chinese AS (
  SELECT d.p, a.han AS han1, a.pinyin AS py1, a.traditional AS tr1,
    CASE WHEN rnd(d.p, 'two') < .72 THEN c.han ELSE '' END AS han2,
    CASE WHEN rnd(d.p, 'two') < .72 THEN c.pinyin ELSE '' END AS py2,
    CASE WHEN rnd(d.p, 'two') < .72 THEN c.traditional ELSE '' END AS tr2
  FROM drawn d JOIN zh_pool a ON a.gender = d.gender AND a.place = d.zh_place_1
  JOIN zh_pool c ON c.gender = d.gender AND c.place = d.zh_place_2 WHERE d.culture = 'zh'
), own_zh AS (  -- Chinese couples keep their surnames
  SELECT p, CASE WHEN role = 'spouse' AND rnd(p, 'own') < .92
    THEN floor(pow(rnd(p, 'own_i'), 2) * {zh_surnames})::BIGINT ELSE zh_i END AS z FROM born WHERE culture = 'zh'
), named AS (
  SELECT b.*, coalesce(w.name, capital(py1 || py2)) AS given,
    CASE WHEN b.culture = 'zh' THEN capital(zs.pinyin)
         WHEN role = 'spouse' AND rnd(p, 'keeps') < CASE b.culture WHEN 'es' THEN .6 ELSE .25 END THEN mn.name
         ELSE sn.name END AS family,
    -- a wife who took her husband's name is still under her own in some systems
    CASE WHEN b.culture = 'en' AND role = 'spouse' AND b.gender = 'female' AND rnd(p, 'keeps') >= .25
         AND rnd(p, 'maiden') < .5 AND mn.name <> sn.name THEN mn.name END AS maiden,
    w.nicknames, en.name AS english_name, zs.han AS family_han, zs.traditional AS family_trad,
    han1 || han2 AS given_han, tr1 || tr2 AS given_trad, py1, py2
  FROM born b LEFT JOIN western w USING (p) LEFT JOIN chinese c USING (p) LEFT JOIN english en USING (p)
  LEFT JOIN own_zh o USING (p) LEFT JOIN zh_surnames zs ON zs.i = o.z
  LEFT JOIN surnames sn ON sn.i = b.surname_i
  LEFT JOIN surnames mn ON b.culture <> 'zh' AND mn.i = CASE b.culture
    WHEN 'en' THEN floor(rnd(p, 'maiden_i') * {en_surnames})::BIGINT
    ELSE {en_surnames} + floor(rnd(p, 'maiden_i') * {es_surnames})::BIGINT END
), local AS (
  SELECT *, replace(replace(lower(strip_accents(given)), '''', ''), ' ', '') AS g,
    replace(replace(lower(strip_accents(family)), '''', ''), ' ', '') AS f FROM named
), mailbox AS (
  SELECT *,
    CASE WHEN culture = 'zh' AND rnd(p, 'qq') < .3 THEN (100000000 + p * 7919 % 800000000)::VARCHAR || '@qmail.example'
      ELSE CASE floor(rnd(p, 'local') * 5)::INT WHEN 0 THEN g || '.' || f WHEN 1 THEN f || g || substr(birth_date::VARCHAR, 3, 2)
             WHEN 2 THEN g[1] || f || (p * 37 % 1000)::VARCHAR WHEN 3 THEN g || '_' || f || (p % 100)::VARCHAR
             ELSE g || f || year(birth_date)::VARCHAR END
        || '@' || CASE culture WHEN 'zh' THEN pick(['163.example','qmail.example','mail.example'], rnd(p, 'dom'))
             ELSE pick(['mail.example','fastpost.example','inbox.example','netmail.example'], rnd(p, 'dom')) END END AS mail1,
    g || '.' || f || '@' || pick(['work.example','office.example','uni.example','corp.example'], rnd(p, 'dom2')) AS mail2
  FROM local
), numbered AS (
  SELECT *, row_number() OVER (PARTITION BY mail1 ORDER BY p) AS n1, row_number() OVER (PARTITION BY mail2 ORDER BY p) AS n2
  FROM mailbox
)
SELECT * EXCLUDE (mail1, mail2, n1, n2, g, f),
  'P' || lpad(p::VARCHAR, 8, '0') AS person_id, 'H' || lpad(h::VARCHAR, 7, '0') AS household_id,
  'C' || lpad((1000000 + (p * 7919) % 9000000 + 9000000 * (p // 9000000))::VARCHAR, 7, '0') AS customer_no,
  CASE WHEN n1 > 1 THEN replace(mail1, '@', '.' || p || '@') ELSE mail1 END AS email_1,
  CASE WHEN rnd(p, 'second') < .3 THEN CASE WHEN n2 > 1 THEN replace(mail2, '@', '.' || p || '@') ELSE mail2 END END AS email_2,
  CASE WHEN in_china THEN cn_phone(p * 2) ELSE us_phone(h * 5 + m) END AS mobile,
  -- one person in five changed the number; carriers give a part of the old ones to somebody else
  CASE WHEN rnd(p, 'ported') < .2 THEN CASE WHEN in_china THEN cn_phone(p * 2 + 1)
       WHEN rnd(p, 'reassigned') < .25 AND p > 40 THEN us_phone((h - 13) * 5 + 1)
       ELSE us_phone(({households} + 10 + h) * 5 + m) END END AS old_mobile,
  count(*) OVER (PARTITION BY h, given[1]) = 1 AS is_initial_unique,
  list_extract(str_split(nicknames, ';'), 1 + floor(rnd(p, 'nick') * len(str_split(nicknames, ';')))::INT) AS nickname
FROM numbered
"""


def build_people(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Tables `household` (one row each) and `member` (one row per person `p`, with everything that is true of it)."""
    counts = con.execute(
        """SELECT (SELECT count(*) FROM cities WHERE country = 'US'), (SELECT count(*) FROM cities WHERE country = 'CN'),
        (SELECT count(*) FROM streets WHERE country = 'US'), (SELECT count(*) FROM streets WHERE country = 'CN'),
        (SELECT count(*) FROM surnames WHERE culture = 'en'), (SELECT count(*) FROM surnames WHERE culture = 'es'),
        (SELECT count(*) FROM zh_surnames)"""
    ).fetchall()[0]
    names = ("us_cities", "cn_cities", "us_streets", "cn_streets", "en_surnames", "es_surnames", "zh_surnames")
    values = dict(zip(names, counts, strict=True)) | {"profiles": plan.profiles, "households": plan.households}
    con.execute(_HOUSEHOLDS.format(**values))
    con.execute(_MEMBERS.format(**values))
