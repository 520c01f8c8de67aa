//! Organisations in the API, and the accounts that they make.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Description, Enum, ID, InputObject, Object, SimpleObject};
use entity::enums::AccountKind as Kind_;
use uuid::Uuid;

use super::{
    rules::{NewOrganisation, PupilRow},
    service,
    store::{self, OrganisationRow},
};
use crate::{
    app::app,
    features::account::{
        self,
        graphql::{Account, AccountKind, accounts, accounts_of},
    },
    platform::{
        db::Reader,
        error::{Reason, Refusal, Result},
        graphql::{actor, input_id, reader, ready, settle, settle_created},
        id::{self, Kind},
        idempotency::{Created, Key},
        letters::Term,
        level::{At, Level},
        page::{Listed, PageArgs, Total},
        permission::ActionPermission,
        scalar::{CountryCode, LanguageTag},
    },
};

/// What an organisation is.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::OrganisationKind")]
pub enum OrganisationKind {
    /// A school.
    School,
    /// A provider of vocational education and training.
    VetInstitution,
    /// A body that helps schools with mobilities.
    MobilityOrganisation,
    /// The body that approves projects in a country.
    NationalSupportOrganisation,
}

/// A school or another body that takes part in projects. Staff see every organisation; pupils their own and those of their
/// spaces.
#[derive(Clone, Debug, Description)]
pub struct Organisation(pub At<OrganisationRow, ()>);

#[Object(use_type_description)]
impl Organisation {
    /// Opaque id.
    pub async fn id(&self) -> ID {
        id::encode(Kind::Organisation, self.0.id)
    }

    /// What it is.
    async fn kind(&self) -> OrganisationKind {
        self.0.kind.into()
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Town.
    async fn city(&self) -> &str {
        &self.0.city
    }

    /// Country.
    async fn country(&self) -> CountryCode {
        CountryCode(self.0.country.clone())
    }

    /// IANA time zone, for instance `Europe/Riga`.
    async fn time_zone(&self) -> &str {
        &self.0.time_zone
    }

    /// The accounts of this organisation, oldest first. For its own staff; empty for everybody else.
    #[expect(clippy::too_many_arguments, reason = "a list with two filters")]
    async fn accounts(
        &self,
        #[graphql(desc = "Only accounts of this kind.")] kind: Option<AccountKind>,
        #[graphql(
            desc = "Only those of whose name or login this is a part, in any case and with or without marks; at most 200 characters."
        )]
        search: Option<String>,
        #[graphql(desc = "Number of accounts from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of accounts from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<Account>> {
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        accounts_of(self.0.reader(), self.0.id, (kind.map(Into::into), search), &args).await
    }

    /// What the viewer may do here.
    async fn viewer_can(&self) -> Result<OrganisationViewerCan> {
        let actor = self.0.reader().actor()?;
        let staff = match (actor.kind, actor.is_staff_of(self.0.id)) {
            (Kind_::Staff, true) => Ok(()),
            (Kind_::Staff, false) => Err(Reason::OtherSchool),
            _ => Err(Reason::RoleNotAllowed),
        };
        let first_staff = if actor.kind == Kind_::Admin { Ok(()) } else { staff };
        Ok(OrganisationViewerCan {
            space_create: staff.into(),
            staff_account_create: first_staff.into(),
            pupil_accounts_create: staff.into(),
            organisation_name_change: first_staff.into(),
            account_secrets_reset: staff.into(),
        })
    }
}

/// What the viewer may do with an organisation.
#[derive(SimpleObject)]
pub struct OrganisationViewerCan {
    /// Make a space as its coordinator.
    space_create: ActionPermission,
    /// Make accounts for colleagues. Administrators only the first one of an organisation.
    staff_account_create: ActionPermission,
    /// Make accounts for pupils.
    pupil_accounts_create: ActionPermission,
    /// Give it another name.
    organisation_name_change: ActionPermission,
    /// Make new one-time secrets for accounts of this organisation.
    account_secrets_reset: ActionPermission,
}

/// Organisations, as far as the viewer may see them.
pub async fn organisations(reader: &Arc<Reader>, ids: &[Uuid]) -> Result<HashMap<Uuid, Organisation>> {
    Ok(of_rows(reader, store::by_ids(reader, ids).await?))
}

/// Organisations that came with another statement.
pub fn of_rows(reader: &Arc<Reader>, rows: Vec<OrganisationRow>) -> HashMap<Uuid, Organisation> {
    let level = Level::new(reader, rows);
    level
        .all()
        .into_iter()
        .map(|organisation| (organisation.id, Organisation(organisation)))
        .collect()
}

async fn load(reader: &Arc<Reader>, id: Option<Uuid>) -> Result<Option<Organisation>> {
    let Some(id) = id else { return Ok(None) };
    Ok(organisations(reader, &[id]).await?.remove(&id))
}

/// Queries of organisations.
#[derive(Default)]
pub struct OrganisationQuery;

