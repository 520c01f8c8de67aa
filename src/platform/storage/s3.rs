//! The bucket: any store that speaks the S3 protocol.

use std::{future::Future, path::Path, time::Duration};

use async_trait::async_trait;
use aws_lc_rs::digest;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use http::{Method, StatusCode};
use object_store::{
    Attribute, AttributeValue, Attributes, BackoffConfig, ClientOptions, GetOptions, ObjectStore, ObjectStoreExt,
    PutMultipartOptions, PutOptions, PutPayload, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder, Checksum},
    client::{HttpClient, HttpConnector, HttpRequestBody, ReqwestConnector},
    multipart::MultipartStore,
    path::Path as Key,
    signer::{SignedUrlOptions, Signer},
};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};
use url::Url;

use super::{
    BucketOptions, Fetched, Meta, Object, Part, RETRY_AFTER, Store, UPLOAD_ID, Wanted, bad_parts,
    file::{failed, overwrite, sum},
    too_large,
};
use crate::platform::error::{Error, Result};

/// How long the store may take to take a connection.
const CONNECT: Duration = Duration::from_secs(2);
/// How long a probe may take.
const PROBE: Duration = Duration::from_secs(2);
/// How long anything else may take that moves no content, and each chunk of content that is read.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the store may take to move content itself, or to take a part of it.
const CONTENT_PATIENCE: Duration = Duration::from_secs(60);
/// How long one of our own presigned requests is good: it is sent at once, but clocks differ.
const AT_ONCE: Duration = Duration::from_secs(60);
/// Bytes that are sent at once.
const CHUNK: u64 = 8 << 20;
/// Pages of a list of parts: how long one is, is the store's affair, but the list ends.
const MOST_PAGES: usize = 1_000;

/// A bucket, or all of it that is below a prefix.
pub(super) struct Bucket {
    store: AmazonS3,
    /// The same for uploads in parts whose checksums nobody knows: a store wants to be told when they begin.
    unchecked: AmazonS3,
    /// Signs for clients, who may reach the store under another name.
    public: AmazonS3,
    /// For what the client library doesn't do: listing parts, and completing with the marks that were listed.
    http: HttpClient,
    prefix: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedParts {
    #[serde(default)]
    is_truncated: bool,
    next_part_number_marker: Option<String>,
    #[serde(default)]
    part: Vec<PartElement>,
}

#[derive(Debug, Deserialize, Serialize)]
struct PartElement {
    #[serde(rename = "PartNumber")]
    number: u32,
    #[serde(rename = "ETag", skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(rename = "ChecksumSHA256", skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
    #[serde(rename = "Size", default, skip_serializing)]
    size: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename = "CompleteMultipartUpload")]
struct Completed {
    #[serde(rename = "Part")]
    parts: Vec<PartElement>,
}

/// What an answer says went wrong, if anything.
#[derive(Debug, Deserialize)]
struct Outcome {
    #[serde(rename = "Code")]
    code: Option<String>,
}

