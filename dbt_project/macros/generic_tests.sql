{# No two rows agree in all `columns`. #}
{% test unique_together(model, columns) %}
select {{ columns | join(', ') }}
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}

{# `expression` holds in every row (NULL fails). #}
{% test expression_is_true(model, expression) %}
select 1 as failed
from {{ model }}
where not coalesce({{ expression }}, false)
{% endtest %}
