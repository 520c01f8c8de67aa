//! Photos, videos and files.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 13, Change::statements(database, SQL))
}

const SQL: &str = r#"
ALTER TABLE contribution ADD COLUMN media_kind text NULL;
ALTER TABLE contribution ADD COLUMN file_state text NULL;
ALTER TABLE contribution ADD COLUMN file_state_at {time} NULL;
CREATE INDEX ix_contribution_files ON contribution (file_state, file_state_at) WHERE file_state_at IS NOT NULL;
CREATE INDEX ix_media_space ON contribution (space_id, created_at DESC, id DESC) WHERE kind = 'MEDIA_ITEM';
CREATE INDEX ix_media_phase ON contribution (phase_id, created_at DESC, id DESC) WHERE kind = 'MEDIA_ITEM';
CREATE INDEX ix_media_author ON contribution (author_id, created_at DESC, id DESC) WHERE kind = 'MEDIA_ITEM';
CREATE INDEX ix_media_kind ON contribution (space_id, media_kind, created_at DESC, id DESC) WHERE kind = 'MEDIA_ITEM';
ALTER TABLE phase ADD COLUMN allows_pupil_uploads boolean NOT NULL DEFAULT TRUE;
ALTER TABLE space ADD COLUMN media_bytes bigint NOT NULL DEFAULT 0;
ALTER TABLE membership ADD COLUMN media_bytes bigint NOT NULL DEFAULT 0;

CREATE TABLE media_file (
    contribution_id {uuid} NOT NULL PRIMARY KEY CONSTRAINT fk_media_file_contribution REFERENCES contribution (id),
    file_name text NOT NULL,
    declared_type text NOT NULL,
    size bigint NOT NULL,
    sha256 text NOT NULL,
    charged bigint NOT NULL,
    upload_id text NULL,
    failure text NULL,
    progress integer NOT NULL,
    media_type text NULL,
    width integer NULL,
    height integer NULL,
    duration_ms bigint NULL,
    blurhash text NULL,
    variants {json} NOT NULL
);

CREATE TABLE attachment (
    host_id {uuid} NOT NULL CONSTRAINT fk_attachment_host REFERENCES contribution (id) ON DELETE CASCADE,
    version integer NOT NULL,
    position integer NOT NULL,
    item_id {uuid} NOT NULL CONSTRAINT fk_attachment_item REFERENCES contribution (id) ON DELETE CASCADE,
    is_own boolean NOT NULL,
    CONSTRAINT pk_attachment PRIMARY KEY (host_id, version, position)
);
CREATE INDEX ix_attachment_item ON attachment (item_id, host_id);
"#;
