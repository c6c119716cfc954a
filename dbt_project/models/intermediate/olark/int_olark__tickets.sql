{{ conversation_tickets(ref('int_olark__conversations')) }}
