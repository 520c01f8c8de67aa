//! The media port: a local folder, or an S3-compatible bucket.
//!
//! Bytes don't pass through GraphQL. Whoever uploads or downloads gets a signed request: for one object, for a short time. For a
//! bucket it leads to the store; for a folder it leads to routes of this server that keep the same contract, down to the names of
//! headers and parameters:
//!
//! * An upload is bound to its media type, to its SHA-256 and to a key at which nothing is yet: 412 if something is, 403 if anything
//!   else was signed or the time is over, 400 or 413 if the bytes are others.
//! * A large upload goes in parts that may come in any order, and again: the last one of a number counts.
//! * A download says its media type and what a browser does with it.
//!
//! A store that is away, slow or failing is [`Error::Unavailable`] within seconds.

mod file;
mod route;
mod s3;
mod sign;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use axum::Router;
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use futures_util::stream::BoxStream;
use http::{HeaderName, HeaderValue, Method, header};

use self::{file::Folder, s3::Bucket, sign::Urls};
use super::error::{Error, Reason, Result};

/// How long a download may be good at most: what is hidden meanwhile is out of reach after that.
pub const LONGEST_DOWNLOAD: Duration = Duration::from_secs(300);
/// How long an upload may be good at most: what S3 allows.
const LONGEST_UPLOAD: Duration = Duration::from_secs(7 * 86_400);
/// Bytes that every part of an upload but the last must have.
pub const SMALLEST_PART: u64 = 5 << 20;
/// Parts that an upload can have.
pub const MOST_PARTS: u32 = 10_000;
/// When a store that isn't there is asked again.
const RETRY_AFTER: Duration = Duration::from_secs(2);
const CHECKSUM: HeaderName = HeaderName::from_static("x-amz-checksum-sha256");
/// How ids of uploads in parts begin.
const CHECKED: &str = "checked.";
const UNCHECKED: &str = "free.";
const UPLOAD_ID: &str = "uploadId";
const PART_NUMBER: &str = "partNumber";
const RESPONSE_TYPE: &str = "response-content-type";
const RESPONSE_DISPOSITION: &str = "response-content-disposition";
const RESPONSE_CACHE: &str = "response-cache-control";

/// What a media store is opened with.
#[derive(Clone, Debug)]
pub struct Options {
    /// `file:<folder>` or `s3://<bucket>[/<prefix>]`.
    pub url: String,
    /// Where clients reach this server: the beginning of signed URLs over a folder.
    pub public_url: String,
    /// Signs the URLs of a folder; the same on all nodes.
    pub secret: [u8; 32],
    /// How a bucket is reached.
    pub bucket: BucketOptions,
}

/// How a bucket is reached. What isn't said is taken from the usual `AWS_*` variables.
#[derive(Clone, Default)]
pub struct BucketOptions {
    /// URL of the store, without the bucket. None: Amazon's of the region.
    pub endpoint: Option<String>,
    /// The same as clients reach it: the beginning of signed URLs. None: as above.
    pub public_endpoint: Option<String>,
    /// Region. None: `us-east-1`.
    pub region: Option<String>,
    /// Whether the bucket is named in the host (`bucket.host/key`) rather than in the path (`host/bucket/key`).
    pub is_virtual_hosted: bool,
    /// Whether the endpoints may be plain HTTP.
    pub allow_http: bool,
    /// Access key and secret key.
    pub credentials: Option<(String, String)>,
}

/// Without the secret key.
impl fmt::Debug for BucketOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BucketOptions")
            .field("endpoint", &self.endpoint)
            .field("public_endpoint", &self.public_endpoint)
            .field("region", &self.region)
            .field("is_virtual_hosted", &self.is_virtual_hosted)
            .field("allow_http", &self.allow_http)
            .finish_non_exhaustive()
    }
}

