{{ conversation_tickets(ref('int_zendesk_chat__conversations')) }}
