-- Previews (1), tests (2) and spam (8) are no responses; exports with labels write words.
with versions as (
    {{ latest_by_key(source('qualtrics', 'responses'), ['response_id'], updated_at='updated_at') }}
)

select
    trim(response_id) as response_id,
    survey_id,
    coalesce(is_finished, progress = 100, true) as is_finished,
    started_at,
    recorded_at,
    updated_at,
    trim(recipient_email) as recipient_email,
    {{ clean_name('recipient_given_name') }} as recipient_given_name,
    {{ clean_name('recipient_family_name') }} as recipient_family_name,
    trim(external_reference) as external_reference,
    lower(channel) as channel,
    lower(language) as language,
    coalesce(answers, _extra) as answers,
    _dt as delivered_date
from versions
where
    coalesce(lower(trim(status)), '0') not in ('1', '2', '8', '9', '10', '12', '17', '18', '40', '48', 'spam')
    and coalesce(lower(status), '') not like '%preview%'
    and coalesce(lower(status), '') not like '%test%'
