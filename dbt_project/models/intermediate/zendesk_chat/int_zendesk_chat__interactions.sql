{{ conversation_interactions(ref('int_zendesk_chat__conversations')) }}