/// What somebody may upload in one piece.
#[derive(Clone, Copy, Debug)]
pub struct Upload<'a> {
    /// Where to.
    pub key: &'a str,
    /// Media type, such as `image/jpeg`, without parameters.
    pub media_type: &'a str,
    /// Bytes. A bucket doesn't hold a client to it before the bytes are there (their checksum doesn't fit then).
    pub size: u64,
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// How long the request is good; at most seven days.
    pub valid_for: Duration,
}

/// A part of an upload that somebody may send.
#[derive(Clone, Copy, Debug)]
pub struct NewPart {
    /// Place, from 1 to [`MOST_PARTS`].
    pub number: u32,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes: each part of an upload has one, or none.
    pub sha256: Option<[u8; 32]>,
}

/// A part of an upload that has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Place.
    pub number: u32,
    /// Bytes.
    pub size: u64,
    /// The store's mark of these bytes; some S3-compatible stores don't tell it.
    pub etag: Option<String>,
    /// SHA-256 in base64, where the store tells it.
    pub checksum: Option<String>,
}

/// A request that a client sends as it is, with its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRequest {
    /// Method.
    pub method: Method,
    /// URL.
    pub url: String,
    /// Headers, all of which must be sent with exactly these values.
    pub headers: Vec<(String, String)>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// What somebody may download.
#[derive(Clone, Copy, Debug)]
pub struct Download<'a> {
    /// From where.
    pub key: &'a str,
    /// Media type of the answer, without parameters.
    pub media_type: &'a str,
    /// Name under which a browser saves it.
    pub file_name: &'a str,
    /// Whether a browser may show it; only images (but SVG), videos and sounds are ever shown.
    pub is_inline: bool,
    /// How long the URL is good; at most [`LONGEST_DOWNLOAD`].
    pub valid_for: Duration,
}

/// What is known of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Bytes.
    pub size: u64,
    /// When it came to its key.
    pub modified_at: DateTime<Utc>,
}

/// An object in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Where.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// When it came to its key.
    pub modified_at: DateTime<Utc>,
}

/// What was read of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Bytes.
    pub size: u64,
    /// SHA-256 of them.
    pub sha256: [u8; 32],
}

/// A request to be signed.
struct Wanted<'a> {
    method: Method,
    key: &'a str,
    query: Vec<(&'static str, String)>,
    headers: Vec<(HeaderName, String)>,
    /// Bytes of the body; a bucket can't be told.
    size: Option<u64>,
    valid_for: Duration,
}

/// What a store does. Keys, media types and upload ids are checked before.
#[async_trait]
trait Store: Send + Sync + 'static {
    async fn check(&self) -> Result<()>;
    async fn sign(&self, wanted: &Wanted<'_>, expires_at: DateTime<Utc>) -> Result<String>;
    async fn begin_parts(&self, key: &str, media_type: &str, is_checked: bool) -> Result<String>;
    async fn list_parts(&self, key: &str, upload_id: &str) -> Result<Vec<Part>>;
    async fn complete_parts(&self, key: &str, upload_id: &str, parts: &[Part]) -> Result<()>;
    async fn abort_parts(&self, key: &str, upload_id: &str) -> Result<()>;
    async fn head(&self, key: &str) -> Result<Option<Meta>>;
    async fn copy(&self, from: &str, to: &str) -> Result<()>;
    async fn delete(&self, keys: &[&str]) -> Result<()>;
    async fn fetch(&self, key: &str, to: &Path, limit: u64) -> Result<Fetched>;
    async fn store(&self, from: &Path, key: &str, media_type: &str) -> Result<()>;
    fn list(&self, folder: &str) -> BoxStream<'static, Result<Object>>;
}

/// Where media are kept. Cheap to clone.
#[derive(Clone)]
pub struct Storage {
    store: Arc<dyn Store>,
    /// The store again, if it is a folder: this server has the routes to it.
    folder: Option<Arc<Folder>>,
}

impl fmt::Debug for Storage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.folder.is_some() {
            "Storage(folder)"
        } else {
            "Storage(bucket)"
        })
    }
}

