//! Two schools with a common project, and a foreign one.

use entity::enums::{AccountKind, MobilityStatus, OrganisationKind, PhaseKind, SpaceRole};
use serde_json::json;
use sojourn::{
    features::{
        account,
        organisation::{self, NewOrganisation, PupilRow},
        space::{self, NewMember},
    },
    platform::{
        auth::Actor,
        http::Client,
        id::{self, Kind},
    },
};
use uuid::Uuid;

use super::World;

/// The password of everybody.
pub const PASSWORD: &str = "correct horse";

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Person {
    pub actor: Actor,
    pub token: String,
    pub login: String,
    /// Public id of the account.
    pub account: String,
    /// Public id of the membership in the main space (or in the foreign one); empty for the administrator and outsiders.
    pub member: String,
    /// Public id of the organisation; empty for the administrator.
    pub organisation: String,
}

/// A space of two schools, Alder and Birch, with its phase "during" open (POST), the others planned; and a foreign space.
pub struct Cast {
    /// Public id of the space.
    pub space: String,
    /// Public ids of its phases: preparation, during, after, dissemination. `during` is open.
    pub preparation: String,
    pub during: String,
    pub after: String,
    pub dissemination: String,
    pub admin: Person,
    /// Coordinator, from Alder.
    pub coordinator: Person,
    /// Teacher, mentor, observer, from Alder.
    pub teacher: Person,
    pub mentor: Person,
    pub observer: Person,
    /// A pupil of Alder who travels, and one who stays.
    pub mobile: Person,
    pub stayer: Person,
    /// Coordinator of Birch, and a pupil of Birch who travels.
    pub partner: Person,
    pub partner_pupil: Person,
    /// Staff and pupil of Alder who belong to no space.
    pub colleague: Person,
    pub bystander: Person,
    /// Coordinator and pupil (who travels) of another school in another space.
    pub foreigner: Person,
    pub foreign_pupil: Person,
    /// Public ids of the foreign space and its open phase.
    pub foreign_space: String,
    pub foreign_phase: String,
}

fn public(kind: Kind, id: Uuid) -> String {
    id::encode(kind, id).0
}

impl World {
    /// A server with the cast in it.
    pub async fn with_cast() -> (Self, Cast) {
        let world = Self::new().await;
        let cast = world.make_cast().await;
        (world, cast)
    }

    async fn person(&self, account: Uuid, secret: &str) -> Person {
        let login = account::system_login(&self.app().db, account).await.unwrap();
        let (actor, _) = self.sign_in(&login, secret).await;
        if secret != PASSWORD {
            account::password_change(self.app(), &Client::here(), &actor, secret, PASSWORD)
                .await
                .unwrap();
        }
        let (actor, token) = self.sign_in(&login, PASSWORD).await;
        let organisation = actor
            .organisation_id
            .map(|id| public(Kind::Organisation, id))
            .unwrap_or_default();
        Person {
            token,
            login,
            account: public(Kind::Account, account),
            member: String::new(),
            organisation,
            actor,
        }
    }

    /// Makes the first administrator.
    pub async fn administrator(&self) -> Person {
        let id = account::create_administrator(self.app(), "admin@sojourn.example", "Admin", (PASSWORD, false))
            .await
            .unwrap();
        self.person(id, PASSWORD).await
    }

    /// Makes an organisation.
    pub async fn organisation(&self, admin: &Person, name: &str) -> Uuid {
        let new = NewOrganisation {
            kind: OrganisationKind::School,
            name: name.to_owned(),
            city: "Town".to_owned(),
            country: "LV".to_owned(),
            time_zone: "Europe/Riga".to_owned(),
        };
        organisation::create(self.app(), &admin.actor, new, None)
            .await
            .unwrap()
            .id
    }

    /// Makes a staff account, signed in with an own password.
    pub async fn staff(&self, by: &Person, organisation: Uuid, name: &str) -> Person {
        let email = format!("{}@school.example", name.to_lowercase());
        let languages = ["en".to_owned()];
        let made = organisation::staff_create(self.app(), &by.actor, organisation, (&email, name, &languages), None);
        let made = made.await.unwrap();
        self.person(made.id, &made.secret.unwrap()).await
    }

