{#
    Stand-in for a native id that is personal: the first 24 hexadecimal digits (96 bits) of
    SHA-256(key | part | part …). The key is read from the file that the run names, at query time, so that neither
    compiled SQL nor view definitions nor dbt's artifacts hold it. Without a file (unit tests) the key is a constant.
#}
{% macro keyed_hash(parts) -%}
    left({{ hex_digest("concat_ws('|', " ~ hash_key() ~ ", " ~ parts | join(", ") ~ ")") }}, 24)
{%- endmacro %}

{% macro hash_key() -%}
    {%- if var('hash_key_file') -%}
        (select trim(content) from read_text('{{ var("hash_key_file") }}'))
    {%- else -%}
        'no-key'
    {%- endif -%}
{%- endmacro %}
