-- Which build of the marts this warehouse holds; cdp_pipeline/marts_refresh.py compares it with its own mark.
select cast('{{ env_var("CDP_MARTS_BUILD", "") if execute else "" }}' as varchar) as build_id
