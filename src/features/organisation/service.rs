//! Making organisations and the accounts of their people.

use entity::{
    enums::{AccountKind, AuditAct},
    organisation,
};
use uuid::Uuid;

use super::{
    RENAMED,
    rules::{self, NewOrganisation, PupilRow},
    store,
};
use crate::{
    app::App,
    features::account::{self, NewAccount},
    platform::{
        audit::{INSTALLATION, Record},
        auth::{Actor, secret},
        db::{Reader, Tx},
        error::{Checks, Error, Reason, Result},
        id::Kind,
        idempotency::{self, Claim, Created, Key},
        job::NewJob,
        letters::VERSION,
        scalar, text,
    },
};

/// Makes an organisation.
///
/// # Errors
/// `FORBIDDEN` for all but administrators; `INVALID`.
pub async fn create(app: &App, actor: &Actor, new: NewOrganisation, key: Option<Key>) -> Result<Created> {
    if actor.kind != AccountKind::Admin {
        return Err(Error::forbidden(Reason::RoleNotAllowed));
    }
    let new = &rules::organisation(new)?;
    let (id, key) = (app.clock.new_id(), &key);
    app.db
        .write(None, |tx| {
            Box::pin(async move {
                if let Claim::Replay(id) = idempotency::claim(tx, actor.account_id, key.as_ref(), id).await? {
                    return Ok(id);
                }
                let letters = store::letters(&new.name, &new.city);
                let row = organisation::Model {
                    id,
                    kind: new.kind,
                    name: new.name.clone(),
                    name_key: rules::name_key(&new.name, &new.city),
                    sort_key: letters.sort_key,
                    search_key: letters.search_key,
                    letters_version: VERSION,
                    city: new.city.clone(),
                    country: new.country.clone(),
                    time_zone: new.time_zone.clone(),
                    created_at: tx.clock().now(),
                };
                store::insert(tx, row).await?;
                for chain in [INSTALLATION, id] {
                    let subject = (Kind::Organisation, id);
                    let record = Record::new(AuditAct::OrganisationCreated, actor.account_id, subject);
                    tx.audit(chain, record.after(new.kind));
                }
                Ok(id)
            })
        })
        .await
        .map(|made| Created::of(made, id))
}

/// Gives an organisation another name: it shows in all its spaces at once. The same name changes nothing.
///
/// # Errors
/// `FORBIDDEN` for all but its staff and platform administrators, `NOT_FOUND`, `INVALID` at `name`.
pub async fn name_change(app: &App, actor: &Actor, id: Uuid, name: &str) -> Result<()> {
    if actor.kind != AccountKind::Admin {
        own_staff(app, actor, id).await?;
    }
    let name = rules::name(name).map_err(|error| error.at(&["name"]))?;
    let name = &name;
    app.db
        .write(None, |tx| {
            Box::pin(async move {
                let known = store::lock(tx, id).await?;
                let known = known.ok_or_else(|| Error::not_found().at(&["organisationId"]))?;
                if *name == known.name {
                    return Ok(());
                }
                store::set_name(tx, &known, name, rules::name_key(name, &known.city)).await?;
                tx.enqueue(NewJob {
                    kind: RENAMED,
                    subject_id: id,
                    space_id: None,
                    due_at: tx.clock().now(),
                });
                for chain in [INSTALLATION, id] {
                    let act = AuditAct::OrganisationNameChanged;
                    tx.audit(chain, Record::new(act, actor.account_id, (Kind::Organisation, id)));
                }
                Ok(())
            })
        })
        .await
}

/// An account that was made, with its one-time secret unless this is a replay.
#[derive(Clone, Debug)]
pub struct Made {
    /// The account.
    pub id: Uuid,
    /// Its one-time secret.
    pub secret: Option<String>,
}

/// Makes a staff account: staff for their own organisation, administrators the first of an organisation.
///
/// # Errors
/// `FORBIDDEN`, `INVALID`, `NOT_FOUND` for an organisation that isn't there.
pub async fn staff_create(
    app: &App,
    actor: &Actor,
    organisation: Uuid,
    (email, display_name, languages): (&str, &str, &[String]),
    key: Option<Key>,
) -> Result<Made> {
    if actor.kind != AccountKind::Admin {
        own_staff(app, actor, organisation).await?;
    }
    let mut checks = Checks::default();
    let login = checks.field("email", account::staff_login(email))?.unwrap_or_default();
    let display_name = checks
        .field("displayName", text::line(display_name, account::LONGEST_NAME))?
        .unwrap_or_default();
    let languages = checks
        .field("languages", scalar::languages(languages))?
        .unwrap_or_default();
    checks.done()?;
    if let Some(id) = idempotency::replay(&app.db, actor, key.as_ref()).await? {
        return Ok(Made { id, secret: None });
    }
    let secret = secret::one_time();
    let new = &NewAccount {
        id: app.clock.new_id(),
        kind: AccountKind::Staff,
        login,
        display_name,
        languages,
        organisation_id: Some(organisation),
        birth_year: None,
        password_hash: app.passwords.hash(&secret).await?,
        is_one_time: true,
    };
    let key = &key;
    let claim = app.db.write(None, |tx| {
        Box::pin(async move {
            let claim = idempotency::claim(tx, actor.account_id, key.as_ref(), new.id).await?;
            if claim == Claim::New {
                let has_staff = store::has_staff(tx, organisation).await?;
                let has_staff = has_staff.ok_or_else(|| Error::not_found().at(&["organisationId"]))?;
                if has_staff && actor.kind == AccountKind::Admin {
                    return Err(Error::forbidden(Reason::StateNotAllowed));
                }
                if !account::insert(tx, Some(actor.account_id), new.clone()).await? {
                    return Err(account::login_taken().at(&["email"]));
                }
            }
            Ok(claim)
        })
    });
    Ok(match claim.await? {
        Claim::New => Made {
            id: new.id,
            secret: Some(secret),
        },
        Claim::Replay(id) => Made { id, secret: None },
    })
}

