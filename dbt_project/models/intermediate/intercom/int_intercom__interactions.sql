{{ conversation_interactions(ref('int_intercom__conversations')) }}
