{{ conversation_tickets(ref('int_live_chat_events__conversations')) }}
