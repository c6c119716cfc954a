{{ conversation_interactions(ref('int_olark__conversations')) }}
