select * from {{ ref('stg_analytics__experiment_results') }}
