select
    cast(record_id as varchar) as record_id,
    cast(given as varchar) as given,
    cast(family as varchar) as family,
    cast(native as varchar) as native,
    cast(organisation as varchar) as organisation
from {{ source('identity_names', 'features') }}