    /// Makes a pupil account, signed in with an own password.
    pub async fn pupil(&self, by: &Person, name: &str) -> Person {
        let row = PupilRow {
            given_name: name.to_owned(),
            family_initial: "K".to_owned(),
            birth_year: 2010,
            languages: vec!["lv".to_owned(), "en".to_owned()],
        };
        let organisation = by.actor.organisation_id.unwrap();
        let made = organisation::pupils_create(self.app(), &by.actor, organisation, &[row], None)
            .await
            .unwrap();
        let made = made.rows.into_iter().next().unwrap().unwrap();
        self.person(made.id, &made.secret.unwrap()).await
    }

    /// Makes somebody a member.
    pub async fn join(
        &self,
        by: &Person,
        space: Uuid,
        who: &mut Person,
        role: SpaceRole,
        mobility: Option<MobilityStatus>,
    ) {
        let new = NewMember {
            account_id: who.actor.account_id,
            role,
            mobility,
        };
        let added = space::member_add(self.app(), &by.actor, space, &[Ok(new)], None)
            .await
            .unwrap();
        who.member = public(Kind::Membership, *added[0].as_ref().unwrap());
    }

    async fn own_membership(&self, who: &Person, space: &str) -> String {
        let data = self.ask(
            who,
            "query($space: ID!) { space(id: $space) { viewerMembership { id } } }",
            json!({ "space": space }),
        );
        data.await["space"]["viewerMembership"]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Puts the cast into a server with nobody in it.
    pub async fn make_cast(&self) -> Cast {
        let app = self.app();
        let admin = self.administrator().await;
        let (alder, birch) = (
            self.organisation(&admin, "Alder").await,
            self.organisation(&admin, "Birch").await,
        );
        let far = self.organisation(&admin, "Far").await;
        let mut coordinator = self.staff(&admin, alder, "Cora").await;
        let mut teacher = self.staff(&coordinator, alder, "Theo").await;
        let mut mentor = self.staff(&coordinator, alder, "Mira").await;
        let mut observer = self.staff(&coordinator, alder, "Otto").await;
        let colleague = self.staff(&coordinator, alder, "Colin").await;
        let (mut mobile, mut stayer) = (
            self.pupil(&coordinator, "Moira").await,
            self.pupil(&coordinator, "Stan").await,
        );
        let bystander = self.pupil(&coordinator, "Bea").await;
        let mut partner = self.staff(&admin, birch, "Paula").await;
        let mut partner_pupil = self.pupil(&partner, "Pim").await;
        let mut foreigner = self.staff(&admin, far, "Fred").await;
        let mut foreign_pupil = self.pupil(&foreigner, "Fay").await;

        let space = space::create(app, &coordinator.actor, ("Project", "About", "Europe/Riga"), None)
            .await
            .unwrap()
            .id;
        self.join(&coordinator, space, &mut teacher, SpaceRole::Teacher, None)
            .await;
        self.join(&coordinator, space, &mut mentor, SpaceRole::Mentor, None)
            .await;
        self.join(&coordinator, space, &mut observer, SpaceRole::Observer, None)
            .await;
        self.join(
            &coordinator,
            space,
            &mut mobile,
            SpaceRole::Pupil,
            Some(MobilityStatus::Mobile),
        )
        .await;
        self.join(&coordinator, space, &mut stayer, SpaceRole::Pupil, None)
            .await;
        let invitation = space::organisation_invite(app, &coordinator.actor, space, birch)
            .await
            .unwrap();
        space::organisation_accept(app, &partner.actor, invitation)
            .await
            .unwrap();
        self.join(
            &partner,
            space,
            &mut partner_pupil,
            SpaceRole::Pupil,
            Some(MobilityStatus::Mobile),
        )
        .await;
        let phases = space::phase_ids(app, &coordinator.actor, space).await.unwrap();
        space::phase_open(app, &coordinator.actor, phases[&PhaseKind::During])
            .await
            .unwrap();
        coordinator.member = self.own_membership(&coordinator, &public(Kind::Space, space)).await;
        partner.member = self.own_membership(&partner, &public(Kind::Space, space)).await;

        let foreign = space::create(app, &foreigner.actor, ("Elsewhere", "", "Europe/Riga"), None)
            .await
            .unwrap()
            .id;
        self.join(
            &foreigner,
            foreign,
            &mut foreign_pupil,
            SpaceRole::Pupil,
            Some(MobilityStatus::Mobile),
        )
        .await;
        let foreign_phases = space::phase_ids(app, &foreigner.actor, foreign).await.unwrap();
        space::phase_open(app, &foreigner.actor, foreign_phases[&PhaseKind::During])
            .await
            .unwrap();
        foreigner.member = self.own_membership(&foreigner, &public(Kind::Space, foreign)).await;
        assert_eq!(admin.actor.kind, AccountKind::Admin);

        let phase = |kind| public(Kind::Phase, phases[&kind]);
        Cast {
            space: public(Kind::Space, space),
            preparation: phase(PhaseKind::Preparation),
            during: phase(PhaseKind::During),
            after: phase(PhaseKind::After),
            dissemination: phase(PhaseKind::Dissemination),
            foreign_space: public(Kind::Space, foreign),
            foreign_phase: public(Kind::Phase, foreign_phases[&PhaseKind::During]),
            admin,
            coordinator,
            teacher,
            mentor,
            observer,
            mobile,
            stayer,
            partner,
            partner_pupil,
            colleague,
            bystander,
            foreigner,
            foreign_pupil,
        }
    }

    /// Opens a published thread and returns its public id.
    pub async fn thread(&self, who: &Person, phase: &str, title: &str) -> String {
        let input = json!({ "phaseId": phase, "title": title, "body": format!("About {title}.") });
        let payload = self.done(who, "threadCreate", input, "thread { id }").await;
        payload["thread"]["id"].as_str().unwrap().to_owned()
    }

    /// Comments, perhaps on a comment, and returns the public id.
    pub async fn comment(&self, who: &Person, root: &str, reply_to: Option<&str>, body: &str) -> String {
        let input = json!({ "rootId": root, "replyToId": reply_to, "body": body });
        let payload = self.done(who, "commentCreate", input, "comment { id }").await;
        payload["comment"]["id"].as_str().unwrap().to_owned()
    }

    /// Begins a journal entry and returns its public id.
    pub async fn entry(&self, who: &Person, phase: &str, title: &str, is_published: bool) -> String {
        let body = format!("About {title}.");
        let input =
            json!({ "phaseId": phase, "title": title, "body": body, "publish": is_published, "week": "2026-W47" });
        let payload = self.done(who, "journalEntryCreate", input, "journalEntry { id }").await;
        payload["journalEntry"]["id"].as_str().unwrap().to_owned()
    }

    /// The version of a phase.
    pub async fn phase_version(&self, who: &Person, phase: &str) -> i64 {
        let query = "query($id: ID!) { node(id: $id) { ... on Phase { version } } }";
        let data = self.ask(who, query, json!({ "id": phase })).await;
        data["node"]["version"].as_i64().unwrap()
    }

    /// Makes this the one English prompt of the week 2026-W47 and returns its public id.
    pub async fn prompt(&self, who: &Person, phase: &str, question: &str) -> String {
        let version = self.phase_version(who, phase).await;
        let input = json!({ "phaseId": phase, "expectedVersion": version, "week": "2026-W47", "language": "en",
            "prompts": [{ "question": question, "starters": ["I"], "keyCompetences": ["DIGITAL"] }] });
        let payload = self.done(who, "phasePromptsUpdate", input, "prompts { id }").await;
        payload["prompts"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Makes texts of pupils in a phase wait for a moderator.
    pub async fn pre_moderate(&self, who: &Person, phase: &str) {
        let version = self
            .ask(
                who,
                "query($id: ID!) { node(id: $id) { ... on Phase { version } } }",
                json!({ "id": phase }),
            )
            .await;
        let input = json!({ "phaseId": phase, "expectedVersion": version["node"]["version"], "moderation": "PRE" });
        self.done(who, "phaseUpdate", input, "").await;
    }
}
