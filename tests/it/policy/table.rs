//! Who may do what, written down: one line for each action and role, with the least conditions under which it is allowed.
//!
//! The policy is asked about every combination of facts. When it changes on purpose, write the file anew with
//! `SOJOURN_TEST_UPDATE=1 cargo test --test it policy::table`, and read the difference.

use chrono::{DateTime, TimeDelta, Utc};
use entity::enums::{
    Anonymity, AssignmentState, Audience, Capability, ContentState, ContributionKind, MediaState, MobilityStatus,
    ModerationMode, PhaseState, RoundState, SpaceRole, SpaceState,
};
use sea_orm::{ActiveEnum, Iterable};
use sojourn::policy::{
    self, Content, ContentAction, Member, Phase, PhaseAction, REOPEN_WITHIN, Review, ReviewDeed, Root, RoundAction,
    Space, SpaceAction,
};
use uuid::Uuid;

use super::cover::{Fact, conditions, fact, flag};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/policy.snap");
const VIEWER: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

fn all<E: Iterable>() -> Vec<E> {
    E::iter().collect()
}

fn pick<E: Iterable>(place: usize) -> E {
    E::iter().nth(place).unwrap()
}

fn of<E: Iterable + ActiveEnum<Value = String>>(name: &'static str) -> Fact {
    fact(name, all::<E>().iter().map(ActiveEnum::to_value))
}

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn member(role: SpaceRole) -> Member {
    Member {
        id: VIEWER,
        role,
        organisation_id: OTHER,
        mobility: None,
        pre_moderated_until: None,
        capabilities: Vec::new(),
    }
}

fn granted(capability: Capability) -> Member {
    Member {
        capabilities: vec![capability],
        ..member(SpaceRole::Pupil)
    }
}

fn author(is_own: usize) -> Uuid {
    if is_own == 1 { VIEWER } else { OTHER }
}

fn spaces(lines: &mut Vec<String>) {
    let facts = [
        of::<SpaceState>("space"),
        fact("closed", ["never", "lately", "long ago"]),
        flag("phase open"),
    ];
    for action in SpaceAction::ALL {
        for role in all::<SpaceRole>() {
            let allows = |point: &[usize]| {
                let closed_at = match point[1] {
                    0 => None,
                    1 => Some(now() - REOPEN_WITHIN),
                    _ => Some(now() - REOPEN_WITHIN - TimeDelta::microseconds(1)),
                };
                let space = Space {
                    state: pick(point[0]),
                    closed_at,
                    has_open_phase: point[2] == 1,
                };
                policy::space(action, &member(role), &space, now()).is_ok()
            };
            lines.push(line("space", &format!("{action:?}"), role, &conditions(&facts, allows)));
        }
    }
}

fn phases(lines: &mut Vec<String>) {
    let facts = [
        of::<SpaceState>("space"),
        of::<PhaseState>("phase"),
        of::<ModerationMode>("moderation"),
        flag("pupils' threads"),
        flag("pupils' comments"),
        flag("pupils' uploads"),
        mobility(),
    ];
    for action in PhaseAction::ALL {
        for role in all::<SpaceRole>() {
            let allows = |point: &[usize]| policy::phase(action, &travelling(role, point[6]), &phase(point)).is_ok();
            lines.push(line("phase", &format!("{action:?}"), role, &conditions(&facts, allows)));
        }
    }
}

fn mobility() -> Fact {
    let none = ["none"].into_iter().map(str::to_owned);
    fact(
        "mobility",
        none.chain(all::<MobilityStatus>().iter().map(ActiveEnum::to_value)),
    )
}

/// A member by a point of [`mobility`].
fn travelling(role: SpaceRole, point: usize) -> Member {
    Member {
        mobility: point.checked_sub(1).map(pick),
        ..member(role)
    }
}

/// A phase by the first six of the facts.
fn phase(point: &[usize]) -> Phase {
    Phase {
        space: pick(point[0]),
        state: pick(point[1]),
        moderation: pick(point[2]),
        allows_pupil_threads: point[3] == 1,
        allows_pupil_comments: point[4] == 1,
        allows_pupil_uploads: point[5] == 1,
    }
}

