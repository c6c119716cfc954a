with versions as (
    {{ latest_by_key(source('google_reviews', 'reviews'), ['review_id'], updated_at='updated_at') }}
)

select
    review_id,
    {{ regexp_group('resource_name', 'locations/([^/]+)', 1) }} as location_id,
    case star_rating
        when 'ONE' then 1
        when 'TWO' then 2
        when 'THREE' then 3
        when 'FOUR' then 4
        when 'FIVE' then 5
    end as stars,
    -- Behind the marker stands what the reviewer wrote.
    case
        when position('{{ var("translation_marker") }}' in content) > 0
            then regexp_replace(
                substr(content, position('{{ var("translation_marker") }}' in content) + {{ var("translation_marker") | length }}), '^[ \n\r]+', ''
            )
        else content
    end as content,
    replied_at,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