#[Object]
impl OrganisationQuery {
    /// Organisations by name, in the order that CLDR has for all languages together (`É` after `E`, `Ł` after `L`), to invite them into a
    /// space. For staff and administrators; empty for pupils.
    async fn organisations(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Only those of whose name or city this is a part, in any case and with or without marks; at most 200 characters."
        )]
        search: Option<String>,
        #[graphql(desc = "Number of organisations from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of organisations from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<Organisation>> {
        let reader = ready(ctx)?;
        let page = PageArgs {
            first,
            after,
            last,
            before,
        }
        .page(store::ORDER)?;
        let term = Term::of(search.as_deref())?;
        if reader.actor()?.kind == Kind_::Pupil {
            return Ok(crate::platform::page::Cut::default().connection(Total::known(0)));
        }
        let cut = store::page(reader, term.as_ref(), &page).await?;
        let level = Level::new(reader, cut.rows.clone());
        let reader = Arc::clone(reader);
        let total = Total::new(move || {
            let (reader, term) = (Arc::clone(&reader), term.clone());
            Box::pin(async move { store::count(&reader, term.as_ref()).await })
        });
        Ok(cut
            .with(level.all().into_iter().map(Organisation).collect())
            .connection(total))
    }
}

/// Input of `organisationCreate`.
#[derive(InputObject)]
pub struct OrganisationCreateInput {
    /// What it is.
    kind: OrganisationKind,
    /// Its name, at most 200 characters.
    name: String,
    /// Town, at most 100 characters.
    city: String,
    /// Country.
    country: CountryCode,
    /// IANA time zone, for instance `Europe/Riga`.
    time_zone: String,
    /// 16 to 64 characters, new for every organisation: a repeated call with the same key and input makes nothing twice.
    idempotency_key: Option<String>,
}

/// Answer of `organisationCreate`.
#[derive(SimpleObject, Default)]
pub struct OrganisationCreatePayload {
    /// The new organisation.
    organisation: Option<Organisation>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `organisationNameChange`.
#[derive(InputObject)]
pub struct OrganisationNameChangeInput {
    /// The organisation.
    organisation_id: ID,
    /// Its new name, at most 200 characters.
    name: String,
}

/// Answer of `organisationNameChange`.
#[derive(SimpleObject, Default)]
pub struct OrganisationNameChangePayload {
    /// The organisation as it is now.
    organisation: Option<Organisation>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `staffAccountCreate`.
#[derive(InputObject)]
pub struct StaffAccountCreateInput {
    /// The organisation that the person belongs to.
    organisation_id: ID,
    /// E-mail address: the login.
    email: String,
    /// The name that members see, at most 100 characters.
    display_name: String,
    /// Languages in order of preference, at least 1 and at most 10.
    languages: Vec<LanguageTag>,
    /// 16 to 64 characters, new for every account: a repeated call with the same key and input makes nothing twice.
    idempotency_key: Option<String>,
}

/// Answer of `staffAccountCreate`.
#[derive(SimpleObject, Default)]
pub struct StaffAccountCreatePayload {
    /// The new account; null if the viewer may not see it (an administrator made it).
    account: Option<Account>,
    /// What the new account signs in with.
    login: Option<String>,
    /// The one-time secret: shown this once. Its owner must replace it at the first sign-in.
    secret: Option<String>,
    /// True if this call repeats an earlier one; `secret` is null then.
    is_replay: bool,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `pupilAccountsCreate`.
#[derive(InputObject)]
pub struct PupilAccountsCreateInput {
    /// Your own school.
    organisation_id: ID,
    /// The pupils, at least 1 and at most 200.
    rows: Vec<PupilRowInput>,
    /// 16 to 64 characters, new for every batch: a repeated call with the same key and input makes nothing twice.
    idempotency_key: Option<String>,
}

/// One pupil. Nothing more is asked for than classmates and the law need.
#[derive(InputObject)]
pub struct PupilRowInput {
    /// Given name, at most 60 characters.
    given_name: String,
    /// First letter of the family name.
    family_initial: String,
    /// Year of birth: pupils are 5 to 25 years old.
    birth_year: i32,
    /// Languages in order of preference, at least 1 and at most 10.
    languages: Vec<LanguageTag>,
}

/// Answer of `pupilAccountsCreate`.
#[derive(SimpleObject, Default)]
pub struct PupilAccountsCreatePayload {
    /// One result for each row, in the same order, at most 200.
    results: Vec<PupilAccountResult>,
    /// True if this call repeats an earlier one; the secrets are null then.
    is_replay: bool,
    /// What went wrong with the whole; empty if the batch was processed.
    user_errors: Vec<Refusal>,
}

/// What became of one pupil.
#[derive(SimpleObject)]
pub struct PupilAccountResult {
    /// Position in the input.
    index: i32,
    /// The new account; its `login` is the user name.
    account: Option<Account>,
    /// The one-time secret: shown this once, to be handed over on paper. The pupil must replace it at the first sign-in.
    secret: Option<String>,
    /// What went wrong with this row.
    user_errors: Vec<Refusal>,
}

/// Mutations of organisations.
#[derive(Default)]
pub struct OrganisationMutation;

#[Object]
impl OrganisationMutation {
    /// Makes an organisation. Platform administrators only.
    async fn organisation_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: OrganisationCreateInput,
    ) -> Result<Option<OrganisationCreatePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let work = async {
            let key = Key::new("organisationCreate", input.idempotency_key.as_deref(), &input)?;
            let new = NewOrganisation {
                kind: input.kind.into(),
                name: input.name,
                city: input.city,
                country: input.country.0,
                time_zone: input.time_zone,
            };
            service::create(app, actor, new, key).await
        };
        let (created, mut user_errors) = settle_created(ctx, work).await?;
        let found = load(reader(ctx)?, created.map(|created| created.id)).await?;
        Ok(Some(OrganisationCreatePayload {
            organisation: Created::read_back(created, found, &mut user_errors)?,
            user_errors,
        }))
    }