/// Kinds that are texts first.
const TEXTS: [ContributionKind; 3] = [
    ContributionKind::Thread,
    ContributionKind::Comment,
    ContributionKind::JournalEntry,
];

/// Media items, going by where their file stands, and albums, which have none.
fn media(lines: &mut Vec<String>, kind: ContributionKind) {
    let mut facts = vec![
        flag("own"),
        of::<SpaceState>("space"),
        of::<PhaseState>("phase"),
        flag("pupils' uploads"),
        of::<ContentState>("state"),
        flag("has replies"),
    ];
    let has_file = kind == ContributionKind::MediaItem;
    if has_file {
        facts.extend([of::<MediaState>("file"), flag("lacks alt text")]);
    }
    let name = if has_file { "media" } else { "album" };
    for action in ContentAction::ALL {
        for role in all::<SpaceRole>() {
            let allows = |point: &[usize]| {
                let content = Content {
                    kind,
                    state: pick(point[4]),
                    audience: Audience::Space,
                    author_id: author(point[0]),
                    is_by_staff: false,
                    is_sealed: false,
                    has_pending_version: false,
                    has_replies: point[5] == 1,
                    is_co_author: false,
                    has_report: false,
                    has_open_report: false,
                    file: has_file.then(|| pick(point[6])),
                    is_shown_by_host: false,
                    lacks_alt_text: has_file && point[7] == 1,
                    is_locked: false,
                    root: None,
                };
                let phase = phase(&[point[1], point[2], 0, 1, 1, point[3]]);
                policy::content(action, &member(role), &phase, &content).is_ok()
            };
            lines.push(line(name, &format!("{action:?}"), role, &conditions(&facts, allows)));
        }
    }
}

fn contents(lines: &mut Vec<String>) {
    let facts = [
        flag("own"),
        of::<SpaceState>("space"),
        of::<PhaseState>("phase"),
        flag("pupils' threads"),
        flag("pupils' comments"),
        fact("kind", TEXTS.map(|kind| kind.to_value())),
        of::<ContentState>("state"),
        flag("edit waits"),
        flag("has replies"),
        flag("locked"),
        of::<ContentState>("root"),
        flag("root locked"),
        mobility(),
    ];
    for action in ContentAction::ALL
        .into_iter()
        .filter(|action| ![ContentAction::Confirm, ContentAction::Upload, ContentAction::Retry].contains(action))
    {
        for role in all::<SpaceRole>() {
            let allows = |point: &[usize]| {
                let phase = phase(&[point[1], point[2], 0, point[3], point[4], 1]);
                let kind = TEXTS[point[5]];
                let root = Root {
                    state: pick(point[10]),
                    audience: Audience::Space,
                    author_id: OTHER,
                    is_by_staff: false,
                    is_sealed: false,
                    has_pending_version: false,
                    is_locked: point[11] == 1,
                    hides_answers: false,
                };
                let content = Content {
                    kind,
                    state: pick(point[6]),
                    audience: Audience::Space,
                    author_id: author(point[0]),
                    is_by_staff: false,
                    is_sealed: false,
                    has_pending_version: point[7] == 1,
                    has_replies: point[8] == 1,
                    is_co_author: false,
                    has_report: false,
                    has_open_report: false,
                    file: None,
                    is_shown_by_host: false,
                    lacks_alt_text: false,
                    is_locked: point[9] == 1,
                    root: (kind == ContributionKind::Comment).then_some(root),
                };
                policy::content(action, &travelling(role, point[12]), &phase, &content).is_ok()
            };
            lines.push(line(
                "content",
                &format!("{action:?}"),
                role,
                &conditions(&facts, allows),
            ));
        }
    }
}

/// Who brings back what is hidden, going by what was reported.
fn restorations(lines: &mut Vec<String>) {
    let facts = [
        flag("own"),
        flag("by staff"),
        fact("report", ["none", "upheld", "open"]),
    ];
    for role in all::<SpaceRole>() {
        let allows = |point: &[usize]| {
            let content = Content {
                kind: ContributionKind::Thread,
                state: ContentState::Hidden,
                audience: Audience::Space,
                author_id: author(point[0]),
                is_by_staff: point[1] == 1,
                is_sealed: false,
                has_pending_version: false,
                has_replies: false,
                is_co_author: false,
                has_report: point[2] > 0,
                has_open_report: point[2] == 2,
                file: None,
                is_shown_by_host: false,
                lacks_alt_text: false,
                is_locked: false,
                root: None,
            };
            policy::content(
                ContentAction::Restore,
                &member(role),
                &phase(&[0, 1, 0, 1, 1, 1]),
                &content,
            )
            .is_ok()
        };
        lines.push(line("hidden", "Restore", role, &conditions(&facts, allows)));
    }
}