impl Bucket {
    /// Prepares everything, and sends nothing.
    pub(super) fn open(bucket: &str, prefix: &str, options: &BucketOptions) -> std::result::Result<Self, String> {
        let endpoint = options.endpoint.as_deref();
        let public_endpoint = options.public_endpoint.as_deref().or(endpoint);
        let client = ClientOptions::new()
            .with_connect_timeout(CONNECT)
            // Each call has a limit of its own: content may take longer than an answer.
            .with_timeout_disabled()
            .with_allow_http(options.allow_http);
        let builder = |endpoint: Option<&str>| {
            let mut builder = AmazonS3Builder::from_env()
                .with_bucket_name(bucket)
                .with_virtual_hosted_style_request(options.is_virtual_hosted)
                .with_client_options(client.clone())
                .with_retry(RetryConfig {
                    max_retries: 2,
                    retry_timeout: PATIENCE,
                    backoff: BackoffConfig {
                        init_backoff: Duration::from_millis(100),
                        max_backoff: Duration::from_secs(1),
                        base: 2.0,
                    },
                });
            if let Some(endpoint) = endpoint {
                builder = builder.with_endpoint(self::endpoint(endpoint, bucket, options)?);
            }
            if let Some(region) = &options.region {
                builder = builder.with_region(region);
            }
            if let Some((key, secret)) = &options.credentials {
                builder = builder.with_access_key_id(key).with_secret_access_key(secret);
            }
            Ok::<_, String>(builder)
        };
        let wrong = |error| format!("the media store can't be opened: {error}");
        let checked = builder(endpoint)?.with_checksum_algorithm(Checksum::SHA256);
        let store = checked.build().map_err(wrong)?;
        let same = |builder: AmazonS3Builder| builder.with_credentials(store.credentials().clone()).build();
        Ok(Self {
            unchecked: same(builder(endpoint)?).map_err(wrong)?,
            public: same(builder(public_endpoint)?).map_err(wrong)?,
            store,
            http: ReqwestConnector::default().connect(&client).map_err(wrong)?,
            prefix: if prefix.is_empty() {
                String::new()
            } else {
                format!("{prefix}/")
            },
        })
    }

    fn key(&self, key: &str) -> Key {
        Key::from(format!("{}{key}", self.prefix))
    }

