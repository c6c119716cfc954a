# ruff: noqa: E501  -- SQL and native records read better unwrapped
"""Who has an account where, and what each system shows of its person, with the faults of life."""

from __future__ import annotations

import duckdb

# source, object, share of western and of Chinese people who have one, share of those who have a second one, and how
# often e-mail, phone, birth date, address and our customer number are filled in.
_PRESENCE = """
('zoho_crm','contacts',.56,.40,.06,.86,.86,.84,.26,.24), ('zoho_crm','leads',.08,.05,.0,.92,.80,.0,.20,.0),
('square_pos','customers',.60,.42,.07,.72,.90,.64,.12,.20), ('square_pos','loyalty_accounts',.03,.02,.0,.0,1,.0,.0,.0),
('shopify','customers',.55,.38,.06,.99,.74,.0,.28,.18), ('klaviyo','profiles',.50,.28,.03,.99,.56,.60,.10,.22),
('zendesk','users',.34,.22,.05,.94,.66,.0,.0,.22), ('delighted','people',.30,.17,.0,.99,.52,.0,.0,.0),
('facebook','leads',.09,.04,.0,.96,.84,.65,.20,.0), ('facebook','psids',.012,.006,.0,.0,.0,.0,.0,.0),
('web_events','users',.14,.10,.0,.96,.60,.50,.0,1), ('wechat','mini_users',.0,.28,.0,.0,.90,.0,.0,.0),
('wechat','mp_users',.0,.12,.0,.0,.0,.0,.0,.0), ('wechat','wecom_contacts',.0,.24,.03,.0,.88,.0,.0,.0),
('shopify','orders',.0,.0,.0,.95,.45,.0,1,.0)
"""

_ACCOUNTS = f"""
CREATE TABLE presence AS SELECT * FROM (VALUES {_PRESENCE})
  t(src, obj, west, chinese, dup, p_email, p_phone, p_dob, p_address, p_strong);
CREATE TABLE account AS
WITH pair AS (
  SELECT src, obj, p, h, dup, culture,
    rnd(p, CASE obj WHEN 'mp_users' THEN 'wechatmini_users' ELSE src || obj END) < CASE culture WHEN 'zh' THEN chinese ELSE west END AS is_in
  FROM member, presence WHERE obj <> 'orders'
), reached AS (  -- somebody with no account at all is at least in the till's directory
  SELECT *, is_in OR (NOT bool_or(is_in) OVER (PARTITION BY p)
      AND ((src = 'square_pos' AND obj = 'customers'))) AS has FROM pair
), copies AS (
  SELECT src, obj, p, h, k FROM reached, range(2) t(k) WHERE has AND (k = 0 OR rnd(p, 'dup' || src || obj) < dup)
), dated AS (
  SELECT *, src || '|' || obj || '|' || p || '|' || k AS aid,
    CASE WHEN rnd(p || '|' || k, 'new' || src || obj) < .025
         THEN TIMESTAMP '2017-12-28 08:00:00' + INTERVAL (floor(rnd(p || '|' || k, 'at' || src || obj) * 4 * 86400 * .97)::BIGINT) SECOND
         ELSE TIMESTAMP '2014-03-01 09:00:00' + INTERVAL (floor(pow(rnd(p || '|' || k, 'at' || src || obj), 1.3) * 1395 * 86400)::BIGINT) SECOND
    END AS created_at
  FROM copies
)
SELECT *, late(created_at) AS dt,
  -- a change is delivered on one of the later days
  CASE WHEN created_at < TIMESTAMP '2017-12-27' AND rnd(aid, 'changes') < .035
       AND (src, obj) IN (('zoho_crm','contacts'), ('square_pos','customers'), ('shopify','customers'), ('zendesk','users'), ('klaviyo','profiles'))
       THEN TIMESTAMP '2017-12-28 07:00:00' + INTERVAL (floor(rnd(aid, 'change_at') * 4 * 86400 * .95)::BIGINT) SECOND END AS changed_at,
  row_number() OVER (PARTITION BY src, obj ORDER BY created_at, aid) AS n
FROM dated
"""

