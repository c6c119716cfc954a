{{ conversation_tickets(ref('int_intercom__conversations')) }}