    /// Sends a request that is presigned for ourselves.
    async fn send(
        &self,
        method: Method,
        key: &Key,
        query: Vec<(&'static str, String)>,
        body: String,
    ) -> Result<(StatusCode, Bytes)> {
        let options = SignedUrlOptions::new().with_query(query);
        let url = self.store.signed_url_opts(method.clone(), key, AT_ONCE, &options);
        let url = url.await.map_err(from)?;
        let mut attempts = 0;
        loop {
            let request = http::Request::builder().method(method.clone()).uri(url.as_str());
            let request = request
                .body(HttpRequestBody::from(body.clone()))
                .map_err(Error::internal)?;
            let outcome = async {
                let (parts, body) = self.http.execute(request).await?.into_parts();
                Ok::<_, object_store::client::HttpError>((parts.status, body.bytes().await?))
            };
            attempts += 1;
            match outcome.await {
                Ok((status, _)) if status.is_server_error() && attempts < 2 => {}
                Err(_) if attempts < 2 => {}
                Ok((status, body)) if status.is_server_error() => return Err(away(String::from_utf8_lossy(&body))),
                Ok(answer) => return Ok(answer),
                Err(error) => return Err(away(error)),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn pages_of_parts(&self, key: &str, upload_id: &str) -> Result<Vec<Part>> {
        let mut parts = Vec::new();
        let mut marker = None;
        for _ in 0..MOST_PAGES {
            let mut query = vec![(UPLOAD_ID, upload_id.to_owned())];
            query.extend(marker.take().map(|marker| ("part-number-marker", marker)));
            let (status, body) = self.send(Method::GET, &self.key(key), query, String::new()).await?;
            if status == StatusCode::NOT_FOUND {
                return Ok(Vec::new());
            }
            if !status.is_success() {
                return Err(refused("list parts", status, &body));
            }
            let page: ListedParts = quick_xml::de::from_reader(&body[..]).map_err(Error::internal)?;
            parts.extend(page.part.into_iter().map(|part| Part {
                number: part.number,
                size: part.size,
                etag: part.etag,
                checksum: part.checksum,
            }));
            marker = page.next_part_number_marker.filter(|_| page.is_truncated);
            if marker.is_none() {
                break;
            }
        }
        parts.sort_by_key(|part| part.number);
        Ok(parts)
    }

    /// Sends a file in parts.
    async fn store_parts(
        &self,
        file: &mut tokio::fs::File,
        size: u64,
        key: &Key,
        attributes: Attributes,
    ) -> Result<()> {
        let options = PutMultipartOptions::from(attributes);
        let id = within(PATIENCE, self.store.create_multipart_opts(key, options)).await?;
        let sent = async {
            let (mut parts, mut left) = (Vec::new(), size);
            while left > 0 {
                let length = left.min(CHUNK);
                let part = self.store.put_part(key, &id, parts.len(), read(file, length).await?);
                parts.push(within(CONTENT_PATIENCE, part).await?);
                left -= length;
            }
            within(CONTENT_PATIENCE, self.store.complete_multipart(key, &id, parts)).await
        };
        let sent = sent.await;
        if sent.is_err()
            && let Err(error) = within(PATIENCE, self.store.abort_multipart(key, &id)).await
        {
            tracing::warn!(?error, "an upload in parts is left to the bucket's own rules");
        }
        sent.map(|_| ())
    }
}

#[async_trait]
impl Store for Bucket {
    async fn check(&self) -> Result<()> {
        // What sweeps do as well. The client library would not tell a store that is away from one that refuses.
        let query = vec![
            ("list-type", "2".to_owned()),
            ("max-keys", "1".to_owned()),
            ("prefix", self.prefix.clone()),
        ];
        let bucket = Key::default();
        let listed = self.send(Method::GET, &bucket, query, String::new());
        match limited(PROBE, listed).await? {
            (status, _) if status.is_success() => Ok(()),
            (status, answer) => Err(refused("list the bucket", status, &answer)),
        }
    }

    async fn sign(&self, wanted: &Wanted<'_>, _: DateTime<Utc>) -> Result<String> {
        let mut options = SignedUrlOptions::new().with_query(wanted.query.iter().cloned());
        for (name, value) in &wanted.headers {
            let value = value.parse().map_err(Error::internal)?;
            options = options.with_signed_header(name.clone(), value);
        }
        let key = self.key(wanted.key);
        let signed = self
            .public
            .signed_url_opts(wanted.method.clone(), &key, wanted.valid_for, &options);
        // Credentials may have to be fetched.
        within(PATIENCE, signed).await.map(Into::into)
    }

    async fn begin_parts(&self, key: &str, media_type: &str, is_checked: bool) -> Result<String> {
        let (key, options) = (self.key(key), PutMultipartOptions::from(typed(media_type)));
        let store = if is_checked { &self.store } else { &self.unchecked };
        within(PATIENCE, store.create_multipart_opts(&key, options)).await
    }

    async fn list_parts(&self, key: &str, upload_id: &str) -> Result<Vec<Part>> {
        limited(PATIENCE, self.pages_of_parts(key, upload_id)).await
    }

    async fn complete_parts(&self, key: &str, upload_id: &str, parts: &[Part]) -> Result<()> {
        let parts = parts.iter().map(|part| PartElement {
            number: part.number,
            etag: part.etag.clone(),
            checksum: part.checksum.clone(),
            size: part.size,
        });
        let body = quick_xml::se::to_string(&Completed { parts: parts.collect() }).map_err(Error::internal)?;
        let query = vec![(UPLOAD_ID, upload_id.to_owned())];
        let path = self.key(key);
        let completed = self.send(Method::POST, &path, query, body);
        let (status, answer) = limited(CONTENT_PATIENCE, completed).await?;
        // The status may have been sent before the work was done.
        let outcome: Outcome = quick_xml::de::from_reader(&answer[..]).unwrap_or(Outcome { code: None });
        match (status, outcome.code.as_deref()) {
            (status, None) if status.is_success() => Ok(()),
            (_, Some("InternalError" | "SlowDown" | "ServiceUnavailable")) => {
                Err(away("the parts weren't put together"))
            }
            // An earlier answer was lost, or the upload was aborted.
            _ if self.head(key).await?.is_some() => Ok(()),
            (StatusCode::NOT_FOUND, _) | (_, Some("NoSuchUpload")) => Err(Error::not_found()),
            (_, Some("InvalidPart" | "InvalidPartOrder" | "EntityTooSmall")) => Err(bad_parts()),
            // Some stores say that an upload which has ended isn't ours.
            (StatusCode::FORBIDDEN, _) if self.list_parts(key, upload_id).await?.is_empty() => Err(Error::not_found()),
            _ => Err(refused("complete", status, &answer)),
        }
    }

    async fn abort_parts(&self, key: &str, upload_id: &str) -> Result<()> {
        let (path, id) = (self.key(key), upload_id.to_owned());
        match timeout(PATIENCE, self.store.abort_multipart(&path, &id)).await {
            Ok(Ok(()) | Err(object_store::Error::NotFound { .. })) => Ok(()),
            // Some stores say that an upload which has ended isn't ours.
            Ok(Err(object_store::Error::PermissionDenied { .. }))
                if self.list_parts(key, upload_id).await?.is_empty() =>
            {
                Ok(())
            }
            Ok(Err(error)) => Err(from(error)),
            Err(_) => Err(away("no answer in time")),
        }
    }

    async fn head(&self, key: &str) -> Result<Option<Meta>> {
        let key = self.key(key);
        match timeout(PATIENCE, self.store.head(&key)).await {
            Ok(Ok(meta)) => Ok(Some(Meta {
                size: meta.size,
                modified_at: meta.last_modified,
            })),
            Ok(Err(object_store::Error::NotFound { .. })) => Ok(None),
            Ok(Err(error)) => Err(from(error)),
            Err(_) => Err(away("no answer in time")),
        }
    }

    async fn copy(&self, source: &str, to: &str) -> Result<()> {
        let (source, to) = (self.key(source), self.key(to));
        within(CONTENT_PATIENCE, self.store.copy(&source, &to)).await
    }

    async fn delete(&self, keys: &[&str]) -> Result<()> {
        let keys: Vec<_> = keys.iter().map(|key| Ok(self.key(key))).collect();
        let mut deleted = self.store.delete_stream(stream::iter(keys).boxed());
        loop {
            match timeout(PATIENCE, deleted.next()).await {
                Ok(None) => return Ok(()),
                Ok(Some(Ok(_) | Err(object_store::Error::NotFound { .. }))) => {}
                Ok(Some(Err(error))) => return Err(from(error)),
                Err(_) => return Err(away("no answer in time")),
            }
        }
    }

    async fn fetch(&self, key: &str, to: &Path, limit: u64) -> Result<Fetched> {
        let key = self.key(key);
        let found = within(PATIENCE, self.store.get_opts(&key, GetOptions::default())).await?;
        if found.meta.size > limit {
            return Err(too_large());
        }
        let to = to.to_owned();
        let file = tokio::task::spawn_blocking(move || overwrite(&to))
            .await
            .map_err(Error::internal)?;
        let mut file = tokio::fs::File::from_std(file.map_err(failed)?);
        let (mut hash, mut size) = (digest::Context::new(&digest::SHA256), 0);
        let mut chunks = found.into_stream();
        while let Some(chunk) = within(PATIENCE, async { chunks.next().await.transpose() }).await? {
            size += chunk.len() as u64;
            if size > limit {
                return Err(too_large());
            }
            hash.update(&chunk);
            file.write_all(&chunk).await.map_err(failed)?;
        }
        file.flush().await.map_err(failed)?;
        Ok(Fetched {
            size,
            sha256: sum(hash),
        })
    }

    async fn store(&self, from: &Path, key: &str, media_type: &str) -> Result<()> {
        let mut file = tokio::fs::File::open(from).await.map_err(failed)?;
        let size = file.metadata().await.map_err(failed)?.len();
        let (key, attributes) = (self.key(key), typed(media_type));
        if size > CHUNK {
            return self.store_parts(&mut file, size, &key, attributes).await;
        }
        let content = read(&mut file, size).await?;
        let put = self.store.put_opts(&key, content, PutOptions::from(attributes));
        within(CONTENT_PATIENCE, put).await.map(|_| ())
    }

    fn list(&self, folder: &str) -> BoxStream<'static, Result<Object>> {
        let prefix = self.prefix.clone();
        let below = self.key(folder);
        let below = Some(&below).filter(|below| !below.as_ref().is_empty());
        // Pages are fetched one by one, as they are needed.
        stream::try_unfold(self.store.list(below), |mut objects| async move {
            let next = within(PATIENCE, async { objects.next().await.transpose() }).await?;
            Ok(next.map(|object| (object, objects)))
        })
        .try_filter_map(move |object| {
            let key = object.location.as_ref().strip_prefix(&prefix).map(str::to_owned);
            let (size, modified_at) = (object.size, object.last_modified);
            std::future::ready(Ok(key.map(|key| Object { key, size, modified_at })))
        })
        .boxed()
    }
}

/// The URL under which the client library looks for the bucket: with its name in the host if it is there that stores want it.
fn endpoint(endpoint: &str, bucket: &str, options: &BucketOptions) -> std::result::Result<String, String> {
    let wrong = |what: &str| format!("the media store's endpoint {endpoint} {what}");
    let mut url = Url::parse(endpoint).map_err(|_| wrong("is not a URL"))?;
    match url.scheme() {
        "https" => {}
        "http" if options.allow_http => {}
        "http" => return Err(wrong("is plain HTTP, which must be allowed (--s3-allow-http)")),
        _ => return Err(wrong("is not an http(s) URL")),
    }
    let host = url.host_str().ok_or_else(|| wrong("has no host"))?.to_owned();
    if options.is_virtual_hosted {
        url.set_host(Some(&format!("{bucket}.{host}")))
            .map_err(|_| wrong("can't be put behind the bucket's name"))?;
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn typed(media_type: &str) -> Attributes {
    let media_type = AttributeValue::from(media_type.to_owned());
    Attributes::from_iter([(Attribute::ContentType, media_type)])
}

async fn read(file: &mut tokio::fs::File, length: u64) -> Result<PutPayload> {
    // At once as large as it will be: one that grows holds twice as much.
    let mut content = vec![0; usize::try_from(length).map_err(Error::internal)?];
    file.read_exact(&mut content).await.map_err(failed)?;
    Ok(content.into())
}

/// Gives up after `limit`.
async fn within<T>(limit: Duration, work: impl Future<Output = object_store::Result<T>>) -> Result<T> {
    limited(limit, async { work.await.map_err(from) }).await
}

async fn limited<T>(limit: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(limit, work)
        .await
        .unwrap_or_else(|_| Err(away("no answer in time")))
}

/// The store can't be reached, or doesn't work; the cause is for the log.
fn away(cause: impl std::fmt::Display) -> Error {
    tracing::warn!(%cause, "the media store is away");
    Error::Unavailable(RETRY_AFTER)
}

/// The store has understood, and won't: it is set up in another way than we are told.
fn refused(what: &str, status: StatusCode, answer: &[u8]) -> Error {
    let answer: String = String::from_utf8_lossy(answer).chars().take(500).collect();
    if matches!(status, StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED) {
        return locked_out(format!("{what}: {answer}"));
    }
    Error::broken(format!("the media store refused to {what}: {status}: {answer}"))
}

/// The store doesn't know us, or not any more: credentials are renewed, and a clock is put right. Whoever waits can do nothing about it.
fn locked_out(cause: impl std::fmt::Display) -> Error {
    tracing::error!(%cause, "the media store refuses our credentials");
    Error::Unavailable(RETRY_AFTER)
}

fn from(error: object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { .. } => Error::not_found(),
        object_store::Error::PermissionDenied { source, .. } | object_store::Error::Unauthenticated { source, .. } => {
            locked_out(source)
        }
        // No connection, no answer, or one that says that the store is broken or busy.
        object_store::Error::Generic { source, .. } => away(source),
        error => Error::internal(error),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics says where")]
mod tests {
    use super::*;

    #[test]
    fn lists_of_parts_are_read_with_and_without_marks() {
        let answer = r#"<?xml version="1.0" encoding="UTF-8"?>
            <ListPartsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
              <Bucket>b</Bucket><Key>k</Key><UploadId>u</UploadId><Initiator><ID>i</ID></Initiator>
              <StorageClass>STANDARD</StorageClass><PartNumberMarker>1</PartNumberMarker>
              <NextPartNumberMarker>3</NextPartNumberMarker><MaxParts>2</MaxParts><IsTruncated>true</IsTruncated>
              <Part><PartNumber>2</PartNumber><LastModified>2010-11-10T20:48:34.000Z</LastModified>
                <ETag>&quot;7778aef83f66abc1fa1e8477f296d394&quot;</ETag><Size>10485760</Size>
                <ChecksumSHA256>abc=</ChecksumSHA256></Part>
              <Part><PartNumber>3</PartNumber><Size>7</Size></Part>
            </ListPartsResult>"#;
        let page: ListedParts = quick_xml::de::from_str(answer).unwrap();
        assert_eq!(
            (page.is_truncated, page.next_part_number_marker.as_deref()),
            (true, Some("3"))
        );
        let first = &page.part[0];
        assert_eq!((first.number, first.size), (2, 10_485_760));
        assert_eq!(first.etag.as_deref(), Some("\"7778aef83f66abc1fa1e8477f296d394\""));
        assert_eq!(first.checksum.as_deref(), Some("abc="));
        assert_eq!((page.part[1].size, &page.part[1].etag), (7, &None));
        let body = quick_xml::se::to_string(&Completed { parts: page.part }).unwrap();
        assert_eq!(
            body,
            "<CompleteMultipartUpload><Part><PartNumber>2</PartNumber>\
             <ETag>\"7778aef83f66abc1fa1e8477f296d394\"</ETag><ChecksumSHA256>abc=</ChecksumSHA256></Part>\
             <Part><PartNumber>3</PartNumber></Part></CompleteMultipartUpload>"
        );
    }

    #[test]
    fn the_bucket_stands_in_the_path_or_in_the_host() {
        let mut options = BucketOptions {
            allow_http: true,
            ..BucketOptions::default()
        };
        let of = |url: &str, options: &BucketOptions| endpoint(url, "media", options);
        assert_eq!(of("http://127.0.0.1:9000/", &options).unwrap(), "http://127.0.0.1:9000");
        options.is_virtual_hosted = true;
        assert_eq!(
            of("https://s3.example:8443", &options).unwrap(),
            "https://media.s3.example:8443"
        );
        options.allow_http = false;
        assert!(
            of("http://s3.example", &options)
                .unwrap_err()
                .contains("--s3-allow-http")
        );
        assert!(of("ftp://s3.example", &options).is_err() && of("s3.example", &options).is_err());
    }

    #[tokio::test]
    async fn clients_are_sent_to_the_public_endpoint() {
        let options = BucketOptions {
            endpoint: Some("http://10.0.0.9:9000".to_owned()),
            public_endpoint: Some("https://media.example".to_owned()),
            region: Some("eu-west-3".to_owned()),
            is_virtual_hosted: true,
            allow_http: true,
            credentials: Some(("key".to_owned(), "secret".to_owned())),
        };
        let opened = Bucket::open("media", "school", &options);
        // A number can't have a name before it.
        assert!(opened.is_err_and(|error| error.contains("10.0.0.9")));
        let options = BucketOptions {
            endpoint: Some("http://store.internal:9000".to_owned()),
            ..options
        };
        let bucket = Bucket::open("media", "school", &options).unwrap();
        let wanted = Wanted {
            method: Method::GET,
            key: "a/b.jpg",
            query: Vec::new(),
            headers: Vec::new(),
            size: None,
            valid_for: Duration::from_secs(60),
        };
        let url = bucket.sign(&wanted, Utc::now()).await.unwrap();
        assert!(url.starts_with("https://media.media.example/school/a/b.jpg?"), "{url}");
        assert!(url.contains("eu-west-3"), "{url}");
    }
}
