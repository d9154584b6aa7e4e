"""The tables that are no collections', and the migrations that a stock database of 0.40 has behind it.

The text is part of the format: `sqlite_master` keeps it, and a stock server that opens the file sees its own.
"""

MIGRATIONS = (
    "1640988000_aux_init.go",
    "1640988000_init.go",
    "1717233556_v0.23_migrate.go",
    "1717233557_v0.23_migrate2.go",
    "1717233558_v0.23_migrate3.go",
    "1717233559_v0.23_migrate4.go",
    "1763020353_update_default_auth_alert_templates.go",
    "1778828400_normalize_indexes.go",
)

DATA = """
CREATE TABLE `_migrations` (file VARCHAR(255) PRIMARY KEY NOT NULL, applied INTEGER NOT NULL);
CREATE TABLE `_params` (
\t\t\t`id`      TEXT PRIMARY KEY DEFAULT ('r'||lower(hex(randomblob(7)))) NOT NULL,
\t\t\t`value`   JSON DEFAULT NULL,
\t\t\t`created` TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%fZ')) NOT NULL,
\t\t\t`updated` TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%fZ')) NOT NULL
\t\t);
CREATE TABLE `_collections` (
\t\t\t\t`id`         TEXT PRIMARY KEY DEFAULT ('r'||lower(hex(randomblob(7)))) NOT NULL,
\t\t\t\t`system`     BOOLEAN DEFAULT FALSE NOT NULL,
\t\t\t\t`type`       TEXT DEFAULT "base" NOT NULL,
\t\t\t\t`name`       TEXT UNIQUE NOT NULL,
\t\t\t\t`fields`     JSON DEFAULT "[]" NOT NULL,
\t\t\t\t`indexes`    JSON DEFAULT "[]" NOT NULL,
\t\t\t\t`listRule`   TEXT DEFAULT NULL,
\t\t\t\t`viewRule`   TEXT DEFAULT NULL,
\t\t\t\t`createRule` TEXT DEFAULT NULL,
\t\t\t\t`updateRule` TEXT DEFAULT NULL,
\t\t\t\t`deleteRule` TEXT DEFAULT NULL,
\t\t\t\t`options`    JSON DEFAULT "{}" NOT NULL,
\t\t\t\t`created`    TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%fZ')) NOT NULL,
\t\t\t\t`updated`    TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%fZ')) NOT NULL
\t\t\t);
CREATE INDEX idx__collections_type on `_collections` (`type`);
"""

AUXILIARY = """
CREATE TABLE `_logs` (
\t\t\t\t\t`id`      TEXT PRIMARY KEY DEFAULT ('r'||lower(hex(randomblob(7)))) NOT NULL,
\t\t\t\t\t`level`   INTEGER DEFAULT 0 NOT NULL,
\t\t\t\t\t`message` TEXT DEFAULT "" NOT NULL,
\t\t\t\t\t`data`    JSON DEFAULT "{}" NOT NULL,
\t\t\t\t\t`created` TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%fZ')) NOT NULL
\t\t\t\t);
CREATE INDEX idx_logs_level on `_logs` (`level`);
CREATE INDEX idx_logs_message on `_logs` (`message`);
CREATE INDEX idx_logs_created_hour on `_logs` (strftime('%Y-%m-%d %H:00:00', `created`));
"""

HOOKS = """
CREATE TABLE hooks (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    collection TEXT,
    event TEXT,
    code TEXT NOT NULL,
    enabled BOOLEAN DEFAULT 1,
    priority INTEGER DEFAULT 0,
    description TEXT,
    version INTEGER DEFAULT 1,
    last_executed DATETIME,
    execution_count INTEGER DEFAULT 0,
    error_count INTEGER DEFAULT 0,
    last_error TEXT,
    created DATETIME DEFAULT CURRENT_TIMESTAMP,
    updated DATETIME DEFAULT CURRENT_TIMESTAMP,
    created_by TEXT,
    updated_by TEXT
);
CREATE INDEX idx_hooks_type ON hooks (type);
CREATE INDEX idx_hooks_collection ON hooks (collection);
CREATE INDEX idx_hooks_enabled ON hooks (enabled);
CREATE INDEX idx_hooks_priority ON hooks (priority DESC);
CREATE TABLE hook_executions (
    id TEXT PRIMARY KEY,
    hook_id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    started_at DATETIME,
    completed_at DATETIME,
    duration_ms INTEGER,
    success BOOLEAN,
    error TEXT,
    context TEXT,
    FOREIGN KEY (hook_id) REFERENCES hooks (id) ON DELETE CASCADE
);
CREATE INDEX idx_hook_executions_hook_id ON hook_executions (hook_id);
CREATE INDEX idx_hook_executions_started_at ON hook_executions (started_at);
CREATE INDEX idx_hook_executions_success ON hook_executions (success);
"""