    /// Mends the name of an organisation. Its own staff, and platform administrators. It is shown everywhere at once; in each space in which
    /// it takes part a `SPACE_UPDATED` follows.
    async fn organisation_name_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: OrganisationNameChangeInput,
    ) -> Result<Option<OrganisationNameChangePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("organisationId", &[Kind::Organisation], &input.organisation_id);
        let known = id.as_ref().ok().copied().filter(|_| actor.ready().is_ok());
        let work = async { service::name_change(app, actor, id?, &input.name).await };
        let (_, user_errors) = settle(ctx, work).await?;
        Ok(Some(OrganisationNameChangePayload {
            organisation: load(reader(ctx)?, known).await?,
            user_errors,
        }))
    }

    /// Makes the account of a colleague, with a one-time secret. Staff for their own organisation; administrators the first
    /// account of an organisation.
    async fn staff_account_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: StaffAccountCreateInput,
    ) -> Result<Option<StaffAccountCreatePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let login = account::staff_login(&input.email).ok();
        let work = async {
            let key = Key::new("staffAccountCreate", input.idempotency_key.as_deref(), &input)?;
            let organisation = input_id("organisationId", &[Kind::Organisation], &input.organisation_id)?;
            let languages: Vec<String> = input.languages.into_iter().map(|tag| tag.0).collect();
            let person = (input.email.as_str(), input.display_name.as_str(), languages.as_slice());
            service::staff_create(app, actor, organisation, person, key).await
        };
        let (made, mut user_errors) = settle(ctx, work).await?;
        let Some(made) = made else {
            let known = user_errors.iter().find_map(|refusal| refusal.stands_for);
            return Ok(Some(StaffAccountCreatePayload {
                account: accounts(reader(ctx)?, known.as_slice()).await?.into_values().next(),
                user_errors,
                ..Default::default()
            }));
        };
        let found = accounts(reader(ctx)?, &[made.id]).await?.remove(&made.id);
        let is_replay = made.secret.is_none();
        let created = Created { id: made.id, is_replay };
        // Administrators see no accounts of others.
        let account = match actor.kind {
            Kind_::Admin => found,
            _ => Created::read_back(Some(created), found, &mut user_errors)?,
        };
        Ok(Some(StaffAccountCreatePayload {
            account,
            login,
            secret: made.secret,
            is_replay,
            user_errors,
        }))
    }

    /// Makes accounts for up to 200 pupils of the own school, each with a unique user name and a one-time secret. Faulty rows
    /// are reported one by one; the others are made.
    async fn pupil_accounts_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: PupilAccountsCreateInput,
    ) -> Result<Option<PupilAccountsCreatePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let work = async {
            let key = Key::new("pupilAccountsCreate", input.idempotency_key.as_deref(), &input)?;
            let organisation = input_id("organisationId", &[Kind::Organisation], &input.organisation_id)?;
            let rows = input.rows.into_iter().map(|row| PupilRow {
                given_name: row.given_name,
                family_initial: row.family_initial,
                birth_year: row.birth_year,
                languages: row.languages.into_iter().map(|tag| tag.0).collect(),
            });
            service::pupils_create(app, actor, organisation, &rows.collect::<Vec<_>>(), key).await
        };
        let (made, user_errors) = settle(ctx, work).await?;
        let Some(made) = made else {
            return Ok(Some(PupilAccountsCreatePayload {
                user_errors,
                ..Default::default()
            }));
        };
        let ids: Vec<Uuid> = made
            .rows
            .iter()
            .filter_map(|row| row.as_ref().ok().map(|made| made.id))
            .collect();
        let mut accounts = accounts(reader(ctx)?, &ids).await?;
        let mut results = Vec::with_capacity(made.rows.len());
        for (position, row) in made.rows.into_iter().enumerate() {
            let index = i32::try_from(position).unwrap_or(i32::MAX);
            results.push(match row {
                Ok(made) => PupilAccountResult {
                    index,
                    account: accounts.remove(&made.id),
                    secret: made.secret,
                    user_errors: Vec::new(),
                },
                Err(error) => {
                    let user_errors = error.at(&["rows", &position.to_string()]).into_refusals()?;
                    PupilAccountResult {
                        index,
                        account: None,
                        secret: None,
                        user_errors,
                    }
                }
            });
        }
        Ok(Some(PupilAccountsCreatePayload {
            results,
            is_replay: made.is_replay,
            user_errors,
        }))
    }
}