# {accounts}: the accounts to show. Version 2 is the record after its change.
_SHOWN = """
WITH version AS (
  SELECT a.*, 1 AS v FROM {accounts} a UNION ALL SELECT a.*, 2 AS v FROM {accounts} a WHERE changed_at IS NOT NULL
), fact AS (
  SELECT x.*, m.* EXCLUDE (p, h), q.* EXCLUDE (src, obj), t.mobile AS mate_mobile, hh.landline, hh.family_email, hh.has_moved,
    hh.old_address, hh.new_address,
    rnd(aid, 'name') AS r_name, rnd(aid, 'script') AS r_script, rnd(aid, 'email') AS r_email, rnd(aid || v, 'phone') AS r_phone,
    rnd(aid, 'dob') AS r_dob
  FROM version x JOIN member m USING (p) JOIN household hh ON hh.h = x.h JOIN presence q ON q.src = x.src AND q.obj = x.obj
  LEFT JOIN member t ON t.h = x.h AND t.m = CASE WHEN m.m = 1 THEN 2 ELSE 1 END
), chosen AS (
  SELECT *,
    CASE WHEN culture <> 'zh' THEN 'latin' WHEN src = 'wechat' THEN CASE WHEN r_script < .9 THEN 'han' ELSE 'traditional' END
         WHEN src = 'zoho_crm' THEN CASE WHEN r_script < .4 THEN 'han' WHEN r_script < .46 THEN 'traditional' WHEN r_script < .95 THEN 'pinyin' ELSE 'english' END
         WHEN src = 'square_pos' THEN CASE WHEN r_script < .24 THEN 'han' WHEN r_script < .9 THEN 'pinyin' ELSE 'english' END
         ELSE CASE WHEN r_script < .34 THEN 'han' WHEN r_script < .42 THEN 'traditional' WHEN r_script < .94 THEN 'pinyin' ELSE 'english' END END AS script,
    CASE WHEN rnd(aid, 'has_email') >= p_email THEN 'none' WHEN r_email < .81 OR v = 2 OR is_junior OR is_twin THEN 'own'
         WHEN r_email < .88 THEN CASE WHEN email_2 IS NULL THEN 'own' ELSE 'second' END
         WHEN r_email < .94 THEN CASE WHEN size > 1 THEN 'family' ELSE 'own' END
         WHEN r_email < .955 THEN 'placeholder' WHEN r_email < .975 THEN 'typo' ELSE 'own' END AS email_kind,
    CASE WHEN rnd(aid, 'has_phone') >= p_phone + CASE WHEN p_phone > 0 AND email_kind <> 'own' THEN .25 ELSE 0 END THEN 'none' WHEN v = 2 THEN 'own'
         WHEN r_phone < .04 AND src = 'square_pos' AND obj = 'customers' THEN 'store'
         WHEN r_phone < .16 THEN CASE WHEN old_mobile IS NULL THEN 'own' ELSE 'old' END
         WHEN r_phone < .23 AND src <> 'wechat' AND NOT is_junior THEN CASE WHEN landline IS NULL THEN 'own' ELSE 'landline' END
         WHEN r_phone < .27 AND src <> 'wechat' AND NOT is_junior THEN CASE WHEN mate_mobile IS NULL THEN 'own' ELSE 'mate' END
         WHEN r_phone < .285 AND src <> 'wechat' THEN 'placeholder' ELSE 'own' END AS phone_kind,
    CASE WHEN rnd(aid, 'has_dob') >= p_dob THEN 'none' WHEN r_dob < .03 THEN 'placeholder' WHEN r_dob < .07 THEN 'typo'
         WHEN src = 'square_pos' AND r_dob < .30 THEN 'month_day' ELSE 'own' END AS dob_kind,
    CASE WHEN rnd(aid, 'has_address') >= p_address THEN 'none' WHEN has_moved AND v = 1 AND rnd(aid, 'stale') < .5 THEN 'old' ELSE 'new' END AS address_kind,
    CASE WHEN rnd(aid, 'strong') >= p_strong THEN 'none' WHEN p_strong < 1 AND rnd(aid, 'strong_fault') < .012 THEN 'mate'
         WHEN p_strong < 1 AND rnd(aid, 'strong_fault') < .03 THEN 'placeholder' ELSE 'own' END AS strong_kind,
    CASE WHEN (src IN ('klaviyo','delighted') AND rnd(aid, 'nameless') < .06) OR (src = 'square_pos' AND rnd(aid, 'nameless') < .02) THEN 'none'
         WHEN obj IN ('loyalty_accounts', 'mini_users', 'mp_users') THEN 'none'
         WHEN src = 'wechat' OR v = 2 THEN 'exact'
         WHEN r_name < .10 AND nickname <> '' THEN 'nickname' WHEN r_name < .13 AND is_initial_unique AND NOT is_junior THEN 'initial'
         WHEN r_name < .19 THEN 'typo' WHEN r_name < .21 THEN 'swapped' WHEN r_name < .25 THEN 'upper' WHEN r_name < .28 THEN 'lower'
         WHEN r_name < .285 THEN 'test' ELSE 'exact' END AS name_kind
  FROM fact
), settled AS (  -- nobody could assign a record that shows nothing of its own: then the own mailbox or number stands there
  SELECT * REPLACE (
    CASE WHEN p_email > 0 AND email_kind NOT IN ('own', 'second')
           AND NOT (phone_kind = 'own' AND NOT in_doubt) AND NOT (dob_kind = 'own' AND name_kind NOT IN ('none', 'initial', 'test'))
           AND NOT (name_kind NOT IN ('none', 'initial', 'test') AND address_kind = 'new' AND NOT has_kin_name AND rnd(aid, 'bare') < .7)
           OR email_kind = 'none' AND p_email > 0 AND proofs < 2 AND rnd(aid, 'second_proof') < .9
         THEN 'own' ELSE email_kind END AS email_kind,
    CASE WHEN phone_kind = 'none' AND p_email > 0 AND p_phone > 0 AND email_kind <> 'none' AND proofs = 0 AND rnd(aid, 'second_number') < .6
           OR (p_email = 0 AND p_phone > 0 AND phone_kind <> 'own' AND (obj IN ('loyalty_accounts') OR rnd(p, 'bound') >= .92)) THEN 'own'
         ELSE phone_kind END AS phone_kind,
    CASE WHEN name_kind = 'test' AND phone_kind = 'none' THEN 'exact' ELSE name_kind END AS name_kind)
  FROM (SELECT *, name_kind IN ('none', 'test') AND phone_kind <> 'own' AS in_doubt, is_junior OR (role = 'head' AND size > 2) AS has_kin_name,
    (phone_kind = 'own')::INT + (dob_kind = 'own' AND name_kind <> 'none')::INT + (address_kind <> 'none' AND name_kind <> 'none')::INT + (strong_kind = 'own')::INT AS proofs
    FROM chosen)
), named AS (
  SELECT *,
    CASE name_kind WHEN 'none' THEN NULL WHEN 'test' THEN CASE WHEN culture = 'zh' THEN '测试' ELSE 'Test' END ELSE
      CASE script WHEN 'han' THEN given_han WHEN 'traditional' THEN given_trad
        WHEN 'english' THEN english_name
        WHEN 'pinyin' THEN CASE WHEN py2 = '' OR rnd(aid, 'split') < .55 THEN capital(py1 || py2)
            WHEN rnd(aid, 'split') < .75 THEN capital(py1) || ' ' || capital(py2)
            WHEN rnd(aid, 'split') < .88 THEN capital(py1) || '-' || py2 ELSE capital(py1) || capital(py2) END
        ELSE CASE name_kind WHEN 'nickname' THEN nickname ELSE given END END END AS g0,
    CASE name_kind WHEN 'none' THEN NULL WHEN 'test' THEN CASE WHEN culture = 'zh' THEN '测试' ELSE 'Test' END ELSE
      CASE script WHEN 'han' THEN family_han WHEN 'traditional' THEN family_trad
        ELSE CASE WHEN v = 1 AND maiden IS NOT NULL AND rnd(aid, 'maiden') < .5 THEN maiden ELSE family END
             || CASE WHEN is_junior AND rnd(aid, 'suffix') < .4 THEN ' Jr.' ELSE '' END END END AS f0
  FROM settled
), spelled AS (
  SELECT *,
    CASE WHEN script IN ('han', 'traditional') THEN g0 WHEN name_kind = 'initial' THEN g0[1] || pick(['', '.'], rnd(aid, 'dot'))
      WHEN name_kind = 'typo' AND rnd(aid, 'where') < .6 THEN typo(g0, rnd(aid, 'slip')) ELSE g0 END AS g1,
    CASE WHEN script IN ('han', 'traditional') THEN f0 WHEN name_kind = 'typo' AND (rnd(aid, 'where') >= .6 OR length(g0) < 4)
      THEN typo(f0, rnd(aid, 'slip')) ELSE f0 END AS f1
  FROM named
), cased AS (
  SELECT *, CASE name_kind WHEN 'upper' THEN upper(g1) WHEN 'lower' THEN lower(g1) ELSE g1 END AS g2,
    CASE name_kind WHEN 'upper' THEN upper(f1) WHEN 'lower' THEN lower(f1) ELSE f1 END AS f2,
    name_kind = 'swapped' OR (script = 'pinyin' AND rnd(aid, 'order') < .15) AS is_swapped,
    CASE address_kind WHEN 'old' THEN old_address WHEN 'new' THEN new_address END AS a
  FROM spelled
)
SELECT aid, v, src, obj, p, h, k, n, dt AS first_dt, CASE v WHEN 1 THEN dt ELSE late(changed_at) END AS dt, created_at,
  CASE v WHEN 1 THEN created_at + INTERVAL (floor(rnd(aid, 'touch') * 86400 * 2)::BIGINT) SECOND ELSE changed_at END AS updated_at,
  person_id, culture, in_china, script, name_kind, email_kind, phone_kind, dob_kind, address_kind, strong_kind, gender,
  CASE WHEN is_swapped THEN f2 ELSE g2 END AS given, CASE WHEN is_swapped THEN g2 ELSE f2 END AS family,
  CASE WHEN g2 IS NULL THEN f2 WHEN script IN ('han', 'traditional') THEN f2 || g2
       WHEN is_swapped THEN f2 || ' ' || g2 ELSE g2 || ' ' || f2 END AS full_name,
  CASE email_kind WHEN 'own' THEN email_1 WHEN 'second' THEN email_2 WHEN 'family' THEN family_email
    WHEN 'typo' THEN typo(split_part(email_1, '@', 1), rnd(aid, 'mail_slip')) || '@' || split_part(email_1, '@', 2)
    WHEN 'placeholder' THEN pick(['noreply@example.com', 'none@none.example', 'test@test.example', 'na@na.example'], rnd(aid, 'mail_filler')) END AS email,
  CASE phone_kind WHEN 'own' THEN mobile WHEN 'old' THEN old_mobile WHEN 'landline' THEN landline WHEN 'mate' THEN mate_mobile
    WHEN 'store' THEN '+12025550' || lpad((100 + h % 6)::VARCHAR, 3, '0')
    WHEN 'placeholder' THEN pick(['000000', '13800000000', '0000000000', '123456'], rnd(aid, 'phone_filler')) END AS phone,
  CASE dob_kind WHEN 'own' THEN birth_date::VARCHAR WHEN 'placeholder' THEN '1900-01-01' WHEN 'month_day' THEN '0000' || (birth_date::VARCHAR)[5:]
    WHEN 'typo' THEN CASE WHEN day(birth_date) <= 12 THEN strftime(birth_date, '%Y-%d-%m')
      ELSE (birth_date + CASE WHEN rnd(aid, 'dob_slip') < .5 THEN 1 ELSE 10 END)::VARCHAR END END AS dob,
  CASE WHEN a IS NULL THEN NULL WHEN in_china AND script IN ('han', 'traditional') THEN a.street || a.house_no || '号'
    WHEN in_china THEN 'No. ' || a.house_no || ' ' || a.street_pinyin
    WHEN rnd(aid, 'street') < .1 THEN typo(a.house_no || ' ' || a.street, .5 + rnd(aid, 'street_slip') / 5)
    ELSE a.house_no || ' ' || CASE WHEN rnd(aid, 'short') < .45 THEN a.street_short ELSE a.street END END AS street,
  a.unit AS unit, CASE WHEN in_china AND script NOT IN ('han', 'traditional') THEN a.locality_pinyin ELSE a.locality END AS locality,
  CASE WHEN in_china AND script NOT IN ('han', 'traditional') THEN a.region_pinyin ELSE a.region END AS region,
  a.postcode AS postcode, CASE WHEN in_china THEN 'CN' ELSE 'US' END AS country,
  CASE strong_kind WHEN 'own' THEN customer_no WHEN 'placeholder' THEN '000000'
    WHEN 'mate' THEN coalesce((SELECT t.customer_no FROM member t WHERE t.h = cased.h AND t.m = CASE WHEN cased.m = 1 THEN 2 ELSE 1 END), customer_no)
    END AS customer_no,
  rnd(p, 'bound') < CASE obj WHEN 'mp_users' THEN .98 ELSE .92 END AS has_union,
  'oU' || md5('union' || p)[1:26] AS unionid
FROM cased
"""