impl Storage {
    /// Opens a folder, which is made if it is missing, or a bucket, which isn't asked yet.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn open(options: &Options) -> std::result::Result<Self, String> {
        if let Some(folder) = options.url.strip_prefix("file:") {
            let folder = PathBuf::from(folder.strip_prefix("//").unwrap_or(folder));
            let urls = Urls::new(&options.public_url, &options.secret);
            let folder = Folder::open(&folder, urls).map_err(|error| format!("{}: {error}", folder.display()))?;
            let folder = Arc::new(folder);
            return Ok(Self {
                store: Arc::clone(&folder) as _,
                folder: Some(folder),
            });
        }
        let name = options
            .url
            .strip_prefix("s3://")
            .ok_or("the media URL is neither file:<folder> nor s3://<bucket>")?;
        let (bucket, prefix) = name.split_once('/').unwrap_or((name, ""));
        let prefix = prefix.trim_end_matches('/');
        if bucket.is_empty() || !(prefix.is_empty() || is_key(prefix)) {
            return Err("the media URL is not s3://<bucket>[/<prefix>]".to_owned());
        }
        Ok(Self {
            store: Arc::new(Bucket::open(bucket, prefix, &options.bucket)?),
            folder: None,
        })
    }

    /// The routes by which clients reach a folder; none for a bucket. Pages of `origins` may use them. A body may be silent for
    /// `body_timeout`.
    pub fn routes(&self, origins: &[HeaderValue], body_timeout: Duration) -> Router {
        match &self.folder {
            Some(folder) => route::routes(Arc::clone(folder), origins, body_timeout),
            None => Router::new(),
        }
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// It doesn't, with the reason for the log.
    pub async fn check(&self) -> Result<()> {
        self.store.check().await
    }

    /// Lets somebody upload an object in one piece.
    ///
    /// # Errors
    /// The credentials of a bucket can't be had.
    pub async fn upload_url(&self, upload: &Upload<'_>) -> Result<SignedRequest> {
        self.signed(Wanted {
            method: Method::PUT,
            key: checked(upload.key)?,
            query: Vec::new(),
            headers: vec![
                (header::CONTENT_TYPE, checked_type(upload.media_type)?.to_owned()),
                (header::IF_NONE_MATCH, "*".to_owned()),
                (CHECKSUM, STANDARD.encode(upload.sha256)),
            ],
            size: Some(upload.size),
            valid_for: upload.valid_for,
        })
        .await
    }

    /// Begins an upload in parts and returns its id. It takes room until it is completed or aborted. If it is checked, all of its
    /// parts are bound to their SHA-256, else none: stores know both kinds, but no mixture.
    ///
    /// # Errors
    /// The store's.
    pub async fn begin_parts(&self, key: &str, media_type: &str, is_checked: bool) -> Result<String> {
        let begun = self
            .store
            .begin_parts(checked(key)?, checked_type(media_type)?, is_checked);
        let kind = if is_checked { CHECKED } else { UNCHECKED };
        Ok(format!("{kind}{}", begun.await?))
    }

    /// Lets somebody send parts, as often as need be.
    ///
    /// # Errors
    /// `INVALID`/`REQUIRED` without a SHA-256 if the upload is checked; a number that no part can have; the credentials of a
    /// bucket can't be had.
    pub async fn part_urls(
        &self,
        key: &str,
        upload_id: &str,
        parts: &[NewPart],
        valid_for: Duration,
    ) -> Result<Vec<SignedRequest>> {
        let (key, (is_checked, upload_id)) = (checked(key)?, upload(upload_id)?);
        let mut requests = Vec::with_capacity(parts.len());
        for part in parts {
            if part.number == 0 || part.number > MOST_PARTS {
                return Err(Error::broken(format!("there is no part {}", part.number)));
            }
            let headers = match (is_checked, part.sha256) {
                (true, Some(sha256)) => vec![(CHECKSUM, STANDARD.encode(sha256))],
                (true, None) => {
                    let message = "All parts of this upload come with their SHA-256.";
                    return Err(Error::invalid(Reason::Required, message));
                }
                (false, _) => Vec::new(),
            };
            let request = self.signed(Wanted {
                method: Method::PUT,
                key,
                query: vec![
                    (PART_NUMBER, part.number.to_string()),
                    (UPLOAD_ID, upload_id.to_owned()),
                ],
                headers,
                size: Some(part.size),
                valid_for,
            });
            requests.push(request.await?);
        }
        Ok(requests)
    }

    /// The parts that have arrived, by number. None for an upload that has ended.
    ///
    /// # Errors
    /// The store's.
    pub async fn list_parts(&self, key: &str, upload_id: &str) -> Result<Vec<Part>> {
        self.store.list_parts(checked(key)?, upload(upload_id)?.1).await
    }

    /// Makes the object of its parts, as they were listed: numbers from 1 without a gap. Nothing happens if that was done already.
    ///
    /// # Errors
    /// `NOT_FOUND` for an upload that was aborted, `INVALID` for parts that aren't there (any more) or are too small; the store's.
    pub async fn complete_parts(&self, key: &str, upload_id: &str, parts: &[Part]) -> Result<()> {
        let has_gap = (1..).zip(parts).any(|(number, part)| part.number != number);
        let is_small = parts.iter().rev().skip(1).any(|part| part.size < SMALLEST_PART);
        if parts.is_empty() || has_gap || is_small {
            return Err(bad_parts());
        }
        let (key, upload_id) = (checked(key)?, upload(upload_id)?.1);
        self.store.complete_parts(key, upload_id, parts).await
    }

    /// Ends an upload in parts and forgets what has arrived. Nothing happens if it has ended already.
    ///
    /// # Errors
    /// The store's.
    pub async fn abort_parts(&self, key: &str, upload_id: &str) -> Result<()> {
        self.store.abort_parts(checked(key)?, upload(upload_id)?.1).await
    }

    /// What is known of an object, if it is there.
    ///
    /// # Errors
    /// The store's.
    pub async fn head(&self, key: &str) -> Result<Option<Meta>> {
        self.store.head(checked(key)?).await
    }

    /// Puts the bytes of one object at another key too, whatever was there. The two have nothing to do with each other afterwards.
    ///
    /// # Errors
    /// `NOT_FOUND`; the store's.
    pub async fn copy(&self, from: &str, to: &str) -> Result<()> {
        self.store.copy(checked(from)?, checked(to)?).await
    }

    /// Deletes objects; those that aren't there are no error.
    ///
    /// # Errors
    /// The store's; some may be deleted then.
    pub async fn delete(&self, keys: &[&str]) -> Result<()> {
        for key in keys {
            checked(key)?;
        }
        self.store.delete(keys).await
    }

    /// Writes an object into the file `to`, of which nothing is left if this fails.
    ///
    /// # Errors
    /// `NOT_FOUND`; `INVALID`/`OUT_OF_RANGE` if it has more than `limit` bytes; the store's; the file can't be written.
    pub async fn fetch(&self, key: &str, to: &Path, limit: u64) -> Result<Fetched> {
        let leftover = file::Temporary(to.to_owned());
        let fetched = self.store.fetch(checked(key)?, to, limit).await?;
        leftover.keep();
        Ok(fetched)
    }

    /// Puts the content of a file at a key, whatever was there.
    ///
    /// # Errors
    /// The store's; the file can't be read.
    pub async fn store(&self, from: &Path, key: &str, media_type: &str) -> Result<()> {
        self.store.store(from, checked(key)?, checked_type(media_type)?).await
    }

    /// All objects below `folder` (empty for all there are) that came to their key before `older_than`, in no certain order.
    pub fn list(&self, folder: &str, older_than: DateTime<Utc>) -> BoxStream<'static, Result<Object>> {
        use futures_util::{StreamExt, future::ready, stream};
        if !folder.is_empty()
            && let Err(error) = checked(folder)
        {
            return stream::once(ready(Err(error))).boxed();
        }
        let is_older = move |object: &Result<Object>| {
            ready(object.as_ref().map_or(true, |object| object.modified_at < older_than))
        };
        self.store.list(folder).filter(is_older).boxed()
    }

    /// Lets somebody download an object. Whether it is there isn't looked at.
    ///
    /// # Errors
    /// The credentials of a bucket can't be had.
    pub async fn download_url(&self, download: &Download<'_>) -> Result<String> {
        let valid_for = download.valid_for.min(LONGEST_DOWNLOAD);
        let media_type = checked_type(download.media_type)?;
        let disposition = disposition(download.file_name, download.is_inline && is_shown(media_type));
        let request = self.signed(Wanted {
            method: Method::GET,
            key: checked(download.key)?,
            query: vec![
                (RESPONSE_TYPE, media_type.to_owned()),
                (RESPONSE_DISPOSITION, disposition),
                (RESPONSE_CACHE, format!("private, max-age={}", valid_for.as_secs())),
            ],
            headers: Vec::new(),
            size: None,
            valid_for,
        });
        Ok(request.await?.url)
    }

    async fn signed(&self, mut wanted: Wanted<'_>) -> Result<SignedRequest> {
        // Whole seconds, as the signatures count.
        wanted.valid_for = Duration::from_secs(wanted.valid_for.min(LONGEST_UPLOAD).as_secs());
        let expires_at = Utc::now() + wanted.valid_for;
        let url = self.store.sign(&wanted, expires_at).await?;
        let headers = wanted.headers.into_iter();
        Ok(SignedRequest {
            method: wanted.method,
            url,
            headers: headers.map(|(name, value)| (name.as_str().to_owned(), value)).collect(),
            expires_at,
        })
    }
}

