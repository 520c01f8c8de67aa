//! The weekly rhythm of the journal: prompts with all their wordings, and co-authors of entries.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    Migration::new(module_path!(), 6, Change::statements(database, SQL))
}

const SQL: &str = r#"
CREATE TABLE prompt (
    id {uuid} NOT NULL PRIMARY KEY,
    phase_id {uuid} NOT NULL CONSTRAINT fk_prompt_phase REFERENCES phase (id),
    week text NOT NULL,
    language text NOT NULL,
    position integer NULL,
    version integer NOT NULL,
    created_at {time} NOT NULL
);
CREATE INDEX ix_prompt_week ON prompt (phase_id, week, position) WHERE position IS NOT NULL;

CREATE TABLE prompt_version (
    prompt_id {uuid} NOT NULL CONSTRAINT fk_prompt_version_prompt REFERENCES prompt (id),
    version integer NOT NULL,
    question text NOT NULL,
    starters {json} NOT NULL,
    key_competences {json} NOT NULL,
    created_at {time} NOT NULL,
    CONSTRAINT pk_prompt_version PRIMARY KEY (prompt_id, version)
);

CREATE TABLE co_author (
    contribution_id {uuid} NOT NULL CONSTRAINT fk_co_author_contribution REFERENCES contribution (id) ON DELETE CASCADE,
    member_id {uuid} NOT NULL CONSTRAINT fk_co_author_member REFERENCES membership (id),
    position integer NOT NULL,
    confirmed_version integer NULL,
    confirmed_at {time} NULL,
    CONSTRAINT pk_co_author PRIMARY KEY (contribution_id, member_id)
);
CREATE INDEX ix_co_author_member ON co_author (member_id, contribution_id) WHERE confirmed_at IS NOT NULL;
"#;
