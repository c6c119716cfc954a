-- Fingerprint of the category of each product.
{{ fingerprints('select * from ' ~ ref('products'), ['product_id'], ['category']) }}