/// Whether this is a key: letters, digits, `-`, `_` and `.` between slashes, so that it is the same in a URL and a folder, and never
/// leads out of either.
fn is_key(key: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_step = |step: &str| (1..=200).contains(&step.len()) && !step.starts_with('.') && step.bytes().all(is_plain);
    key.len() <= 512 && key.split('/').all(is_step)
}

fn checked(key: &str) -> Result<&str> {
    let wrong = || Error::broken(format!("this is no key of a media store: {key:?}"));
    is_key(key).then_some(key).ok_or_else(wrong)
}

/// The same for a media type: two words of letters, digits and a few signs (RFC 6838, 4.2).
fn checked_type(media_type: &str) -> Result<&str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
    let is_word = |word: &str| (1..=127).contains(&word.len()) && word.bytes().all(is_plain);
    let is_type = media_type
        .split_once('/')
        .is_some_and(|(one, two)| is_word(one) && is_word(two));
    let wrong = || Error::broken(format!("this is no media type: {media_type:?}"));
    is_type.then_some(media_type).ok_or_else(wrong)
}

/// Whether an upload in parts is checked, and the id that the store gave it.
fn upload(upload_id: &str) -> Result<(bool, &str)> {
    let is_id = (1..=1024).contains(&upload_id.len()) && upload_id.bytes().all(|byte| byte.is_ascii_graphic());
    let wrong = || Error::broken(format!("this is no id of an upload: {upload_id:?}"));
    let kinds = [(true, CHECKED), (false, UNCHECKED)];
    let mut of = kinds
        .iter()
        .filter_map(|(is, kind)| Some((*is, upload_id.strip_prefix(kind)?)));
    of.next().filter(|(_, id)| is_id && !id.is_empty()).ok_or_else(wrong)
}

