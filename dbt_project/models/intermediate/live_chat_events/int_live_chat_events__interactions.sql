{{ conversation_interactions(ref('int_live_chat_events__conversations')) }}