def build_accounts(con: duckdb.DuckDBPyConnection) -> None:
    """Table `account`: one row per account `aid` of a person at a source, guest checkouts excepted."""
    con.execute(_ACCOUNTS)


def build_shown(con: duckdb.DuckDBPyConnection) -> None:
    """Table `shown`: one row per version of an account or guest checkout, as its system shows the person."""
    con.execute(
        "CREATE TABLE every_account AS SELECT src, obj, p, h, k, aid, created_at, dt, changed_at, n FROM account "
        "UNION ALL SELECT src, obj, p, h, k, aid, created_at, dt, changed_at, n FROM guest_account"
    )
    con.execute("CREATE TABLE shown AS " + _SHOWN.format(accounts="every_account"))
    # phones as people type them; the shop, the mailing tool and WeChat keep one form
    con.execute(
        """CREATE MACRO typed(ph, r) AS CASE WHEN ph IS NULL OR ph[1] <> '+' THEN ph
          WHEN ph[1:3] = '+86' THEN CASE WHEN r < .35 THEN ph[4:] WHEN r < .45 THEN '+86 ' || ph[4:6] || ' ' || ph[7:10] || ' ' || ph[11:] ELSE ph END
          WHEN r < .12 THEN '(' || ph[3:5] || ') ' || ph[6:8] || '-' || ph[9:] WHEN r < .22 THEN ph[3:5] || '-' || ph[6:8] || '-' || ph[9:]
          WHEN r < .3 THEN ph[3:] WHEN r < .36 THEN '+1 ' || ph[3:5] || '-' || ph[6:8] || '-' || ph[9:] ELSE ph END"""
    )
    con.execute(
        "UPDATE shown SET phone = typed(phone, rnd(aid, 'typed')) WHERE src IN ('zoho_crm', 'square_pos', 'zendesk') AND obj <> 'loyalty_accounts'"
    )