fn bad_parts() -> Error {
    Error::invalid(
        Reason::OutOfRange,
        "The parts of this upload aren't all there, or too small.",
    )
}

fn too_large() -> Error {
    Error::invalid(Reason::OutOfRange, "The object is too large.")
}

/// Whether a browser may show it rather than save it: types that can't run anything.
fn is_shown(media_type: &str) -> bool {
    let media_type = media_type.to_ascii_lowercase();
    ["image/", "video/", "audio/"]
        .iter()
        .any(|kind| media_type.starts_with(kind))
        && media_type != "image/svg+xml"
}

/// So many characters of a name at most, with its ending.
fn shortened(name: &str, most: usize) -> String {
    let ending = name.rfind('.').map_or("", |dot| &name[dot..]);
    let room = most.saturating_sub(ending.chars().count());
    if name.chars().count() <= most || room == 0 {
        return name.chars().take(most).collect();
    }
    let stem: String = name.chars().take(room).collect();
    stem + ending
}

/// The value of `Content-Disposition`: the name in ASCII for old clients (RFC 6266), and as it is (RFC 8187).
fn disposition(file_name: &str, is_inline: bool) -> String {
    // Marks that turn the direction of text make `exe.gpj` look like `jpg.exe`.
    let is_mark =
        |letter: char| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let name: String = file_name
        .chars()
        .filter(|letter| !letter.is_control() && !is_mark(*letter))
        .map(|letter| if matches!(letter, '/' | '\\') { '_' } else { letter })
        .collect();
    let name = shortened(&name, 150);
    let name = if name.trim().is_empty() { "file" } else { name.trim() };
    let plain = |letter: char| {
        if letter.is_ascii() && letter != '"' && letter != '%' {
            letter
        } else {
            '_'
        }
    };
    let ascii: String = name.chars().map(plain).collect();
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    let kind = if is_inline { "inline" } else { "attachment" };
    format!("{kind}; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_never_lead_out() {
        for key in ["a", "staging/01m8", "media/01m8/large.webp", &"k".repeat(200)] {
            assert!(is_key(key), "{key}");
        }
        for key in [
            "", "/a", "a/", "a//b", "..", "a/../b", ".hidden", "a/.b", "a b", "a\\b", "a%2fb", "ä", "a?b", "a\0b",
        ] {
            assert!(!is_key(key), "{key}");
        }
        assert!(!is_key(&"k".repeat(201)));
        assert!(!is_key(&"abc/".repeat(200)));
    }

    #[test]
    fn media_types_are_two_plain_words() {
        assert!(checked_type("image/svg+xml").is_ok() && checked_type("application/vnd.ms-excel").is_ok());
        for wrong in [
            "",
            "image",
            "image/",
            "/png",
            "image/png;q=1",
            "image/png\r\nx: y",
            "image/p/ng",
            "image/p ng",
        ] {
            assert!(checked_type(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_what_runs_nothing_is_shown() {
        assert!(is_shown("image/webp") && is_shown("video/mp4") && is_shown("audio/mpeg"));
        assert!(!is_shown("image/svg+xml") && !is_shown("IMAGE/SVG+XML") && !is_shown("text/html"));
        assert!(!is_shown("application/pdf"));
    }

    #[test]
    fn a_file_name_can_say_nothing_but_a_name() {
        assert_eq!(
            disposition("Über \"uns\".jpg", true),
            "inline; filename=\"_ber _uns_.jpg\"; filename*=UTF-8''%C3%9Cber%20%22uns%22.jpg"
        );
        assert_eq!(
            disposition("../a\\b\r\nx: y\u{202e}", false),
            "attachment; filename=\".._a_bx: y\"; filename*=UTF-8''.._a_bx%3A%20y"
        );
        assert_eq!(
            disposition(" \t ", false),
            "attachment; filename=\"file\"; filename*=UTF-8''file"
        );
        assert!(disposition(&"ж".repeat(9_999), false).len() < 2_000);
        let long = disposition(&format!("{}.jpg", "a".repeat(300)), true);
        assert!(long.ends_with(&format!("{}.jpg", "a".repeat(146))), "{long}");
        assert!(disposition(&format!("a.{}", "b".repeat(9_999)), false).len() < 400);
    }
}
