{{ config(tags=['marts']) }}
select * from {{ ref('quality_checks') }}
where not is_passed and severity = 'error'
