BEGIN TRANSACTION;
CREATE TABLE ingest_files (
  file         TEXT PRIMARY KEY,
  source       TEXT NOT NULL,
  object       TEXT NOT NULL,
  dt           TEXT NOT NULL,
  size         INTEGER NOT NULL,
  mtime_ns     INTEGER NOT NULL,
  sha256       TEXT NOT NULL,
  contract     TEXT NOT NULL,
  status       TEXT NOT NULL,
  delivered    INTEGER NOT NULL,
  loaded       INTEGER NOT NULL,
  quarantined  INTEGER NOT NULL,
  reasons      TEXT NOT NULL,
  extra_fields TEXT NOT NULL,
  message      TEXT NOT NULL,
  run_id       TEXT NOT NULL,
  finished_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
INSERT INTO "ingest_files" VALUES('zendesk/users/dt=2025-03-01/users.jsonl','zendesk','users','2025-03-01',2048,1740787200000000000,'0000000000000000000000000000000000000000000000000000000000000000','c1','ok',20,19,1,'{"invalid JSON": 1}','{}','','run-1','2026-11-22T13:55:11.936Z');
INSERT INTO "ingest_files" VALUES('zendesk/users/dt=2025-03-02/users.jsonl','zendesk','users','2025-03-02',0,1740873600000000000,'0000000000000000000000000000000000000000000000000000000000000000','c1','empty',0,0,0,'{}','{}','no records','run-1','2026-11-22T13:55:11.984Z');
CREATE INDEX ingest_files_by_object ON ingest_files (source, object, dt);
COMMIT;