fn confirmations(lines: &mut Vec<String>) {
    let facts = [
        flag("own"),
        flag("co-author"),
        of::<SpaceState>("space"),
        of::<PhaseState>("phase"),
        of::<ContentState>("state"),
        flag("edit waits"),
    ];
    for role in all::<SpaceRole>() {
        let allows = |point: &[usize]| {
            let phase = phase(&[point[2], point[3], 0, 0, 0, 0]);
            let content = Content {
                kind: ContributionKind::JournalEntry,
                state: pick(point[4]),
                audience: Audience::Space,
                author_id: author(point[0]),
                is_by_staff: false,
                is_sealed: false,
                has_pending_version: point[5] == 1,
                has_replies: false,
                is_co_author: point[1] == 1,
                has_report: false,
                has_open_report: false,
                file: None,
                is_shown_by_host: false,
                lacks_alt_text: false,
                is_locked: false,
                root: None,
            };
            policy::content(ContentAction::Confirm, &member(role), &phase, &content).is_ok()
        };
        lines.push(line("content", "Confirm", role, &conditions(&facts, allows)));
    }
}

/// What pupils may do by grant.
fn grants(lines: &mut Vec<String>) {
    let facts = [
        flag("own"),
        flag("co-author"),
        flag("by staff"),
        of::<PhaseState>("phase"),
        flag("pupils' threads"),
        of::<ContributionKind>("kind"),
        of::<ContentState>("state"),
        of::<Audience>("audience"),
        flag("edit waits"),
    ];
    let content = |point: &[usize]| {
        let (author_id, kind, audience) = (author(point[0]), pick(point[5]), pick(point[7]));
        let root = Root {
            state: ContentState::Published,
            audience,
            author_id: OTHER,
            is_by_staff: true,
            is_sealed: false,
            has_pending_version: false,
            is_locked: false,
            hides_answers: false,
        };
        Content {
            kind,
            state: pick(point[6]),
            audience,
            author_id,
            is_by_staff: point[2] == 1,
            is_sealed: false,
            has_pending_version: point[8] == 1,
            has_replies: false,
            is_co_author: point[1] == 1,
            has_report: false,
            has_open_report: false,
            file: None,
            is_shown_by_host: false,
            lacks_alt_text: false,
            is_locked: false,
            root: (kind == ContributionKind::Comment).then_some(root),
        }
    };
    let phase = |point: &[usize]| phase(&[0, point[3], 0, point[4], 1, 1]);
    for capability in all::<Capability>() {
        let viewer = granted(capability);
        let mut add = |action: String, allows: &dyn Fn(&[usize]) -> bool| {
            let found = conditions(&facts, allows);
            lines.push(format!("grant {action} {}: {found}", capability.to_value()));
        };
        for action in ContentAction::ALL {
            add(format!("{action:?}"), &|point| {
                policy::content(action, &viewer, &phase(point), &content(point)).is_ok()
            });
        }
        for action in [PhaseAction::ThreadCreate, PhaseAction::JournalEntryCreate] {
            add(format!("{action:?}"), &|point| {
                policy::phase(action, &viewer, &phase(point)).is_ok()
            });
        }
        add("See".to_owned(), &|point| policy::sees(&viewer, &content(point)));
        add("Read".to_owned(), &|point| {
            policy::sees(&viewer, &content(point)) && policy::sees_text(&viewer, &content(point))
        });
        add("SeeWaiting".to_owned(), &|point| {
            policy::sees(&viewer, &content(point)) && policy::decides(&viewer, &content(point))
        });
        add("SeeBackstage".to_owned(), &|point| {
            policy::sees(&viewer, &content(point)) && policy::sees_backstage(&viewer, &content(point))
        });
    }
}

