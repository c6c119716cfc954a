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
  finished_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  filled       TEXT NOT NULL DEFAULT '{}',
  drift        TEXT NOT NULL DEFAULT '[]'
);
INSERT INTO "ingest_files" VALUES('zendesk/users/dt=2025-03-01/users.jsonl','zendesk','users','2025-03-01',2048,1740787200000000000,'0000000000000000000000000000000000000000000000000000000000000000','c1','ok',20,19,1,'{"invalid JSON": 1}','{}','','run-1','2026-11-22T13:55:12.628Z','{"id": 19}','[]');
INSERT INTO "ingest_files" VALUES('zendesk/users/dt=2025-03-02/users.jsonl','zendesk','users','2025-03-02',0,1740873600000000000,'0000000000000000000000000000000000000000000000000000000000000000','c1','empty',0,0,0,'{}','{}','no records','run-1','2026-11-22T13:55:12.642Z','{}','[]');
CREATE TABLE ingest_log (
  id           INTEGER PRIMARY KEY,
  run_id       TEXT NOT NULL,
  file         TEXT NOT NULL,
  source       TEXT NOT NULL,
  object       TEXT NOT NULL,
  dt           TEXT NOT NULL,
  contract     TEXT NOT NULL,
  status       TEXT NOT NULL,
  delivered    INTEGER NOT NULL,
  loaded       INTEGER NOT NULL,
  quarantined  INTEGER NOT NULL,
  reasons      TEXT NOT NULL,
  extra_fields TEXT NOT NULL,
  message      TEXT NOT NULL,
  seconds      REAL NOT NULL,
  finished_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE TABLE quarantine_replays (
  id           INTEGER PRIMARY KEY,
  run_id       TEXT NOT NULL,
  file         TEXT NOT NULL,
  contract     TEXT NOT NULL,
  origin       TEXT NOT NULL,
  refused      INTEGER NOT NULL,
  released     INTEGER NOT NULL,
  finished_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX ingest_files_by_object ON ingest_files (source, object, dt);
CREATE INDEX ingest_log_by_run ON ingest_log (run_id);
COMMIT;
