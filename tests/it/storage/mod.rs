//! The media port: both stores keep the same contract, towards the server and towards clients.

mod fault;
#[cfg(target_os = "linux")]
mod memory;
mod object;
mod parts;
mod serve;
mod upload;

use std::{path::PathBuf, time::Duration};

use aws_lc_rs::digest;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use object_store::{
    ClientOptions,
    client::{HttpClient, HttpConnector, HttpRequestBody, ReqwestConnector},
};
use sojourn::platform::{
    error::{Code, Error, Result},
    storage::{BucketOptions, Download, Options, SignedRequest, Storage, Upload},
};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::support::{Bucket, is_production};

const MINUTE: Duration = Duration::from_secs(60);

/// A store, and a client that knows nothing but the requests that it gets.
pub struct Place {
    pub storage: Storage,
    client: HttpClient,
    /// For files beside the store; the folder `media` in it is the embedded store.
    pub folder: TempDir,
    server: Option<JoinHandle<()>>,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Place {
    pub async fn new() -> Self {
        let bucket = is_production().then(Bucket::new);
        Self::open(bucket.map(|bucket| (bucket.url, bucket.options)), MINUTE).await
    }

    /// A bucket that is given, or a folder, whose clients may be silent for `body_timeout`.
    pub async fn open(bucket: Option<(String, BucketOptions)>, body_timeout: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let is_folder = bucket.is_none();
        let media = format!("file:{}", folder.path().join("media").display());
        let (url, bucket) = bucket.unwrap_or_else(|| (media, BucketOptions::default()));
        let storage = Storage::open(&Options {
            url,
            public_url: format!("http://{}", listener.local_addr().unwrap()),
            secret: [7; 32],
            bucket,
        })
        .unwrap();
        let routes = storage.routes(&[HeaderValue::from_static("https://space.example")], body_timeout);
        let server = is_folder.then(|| {
            let serve = axum::serve(listener, routes);
            tokio::spawn(async move { serve.await.unwrap() })
        });
        Self {
            storage,
            client: client(),
            folder,
            server,
        }
    }

    /// A file of that name beside the store.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A client of a store that somebody else has opened.
    pub fn of(storage: Storage) -> Self {
        Self {
            storage,
            client: client(),
            folder: tempfile::tempdir().unwrap(),
            server: None,
        }
    }

    pub async fn request(&self, method: Method, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            request = request.header(name, *value);
        }
        let body = HttpRequestBody::from(body.to_vec());
        let (parts, body) = self
            .client
            .execute(request.body(body).unwrap())
            .await
            .unwrap()
            .into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.bytes().await.unwrap(),
        }
    }

    /// Sends a signed request as it is.
    pub async fn send(&self, request: &SignedRequest, body: &[u8]) -> Answer {
        let headers: Vec<_> = request
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        self.request(request.method.clone(), &request.url, &headers, body).await
    }

    pub async fn get(&self, url: &str, headers: &[(&str, &str)]) -> Answer {
        self.request(Method::GET, url, headers, b"").await
    }

    /// Puts an object there, as a client does.
    pub async fn upload(&self, key: &str, content: &[u8]) {
        let request = self.storage.upload_url(&upload(key, content)).await.unwrap();
        let answer = self.send(&request, content).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    }

    /// All of an object.
    pub async fn content(&self, key: &str) -> Option<Vec<u8>> {
        let path = self.file("fetched");
        match self.storage.fetch(key, &path, 1 << 30).await {
            Ok(fetched) => {
                let content = std::fs::read(&path).unwrap();
                assert_eq!((fetched.size, fetched.sha256), (content.len() as u64, sha256(&content)));
                Some(content)
            }
            Err(error) => {
                assert_eq!(kind(&error), "NOT_FOUND");
                None
            }
        }
    }

    pub async fn download_url(&self, key: &str, media_type: &str, is_inline: bool) -> String {
        let download = Download {
            key,
            media_type,
            file_name: "Fête 1.png",
            is_inline,
            valid_for: MINUTE,
        };
        self.storage.download_url(&download).await.unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

fn client() -> HttpClient {
    let options = ClientOptions::new().with_allow_http(true);
    ReqwestConnector::default().connect(&options).unwrap()
}

pub fn sha256(content: &[u8]) -> [u8; 32] {
    digest::digest(&digest::SHA256, content).as_ref().try_into().unwrap()
}

pub fn upload<'a>(key: &'a str, content: &[u8]) -> Upload<'a> {
    Upload {
        key,
        media_type: "image/png",
        size: content.len() as u64,
        sha256: sha256(content),
        valid_for: MINUTE,
    }
}

/// Bytes that look like nothing, the same for the same seed.
pub fn noise(seed: u8, length: usize) -> Vec<u8> {
    let mut state = u64::from(seed) + 1;
    let step = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..length).map(step).collect()
}

/// What a caller does with an error.
pub fn kind(error: &Error) -> String {
    match error {
        Error::Refused(refusals) => {
            let refusal = &refusals[0];
            let reason = refusal.reason.map(|reason| format!("/{}", reason.name()));
            let code = match refusal.code {
                Code::NotFound => "NOT_FOUND",
                Code::Invalid => "INVALID",
                other => panic!("{other:?}"),
            };
            format!("{code}{}", reason.unwrap_or_default())
        }
        Error::Unavailable(_) => "UNAVAILABLE".to_owned(),
        Error::Internal(_) => "INTERNAL".to_owned(),
        other => format!("{other:?}"),
    }
}

/// The same of an outcome that must be an error.
pub fn fault<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    kind(&outcome.unwrap_err())
}