fn sights(lines: &mut Vec<String>) {
    let own = || [flag("own"), of::<ContentState>("state")];
    let root = || [of::<Audience>("audience"), flag("something waits")];
    let above = || [flag("own root"), of::<ContentState>("root")];
    let question = || [flag("unanswered")];
    let roots = [&own()[..], &root()].concat();
    let comments = [&own()[..], &above(), &root(), &question()].concat();
    let root_of = |point: &[usize]| Content {
        kind: ContributionKind::Thread,
        state: pick(point[1]),
        audience: pick(point[2]),
        author_id: author(point[0]),
        is_by_staff: false,
        is_sealed: false,
        has_pending_version: point[3] == 1,
        has_replies: false,
        is_co_author: false,
        has_report: false,
        has_open_report: false,
        file: None,
        is_shown_by_host: false,
        lacks_alt_text: false,
        is_locked: false,
        root: None,
    };
    let comment_of = |point: &[usize]| Content {
        kind: ContributionKind::Comment,
        state: pick(point[1]),
        audience: Audience::Space,
        author_id: author(point[0]),
        is_by_staff: false,
        is_sealed: false,
        has_pending_version: false,
        has_replies: false,
        is_co_author: false,
        has_report: false,
        has_open_report: false,
        file: None,
        is_shown_by_host: false,
        lacks_alt_text: false,
        is_locked: false,
        root: Some(Root {
            author_id: author(point[2]),
            is_by_staff: false,
            is_sealed: false,
            state: pick(point[3]),
            audience: pick(point[4]),
            has_pending_version: point[5] == 1,
            is_locked: false,
            hides_answers: point[6] == 1,
        }),
    };
    type Sight = fn(&Member, &Content) -> bool;
    let reads: Sight = |viewer, content| policy::sees(viewer, content) && policy::sees_text(viewer, content);
    let behind: Sight = |viewer, content| policy::sees(viewer, content) && policy::sees_backstage(viewer, content);
    for (name, sight) in [
        ("See", policy::sees as Sight),
        ("Read", reads),
        ("SeeBackstage", behind),
    ] {
        for role in all::<SpaceRole>() {
            let conditions = conditions(&roots, |point| sight(&member(role), &root_of(point)));
            lines.push(line("root", name, role, &conditions));
        }
        for role in all::<SpaceRole>() {
            let conditions = conditions(&comments, |point| sight(&member(role), &comment_of(point)));
            lines.push(line("comment", name, role, &conditions));
        }
    }
}

fn waits(lines: &mut Vec<String>) {
    let facts = [
        of::<ModerationMode>("moderation"),
        fact("member watched", ["never", "until now", "for longer"]),
        of::<Audience>("audience"),
    ];
    for role in all::<SpaceRole>() {
        let allows = |point: &[usize]| {
            let viewer = Member {
                pre_moderated_until: [None, Some(now()), Some(now() + TimeDelta::microseconds(1))][point[1]],
                ..member(role)
            };
            policy::is_pre_moderated(&viewer, pick(point[0]), pick(point[2]), now())
        };
        lines.push(line("text", "Wait", role, &conditions(&facts, allows)));
    }
}

fn rounds(lines: &mut Vec<String>) {
    let facts = [
        of::<SpaceState>("space"),
        of::<PhaseState>("phase"),
        of::<RoundState>("round"),
    ];
    for action in RoundAction::ALL {
        for role in all::<SpaceRole>() {
            let allows = |point: &[usize]| {
                let phase = phase(&[point[0], point[1], 0, 0, 0, 0]);
                policy::round(action, &member(role), &phase, pick(point[2])).is_ok()
            };
            lines.push(line("round", &format!("{action:?}"), role, &conditions(&facts, allows)));
        }
    }
    for role in all::<SpaceRole>() {
        let facts = [flag("was opened")];
        let sees = |point: &[usize]| policy::sees_round(&member(role), point[0] == 1);
        lines.push(line("round", "see", role, &conditions(&facts, sees)));
        let facts = [mobility(), flag("REVIEW")];
        let reviews = |point: &[usize]| {
            let capabilities = if point[1] == 1 {
                vec![Capability::Review]
            } else {
                Vec::new()
            };
            let member = Member {
                capabilities,
                ..travelling(role, point[0])
            };
            policy::reviews(&member)
        };
        lines.push(line("round", "be given reviews", role, &conditions(&facts, reviews)));
    }
}

