"""The Spark engine: the session, DuckDB's SQL in Spark's words, dbt on both, and the comparison of two homes."""
