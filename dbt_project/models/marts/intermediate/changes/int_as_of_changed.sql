{{ config(meta={'at_rest': 'as_of_before = as_of'}) }}
-- The as-of of this build and that of the last one: what lies between them left the windows of so many days. Both are the
-- same in a build of everything.
{% if by_change() %}
select
    {{ as_of_date() }} as as_of,
    before.as_of as as_of_before
from {{ this }} as before
{% else %}
select
    {{ as_of_date() }} as as_of,
    {{ as_of_date() }} as as_of_before
{% endif %}
