//! Review rounds.

use crate::{Change, Database, Migration};

/// The migration.
pub(crate) fn migration(database: Database) -> Migration {
    let reports = match database {
        Database::Postgres => ALTER,
        Database::Sqlite => ANEW,
    };
    let sql = format!("{SQL}{reports}{KEYS}");
    Migration::new(module_path!(), 16, Change::statements(database, &sql))
}

const SQL: &str = r#"
CREATE TABLE review_round (
    id {uuid} NOT NULL PRIMARY KEY,
    space_id {uuid} NOT NULL CONSTRAINT fk_review_round_space REFERENCES space (id),
    phase_id {uuid} NOT NULL CONSTRAINT fk_review_round_phase REFERENCES phase (id),
    title text NOT NULL,
    instructions text NOT NULL,
    instructions_html text NOT NULL,
    state text NOT NULL,
    version integer NOT NULL,
    anonymity text NOT NULL,
    reveals_names boolean NOT NULL,
    is_shared boolean NOT NULL,
    release_policy text NOT NULL,
    reviews_wanted integer NOT NULL,
    home_min integer NOT NULL,
    partner_min integer NOT NULL,
    seed bigint NOT NULL,
    criteria {json} NOT NULL,
    plan {json} NOT NULL,
    reviews_due_at {time} NOT NULL,
    reflection_at {time} NOT NULL,
    closes_at {time} NOT NULL,
    created_by_id {uuid} NOT NULL CONSTRAINT fk_review_round_created_by REFERENCES membership (id),
    created_at {time} NOT NULL,
    opened_at {time} NULL,
    reflected_at {time} NULL,
    ended_at {time} NULL
);
CREATE INDEX ix_review_round_space ON review_round (space_id, created_at DESC, id DESC);
CREATE INDEX ix_review_round_phase ON review_round (phase_id, created_at DESC, id DESC);
CREATE INDEX ix_review_round_running ON review_round (state) WHERE state IN ('OPEN', 'REFLECTION');

CREATE TABLE review_alias (
    round_id {uuid} NOT NULL CONSTRAINT fk_review_alias_round REFERENCES review_round (id),
    member_id {uuid} NOT NULL CONSTRAINT fk_review_alias_member REFERENCES membership (id),
    number integer NOT NULL,
    CONSTRAINT pk_review_alias PRIMARY KEY (round_id, member_id),
    CONSTRAINT uq_review_alias_number UNIQUE (round_id, number)
);

CREATE TABLE review_target (
    id {uuid} NOT NULL PRIMARY KEY,
    round_id {uuid} NOT NULL CONSTRAINT fk_review_target_round REFERENCES review_round (id),
    contribution_id {uuid} NOT NULL CONSTRAINT fk_review_target_contribution REFERENCES contribution (id) ON DELETE CASCADE,
    version integer NOT NULL,
    author_id {uuid} NOT NULL CONSTRAINT fk_review_target_author REFERENCES membership (id),
    is_late boolean NOT NULL,
    created_at {time} NOT NULL,
    CONSTRAINT uq_review_target_contribution UNIQUE (round_id, contribution_id)
);
CREATE INDEX ix_review_target_round ON review_target (round_id, id);
CREATE INDEX ix_review_target_contribution ON review_target (contribution_id);

