//! The tables of Sojourn, one file each: shape only, no logic, no GraphQL.
//!
//! Identifiers are UUIDv7 made by the server; times are UTC, cut to microseconds. Enum columns hold the
//! SCREAMING_SNAKE_CASE names of the public API.

pub mod account;
pub mod attachment;
pub mod audit_head;
pub mod audit_record;
pub mod capability_grant;
pub mod co_author;
pub mod contribution;
pub mod decision;
pub mod enums;
pub mod event;
pub mod idempotency;
pub mod job;
pub mod known_network;
pub mod media_file;
pub mod membership;
pub mod notification;
pub mod notification_mute;
pub mod organisation;
pub mod password_change;
pub mod phase;
pub mod prompt;
pub mod prompt_version;
pub mod reaction;
pub mod report;
pub mod review;
pub mod review_alias;
pub mod review_round;
pub mod review_target;
pub mod review_value;
pub mod revision;
pub mod session;
pub mod session_link;
pub mod space;
pub mod space_organisation;
pub mod stream;
pub mod subscription;
pub mod thread_read;
