{{ config(materialized='view') }}
-- Answers and public comments of every source in one shape.
{{ union_parts('feedback', [
    'feedback_id', 'source', 'record_id', 'survey_type', 'score', 'comment', 'occurred_at', 'order_reference', 'ticket_id',
    'product_id'
], types={'score': 'decimal(23, 4)'}) }}
