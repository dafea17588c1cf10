CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE TABLE ledger ( seq INTEGER PRIMARY KEY CHECK (seq > 0), kind TEXT NOT NULL, hash BLOB NOT NULL CHECK (length(hash) = 32), wire BLOB NOT NULL) STRICT;
CREATE TABLE identity ( one INTEGER PRIMARY KEY CHECK (one = 1), ledger TEXT NOT NULL, gate TEXT NOT NULL) STRICT;
CREATE TABLE watermarks ( one INTEGER PRIMARY KEY CHECK (one = 1), published INTEGER NOT NULL, confirmed INTEGER NOT NULL, rejected INTEGER NOT NULL) STRICT;
CREATE TABLE pending_times (seq INTEGER PRIMARY KEY) STRICT;
CREATE TABLE workers ( code TEXT PRIMARY KEY, name TEXT NOT NULL, active INTEGER NOT NULL CHECK (active IN (0, 1))) STRICT;
CREATE TABLE prints ( slot INTEGER NOT NULL CHECK (slot >= 0), generation INTEGER NOT NULL CHECK (generation > 0), worker TEXT NOT NULL REFERENCES workers (code), finger TEXT NOT NULL, removed INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1)), PRIMARY KEY (slot, generation)) STRICT;
CREATE UNIQUE INDEX one_print_a_slot ON prints (slot) WHERE removed = 0;
CREATE UNIQUE INDEX one_slot_a_finger ON prints (worker, finger) WHERE removed = 0;
INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('edge-agent', 'm001_ledger', '2026-11-23 00:00:00');
INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('edge-agent', 'm002_people', '2026-11-23 00:00:00');
