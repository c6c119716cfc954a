-- The receiver may be another person than the buyer, and the number may be rented: evidence, no proof.
{{ identifier_rows(ref('int_marketplace__people'), [
    {'kind': 'external_id', 'namespace': 'buyer_namespace', 'column': 'buyer_id'},
    {'kind': 'phone', 'column': 'receiver_phone', 'trusted': 'false', 'reason': "'checkout_contact'"},
    {'kind': 'phone', 'column': 'confirmed_phone'}
]) }}
