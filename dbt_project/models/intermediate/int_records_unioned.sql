{{ config(materialized='view') }}
-- Records of every source in one shape.
{{ union_parts('records', [
    'record_id', 'source', 'object', 'native_id', 'given_name', 'middle_name', 'family_name', 'full_name', 'native_name',
    'organisation', 'birth_date', 'gender', 'street', 'unit', 'locality', 'region', 'postcode', 'country', 'language',
    'is_guest', 'created_at', 'updated_at', 'delivered_date', 'is_deleted'
]) }}
