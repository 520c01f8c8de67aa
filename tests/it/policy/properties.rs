//! What holds for the policy whatever the facts.

use chrono::{DateTime, TimeDelta, Utc};
use entity::enums::{
    Audience, Capability, ContentState, ContributionKind, MediaState, MobilityStatus, ModerationMode, PhaseState,
    SpaceRole, SpaceState,
};
use proptest::{option, prelude::*, sample::select};
use sea_orm::Iterable;
use sojourn::policy::{self, Content, ContentAction, Member, Phase, PhaseAction, Root, Space, SpaceAction};
use uuid::Uuid;

fn any_of<E: Iterable + Clone + std::fmt::Debug + 'static>() -> impl Strategy<Value = E> {
    select(E::iter().collect::<Vec<_>>())
}

/// One of a few people, so that the viewer is often the author.
fn somebody() -> impl Strategy<Value = Uuid> {
    (1_u128..4).prop_map(Uuid::from_u128)
}

fn time() -> impl Strategy<Value = DateTime<Utc>> {
    (0_i64..1000).prop_map(|days| DateTime::UNIX_EPOCH + TimeDelta::days(days))
}

fn members() -> impl Strategy<Value = Member> {
    let facts = (
        somebody(),
        any_of(),
        somebody(),
        option::of(any_of::<MobilityStatus>()),
        option::of(time()),
    );
    facts.prop_map(|(id, role, organisation_id, mobility, pre_moderated_until)| Member {
        id,
        role,
        organisation_id,
        mobility: mobility.filter(|_| role == SpaceRole::Pupil),
        pre_moderated_until,
        capabilities: Vec::new(),
    })
}

/// A pupil with some grants, and staff with none.
fn granted() -> impl Strategy<Value = Member> {
    let all: Vec<Capability> = Capability::iter().collect();
    (members(), proptest::sample::subsequence(all.clone(), 0..=all.len())).prop_map(|(member, capabilities)| Member {
        capabilities: if member.role == SpaceRole::Pupil {
            capabilities
        } else {
            Vec::new()
        },
        ..member
    })
}

fn spaces() -> impl Strategy<Value = Space> {
    (any_of(), option::of(time()), any::<bool>()).prop_map(|(state, closed_at, has_open_phase)| Space {
        state,
        closed_at,
        has_open_phase,
    })
}

fn phases() -> impl Strategy<Value = Phase> {
    let facts = (
        any_of::<SpaceState>(),
        any_of::<PhaseState>(),
        any_of::<ModerationMode>(),
        any::<(bool, bool, bool)>(),
    );
    facts.prop_map(|(space, state, moderation, (threads, comments, uploads))| Phase {
        space,
        state,
        moderation,
        allows_pupil_threads: threads,
        allows_pupil_comments: comments,
        allows_pupil_uploads: uploads,
    })
}

