//! The lifecycle that threads, comments and journal entries share.

mod audience;
mod bulk;
mod edit;
mod moderation;
mod publish;
mod repeat;
mod states;