/// What of a review matters to those who act on it.
fn acted_on(point: &[usize]) -> Review {
    Review {
        round: pick(point[2]),
        anonymity: Anonymity::Open,
        is_revealed: false,
        is_shared: false,
        state: pick(point[3]),
        reviewer_id: author(point[4]),
        is_by_viewer: point[5] == 1,
        is_target_public: true,
        was_released: point[6] == 1,
        is_overdue: point[7] == 1,
        has_declined: point[8] == 1,
        is_phase_long_closed: point[9] == 1,
    }
}

/// What of a review matters to those who see it.
fn seen(point: &[usize]) -> Review {
    Review {
        anonymity: pick(point[1]),
        is_revealed: point[2] == 1,
        is_shared: point[3] == 1,
        is_target_public: point[6] == 1,
        ..acted_on(&[0, 0, 1, point[0], point[4], point[5], 0, 0, 0, 0])
    }
}

/// Whether a member sees something of a review.
type Sight = fn(&Member, &Review) -> bool;

fn reviews(lines: &mut Vec<String>) {
    let facts = [
        of::<SpaceState>("space"),
        of::<PhaseState>("phase"),
        of::<RoundState>("round"),
        of::<AssignmentState>("state"),
        flag("own"),
        flag("of own work"),
        flag("was released"),
        flag("overdue"),
        flag("has declined"),
        flag("phase long closed"),
    ];
    for deed in ReviewDeed::ALL {
        for role in all::<SpaceRole>() {
            let allows = |point: &[usize]| {
                let phase = phase(&[point[0], point[1], 0, 0, 0, 0]);
                policy::review(deed, &member(role), &phase, &acted_on(point)).is_ok()
            };
            lines.push(line("review", &format!("{deed:?}"), role, &conditions(&facts, allows)));
        }
    }
    let facts = [
        of::<AssignmentState>("state"),
        of::<Anonymity>("anonymity"),
        flag("revealed"),
        flag("shared"),
        flag("own"),
        flag("of own work"),
        flag("public"),
    ];
    let sights: [(&str, Sight); 4] = [
        ("see its assignment", policy::sees_assignment),
        ("see", policy::sees_review),
        ("know its reviewer", policy::knows_reviewer),
        ("know its author", policy::knows_author),
    ];
    for (name, sees) in sights {
        for role in all::<SpaceRole>() {
            let allows = |point: &[usize]| sees(&member(role), &seen(point));
            lines.push(line("review", name, role, &conditions(&facts, allows)));
        }
    }
}

fn line(subject: &str, action: &str, role: SpaceRole, conditions: &str) -> String {
    format!("{subject} {action} {}: {conditions}", role.to_value())
}

#[test]
fn the_table_is_the_one_that_was_agreed() {
    let mut lines = Vec::new();
    spaces(&mut lines);
    phases(&mut lines);
    contents(&mut lines);
    media(&mut lines, ContributionKind::MediaItem);
    media(&mut lines, ContributionKind::Album);
    confirmations(&mut lines);
    restorations(&mut lines);
    sights(&mut lines);
    grants(&mut lines);
    waits(&mut lines);
    rounds(&mut lines);
    reviews(&mut lines);
    let found = lines.join("\n") + "\n";
    if std::env::var("SOJOURN_TEST_UPDATE").is_ok_and(|update| update == "1") {
        std::fs::write(FILE, &found).unwrap();
    }
    let agreed = std::fs::read_to_string(FILE).unwrap_or_default();
    let agreed: Vec<&str> = agreed.lines().collect();
    let gone = agreed
        .iter()
        .filter(|line| !found.lines().any(|other| other == **line))
        .map(|line| format!("- {line}"));
    let new = found
        .lines()
        .filter(|line| !agreed.contains(line))
        .map(|line| format!("+ {line}"));
    let changes: Vec<String> = gone.chain(new).collect();
    assert!(changes.is_empty(), "the policy has changed:\n{}", changes.join("\n"));
}
