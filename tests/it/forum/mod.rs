//! Threads, comments and their texts.

mod comments;
mod counters;
mod kinds;
mod mentions;
mod model;
mod moving;
mod reactions;
mod reading;
mod subscriptions;
mod texts;
mod threads;

use crate::support::{Cast, Person};

/// Why somebody may not do what staff do, and pupils by grant.
fn why_not(cast: &Cast, who: &Person) -> &'static str {
    let pupils = [&cast.mobile, &cast.stayer, &cast.partner_pupil];
    if pupils.iter().any(|pupil| pupil.account == who.account) {
        "NEEDS_GRANT"
    } else {
        "ROLE_NOT_ALLOWED"
    }
}