/// What became of a batch of pupils.
#[derive(Debug)]
pub struct MadePupils {
    /// One result for each row.
    pub rows: Vec<Result<Made>>,
    /// Whether the batch was made before.
    pub is_replay: bool,
}

/// Makes pupil accounts with user names and one-time secrets. A faulty row doesn't hold up the others.
///
/// # Errors
/// `FORBIDDEN` for all but staff of the organisation; `INVALID` for no or more than 200 rows.
pub async fn pupils_create(
    app: &App,
    actor: &Actor,
    organisation: Uuid,
    rows: &[PupilRow],
    key: Option<Key>,
) -> Result<MadePupils> {
    own_staff(app, actor, organisation).await?;
    if rows.is_empty() {
        return Err(Error::invalid(Reason::Required, "At least one row.").at(&["rows"]));
    }
    if rows.len() > rules::MOST_ROWS {
        return Err(Error::invalid(Reason::TooLong, format!("At most {} rows.", rules::MOST_ROWS)).at(&["rows"]));
    }
    let year = rules::year(app.clock.now());
    let checked: Vec<Result<PupilRow>> = rows.iter().map(|row| rules::pupil(row, year)).collect();
    let replay = idempotency::replay(&app.db, actor, key.as_ref()).await?;
    let secrets: Vec<String> = rows.iter().map(|_| secret::one_time()).collect();
    let hashes = if replay.is_some() {
        Vec::new()
    } else {
        app.passwords.hash_all(&secrets).await?
    };
    // The ids of a batch follow from the batch's own, so that a replay finds its accounts without a table of batches.
    let batch = app.clock.new_id();
    let (checked_rows, hashes, key) = (&checked, &hashes, &key);
    let claim = app.db.write(None, |tx| {
        Box::pin(async move {
            let claim = idempotency::claim(tx, actor.account_id, key.as_ref(), batch).await?;
            if claim == Claim::New {
                for (position, (row, hash)) in checked_rows.iter().zip(hashes).enumerate() {
                    if let Ok(row) = row {
                        let place = (id_in_batch(batch, position), organisation);
                        insert_pupil(tx, actor, place, row, hash.clone()).await?;
                    }
                }
            }
            Ok(claim)
        })
    });
    let (batch, is_replay) = match claim.await? {
        Claim::New => (batch, false),
        Claim::Replay(batch) => (batch, true),
    };
    let made = checked
        .into_iter()
        .zip(secrets)
        .enumerate()
        .map(|(position, (row, secret))| {
            row.map(|_| Made {
                id: id_in_batch(batch, position),
                secret: (!is_replay).then_some(secret),
            })
        });
    Ok(MadePupils {
        rows: made.collect(),
        is_replay,
    })
}

async fn insert_pupil(
    tx: &mut Tx<'_>,
    actor: &Actor,
    (id, organisation): (Uuid, Uuid),
    row: &PupilRow,
    password_hash: String,
) -> Result<()> {
    let mut digits = 10_000;
    loop {
        let login = account::login_of_pupil(&row.given_name, &row.family_initial, rand::random_range(0..digits));
        let new = NewAccount {
            id,
            kind: AccountKind::Pupil,
            login,
            display_name: account::name_of_pupil(&row.given_name, &row.family_initial),
            languages: row.languages.clone(),
            organisation_id: Some(organisation),
            birth_year: Some(row.birth_year),
            password_hash: password_hash.clone(),
            is_one_time: true,
        };
        if account::insert(tx, Some(actor.account_id), new).await? {
            return Ok(());
        }
        digits = digits.saturating_mul(2);
    }
}

/// The last 16 bits of a batch's id, which are random, give way to the position.
fn id_in_batch(batch: Uuid, position: usize) -> Uuid {
    Uuid::from_u128((batch.as_u128() & !0xffff) | u128::try_from(position).unwrap_or_default())
}

async fn own_staff(app: &App, actor: &Actor, organisation: Uuid) -> Result<()> {
    if actor.kind != AccountKind::Staff {
        return Err(Error::forbidden(Reason::RoleNotAllowed));
    }
    if actor.is_staff_of(organisation) {
        return Ok(());
    }
    let reader = Reader::passing(&app.db, Some(actor.clone()));
    if store::by_ids(&reader, &[organisation]).await?.is_empty() {
        return Err(Error::not_found().at(&["organisationId"]));
    }
    Err(Error::forbidden(Reason::OtherSchool))
}
