-- A preview, test or spam response is no customer; an unfinished one is.
select
    'qualtrics:contacts:' || contact_id as record_id,
    'qualtrics' as source,
    'contacts' as object,
    contact_id as native_id,
    {{ record_columns({
        'given_name': 'given_name',
        'family_name': 'family_name',
        'created_at': 'created_at',
        'updated_at': 'updated_at'
    }) }}
from {{ ref('stg_qualtrics__contacts') }}
union all
select
    record_id,
    'qualtrics' as source,
    'respondents' as object,
    substr(record_id, length('qualtrics:respondents:') + 1) as native_id,
    {{ record_columns({
        'given_name': latest_value('recipient_given_name', ['recorded_at', 'response_id']),
        'family_name': latest_value('recipient_family_name', ['recorded_at', 'response_id']),
        'language': latest_value('language', ['recorded_at', 'response_id']),
        'created_at': 'min(recorded_at)',
        'updated_at': 'max(recorded_at)',
        'delivered_date': 'max(delivered_date)'
    }) }}
from {{ ref('int_qualtrics__responses') }}
where
    contact_id is null
    and record_id is not null
group by record_id