CREATE TABLE review (
    id {uuid} NOT NULL PRIMARY KEY,
    round_id {uuid} NOT NULL CONSTRAINT fk_review_round REFERENCES review_round (id),
    target_id {uuid} NOT NULL CONSTRAINT fk_review_target REFERENCES review_target (id) ON DELETE CASCADE,
    contribution_id {uuid} NOT NULL,
    reviewer_id {uuid} NOT NULL CONSTRAINT fk_review_reviewer REFERENCES membership (id),
    reviewer_account_id {uuid} NOT NULL CONSTRAINT fk_review_account REFERENCES account (id),
    state text NOT NULL,
    reasons {json} NOT NULL,
    assigned_at {time} NOT NULL,
    due_at {time} NOT NULL,
    reminded_at {time} NULL,
    started_at {time} NULL,
    submitted_at {time} NULL,
    released_at {time} NULL,
    ended_at {time} NULL,
    decline_reason text NULL,
    decline_note text NULL,
    staff_note text NULL,
    version integer NOT NULL,
    answers {json} NOT NULL,
    reaction text NULL,
    reaction_note text NULL,
    reacted_at {time} NULL,
    change_version integer NULL,
    CONSTRAINT uq_review_pair UNIQUE (target_id, reviewer_id)
);
CREATE INDEX ix_review_round ON review (round_id, id);
CREATE INDEX ix_review_contribution ON review (contribution_id, id);
CREATE INDEX ix_review_reviewer ON review (reviewer_id, round_id);
CREATE INDEX ix_review_account ON review (reviewer_account_id, due_at, id);
CREATE INDEX ix_review_due ON review (round_id, due_at) WHERE state IN ('ASSIGNED', 'STARTED');

ALTER TABLE phase ADD COLUMN closed_at {time} NULL;
ALTER TABLE event ADD COLUMN round_id {uuid} NULL;
ALTER TABLE event ADD COLUMN review_id {uuid} NULL;
ALTER TABLE notification ADD COLUMN round_id {uuid} NULL;
ALTER TABLE notification ADD COLUMN review_id {uuid} NULL;
"#;

const ALTER: &str = "
ALTER TABLE report ADD COLUMN review_id {uuid} NULL;
ALTER TABLE report DROP CONSTRAINT uq_report_reporter;
";

/// SQLite can't drop the constraint that a member reports a version of a contribution once, which members who are hurt by two
/// reviews of theirs do twice.
const ANEW: &str = "
CREATE TABLE report_next (
    id {uuid} NOT NULL PRIMARY KEY,
    space_id {uuid} NOT NULL CONSTRAINT fk_report_space REFERENCES space (id),
    contribution_id {uuid} NOT NULL CONSTRAINT fk_report_contribution REFERENCES contribution (id) ON DELETE CASCADE,
    review_id {uuid} NULL,
    version integer NOT NULL,
    reporter_id {uuid} NOT NULL CONSTRAINT fk_report_reporter REFERENCES membership (id),
    reporter_organisation_id {uuid} NOT NULL CONSTRAINT fk_report_organisation REFERENCES organisation (id),
    reporter_is_staff boolean NOT NULL,
    reason text NOT NULL,
    note text NULL,
    state text NOT NULL,
    submitted_at {time} NOT NULL,
    action text NULL,
    decision_note text NULL,
    decided_by_id {uuid} NULL CONSTRAINT fk_report_decided_by REFERENCES membership (id),
    decided_at {time} NULL,
    told_at {time} NULL
);
INSERT INTO report_next (id, space_id, contribution_id, version, reporter_id, reporter_organisation_id, reporter_is_staff, reason, note, state,
    submitted_at, action, decision_note, decided_by_id, decided_at, told_at, review_id)
    SELECT id, space_id, contribution_id, version, reporter_id, reporter_organisation_id, reporter_is_staff, reason, note, state,
    submitted_at, action, decision_note, decided_by_id, decided_at, told_at, NULL FROM report;
DROP TABLE report;
ALTER TABLE report_next RENAME TO report;
CREATE INDEX ix_report_queue ON report (space_id, submitted_at, id) WHERE state IN ('OPEN', 'ESCALATED');
CREATE INDEX ix_report_reporter ON report (reporter_id);
CREATE INDEX ix_report_untold ON report (submitted_at) WHERE told_at IS NULL AND state IN ('OPEN', 'ESCALATED');
";

const KEYS: &str = "
CREATE UNIQUE INDEX uq_report_reporter ON report (contribution_id, version, reporter_id) WHERE review_id IS NULL;
CREATE UNIQUE INDEX uq_report_review ON report (review_id, reporter_id) WHERE review_id IS NOT NULL;
";