fn contents() -> impl Strategy<Value = Content> {
    let root = (
        any_of(),
        any_of(),
        somebody(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    );
    let root = root.prop_map(
        |(state, audience, author_id, is_by_staff, has_pending_version, is_locked)| Root {
            state,
            audience,
            author_id,
            is_by_staff,
            is_sealed: has_pending_version,
            hides_answers: has_pending_version && is_by_staff,
            has_pending_version,
            is_locked,
        },
    );
    let own = (
        any_of::<ContributionKind>(),
        any_of::<ContentState>(),
        any_of::<Audience>(),
        somebody(),
    );
    (own, any::<(bool, bool, bool, bool)>(), any::<bool>(), root).prop_map(
        |((kind, state, audience, author_id), flags, has_replies, root)| Content {
            kind,
            state,
            audience,
            author_id,
            is_by_staff: flags.2,
            is_sealed: flags.3,
            has_pending_version: flags.0,
            has_replies,
            is_co_author: false,
            has_report: false,
            has_open_report: false,
            file: (kind == ContributionKind::MediaItem).then_some(match flags {
                (_, true, _, _) => MediaState::Ready,
                (true, _, _, _) => MediaState::Requested,
                _ => MediaState::Failed,
            }),
            is_shown_by_host: false,
            lacks_alt_text: false,
            is_locked: flags.1,
            root: (kind == ContributionKind::Comment).then_some(root),
        },
    )
}

fn at(phase: &Phase, state: PhaseState) -> Phase {
    Phase { state, ..phase.clone() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_closed_or_planned_phase_allows_a_subset_of_an_open_one(
        viewer in granted(), phase in phases(), content in contents(), state in any_of::<PhaseState>()
    ) {
        let (other, open) = (at(&phase, state), at(&phase, PhaseState::Open));
        for action in ContentAction::ALL {
            if policy::content(action, &viewer, &other, &content).is_ok() {
                prop_assert_eq!(policy::content(action, &viewer, &open, &content), Ok(()), "{:?}", action);
            }
        }
        for action in [
            PhaseAction::Update, PhaseAction::ThreadCreate, PhaseAction::JournalEntryCreate, PhaseAction::MediaUpload,
            PhaseAction::AlbumCreate,
        ] {
            if policy::phase(action, &viewer, &other).is_ok() {
                prop_assert_eq!(policy::phase(action, &viewer, &open), Ok(()), "{:?}", action);
            }
        }
    }

    #[test]
    fn a_closed_phase_allows_moderation_lowering_and_removal_alone(
        viewer in members(), phase in phases(), content in contents()
    ) {
        use ContentAction as A;
        let closed = at(&phase, PhaseState::Closed);
        let left = [
            A::AudienceLower, A::Remove, A::Approve, A::Return, A::Hide, A::Restore, A::Pin, A::Lock, A::Move, A::Report,
        ];
        for action in ContentAction::ALL.into_iter().filter(|action| !left.contains(action)) {
            prop_assert!(policy::content(action, &viewer, &closed, &content).is_err(), "{:?}", action);
        }
        for action in [PhaseAction::ThreadCreate, PhaseAction::JournalEntryCreate, PhaseAction::MediaUpload, PhaseAction::AlbumCreate] {
            prop_assert!(policy::phase(action, &viewer, &closed).is_err(), "{:?}", action);
        }
    }

    #[test]
    fn an_archived_space_allows_nothing_that_writes(
        viewer in granted(), space in spaces(), phase in phases(), content in contents(), now in time()
    ) {
        let space = Space { state: SpaceState::Archived, ..space };
        let phase = Phase { space: SpaceState::Archived, ..phase };
        for action in SpaceAction::ALL {
            prop_assert!(policy::space(action, &viewer, &space, now).is_err(), "{:?}", action);
        }
        for action in PhaseAction::ALL {
            prop_assert!(policy::phase(action, &viewer, &phase).is_err(), "{:?}", action);
        }
        for action in ContentAction::ALL {
            prop_assert!(policy::content(action, &viewer, &phase, &content).is_err(), "{:?}", action);
        }
    }

    /// What the written table leaves out: these facts decide about sight, not about what is done with what is seen.
    #[test]
    fn permission_does_not_ask_for_audience_or_moderation(
        viewer in members(), phase in phases(), content in contents(), other in contents(),
        moderation in any_of::<ModerationMode>()
    ) {
        let someone = Member { organisation_id: Uuid::nil(), pre_moderated_until: None, ..viewer.clone() };
        let elsewhere = Phase { moderation, ..phase.clone() };
        let root = content.root.clone().map(|root| {
            let known = other.root.clone().unwrap_or_else(|| root.clone());
            Root { state: root.state, is_locked: root.is_locked, ..known }
        });
        let alike = Content { audience: other.audience, root, ..content.clone() };
        for action in ContentAction::ALL {
            let verdict = policy::content(action, &viewer, &phase, &content);
            prop_assert_eq!(policy::content(action, &someone, &elsewhere, &alike), verdict, "{:?}", action);
        }
    }

    #[test]
    fn only_authors_and_staff_change_what_is_there(
        viewer in members(), phase in phases(), content in contents()
    ) {
        let is_near = viewer.is_staff() || viewer.id == content.author_id;
        let answers = [ContentAction::CommentCreate, ContentAction::React, ContentAction::Report];
        for action in ContentAction::ALL.into_iter().filter(|action| !answers.contains(action)) {
            let verdict = policy::content(action, &viewer, &phase, &content);
            prop_assert!(is_near || verdict.is_err(), "{:?}", action);
        }
    }

    #[test]
    fn a_grant_never_reaches_the_own_work_nor_that_of_staff(
        viewer in granted(), phase in phases(), content in contents()
    ) {
        use ContentAction as A;
        let without = Member { capabilities: Vec::new(), ..viewer.clone() };
        let is_out_of_reach = content.is_by_staff || content.author_id == viewer.id || content.is_co_author;
        for action in [A::Approve, A::Return, A::Hide, A::Restore, A::Remove] {
            let (with, without) = (
                policy::content(action, &viewer, &phase, &content),
                policy::content(action, &without, &phase, &content),
            );
            if is_out_of_reach {
                prop_assert_eq!(with.is_ok(), without.is_ok(), "{:?}", action);
            }
            let is_for_all = content.root.as_ref().map_or(content.audience, |root| root.audience) == Audience::Space;
            prop_assert!(with.is_err() || without.is_ok() || (is_for_all && phase.state == PhaseState::Open));
        }
        prop_assert_eq!(policy::sees_backstage(&viewer, &content), policy::sees_backstage(&without, &content));
        if content.is_by_staff {
            prop_assert_eq!(policy::decides(&viewer, &content), policy::decides(&without, &content));
        }
    }

    #[test]
    fn a_grant_takes_nothing_away(viewer in granted(), phase in phases(), content in contents(), space in spaces(), now in time()) {
        let without = Member { capabilities: Vec::new(), ..viewer.clone() };
        prop_assert!(!policy::sees(&without, &content) || policy::sees(&viewer, &content));
        prop_assert!(!policy::sees_text(&without, &content) || policy::sees_text(&viewer, &content));
        for action in ContentAction::ALL {
            let (with, without) = (
                policy::content(action, &viewer, &phase, &content),
                policy::content(action, &without, &phase, &content),
            );
            prop_assert!(without.is_err() || with.is_ok(), "{:?}", action);
        }
        for action in PhaseAction::ALL {
            prop_assert!(policy::phase(action, &without, &phase).is_err() || policy::phase(action, &viewer, &phase).is_ok());
        }
        for action in SpaceAction::ALL {
            let is_moderation = action == SpaceAction::Moderate && viewer.has(Capability::Moderate);
            let verdict = policy::space(action, &viewer, &space, now);
            prop_assert!(is_moderation || verdict == policy::space(action, &without, &space, now));
        }
    }

    #[test]
    fn an_observer_writes_nothing(viewer in members(), phase in phases(), content in contents()) {
        let viewer = Member { role: SpaceRole::Observer, mobility: None, ..viewer };
        for action in ContentAction::ALL.into_iter().filter(|action| *action != ContentAction::Report) {
            prop_assert!(policy::content(action, &viewer, &phase, &content).is_err(), "{:?}", action);
        }
        for action in PhaseAction::ALL {
            prop_assert!(policy::phase(action, &viewer, &phase).is_err(), "{:?}", action);
        }
    }

    #[test]
    fn who_sees_a_comment_sees_its_root(viewer in granted(), comment in contents()) {
        if let Some(root) = comment.root.clone() {
            let root = Content {
                kind: ContributionKind::Thread,
                state: root.state,
                audience: root.audience,
                author_id: root.author_id,
                is_by_staff: root.is_by_staff,
                is_sealed: root.is_sealed,
                has_pending_version: root.has_pending_version,
                has_replies: false,
                is_co_author: false,
 has_report: false, has_open_report: false, file: None, is_shown_by_host: false, lacks_alt_text: false,
                is_locked: root.is_locked,
                root: None,
            };
            prop_assert!(!policy::sees(&viewer, &comment) || policy::sees(&viewer, &root));
        }
    }

    #[test]
    fn a_wider_audience_is_seen_by_no_fewer(viewer in granted(), content in contents()) {
        let with = |audience| Content { audience, root: None, kind: ContributionKind::Thread, ..content.clone() };
        for (narrow, wide) in [(Audience::Author, Audience::Staff), (Audience::Staff, Audience::Space)] {
            prop_assert!(!policy::sees(&viewer, &with(narrow)) || policy::sees(&viewer, &with(wide)));
        }
    }
}
