with versions as (
    {{ latest_by_key(source('qualtrics', 'answers'), ['response_id', 'question_id', 'sub_question_key', 'question_option_key', 'loop_id']) }}
)

select
    trim(response_id) as response_id,
    concat_ws('_', trim(question_id), nullif(trim(sub_question_key), '')) as field,
    coalesce(nullif(value, ''), text) as value,
    _dt as delivered_date
from versions
