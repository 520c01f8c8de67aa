//! The media store of a test.

use sojourn::platform::storage::BucketOptions;
use url::Url;
use uuid::Uuid;

/// A place in the bucket that `SOJOURN_TEST_S3_URL` names (`http://key:secret@host:port/bucket`), for one test alone.
pub struct Bucket {
    /// `s3://…`
    pub url: String,
    pub options: BucketOptions,
}

impl Bucket {
    /// Another one each time.
    pub fn new() -> Self {
        let url = std::env::var("SOJOURN_TEST_S3_URL").expect("SOJOURN_TEST_S3_URL");
        let url = Url::parse(&url).unwrap();
        let name = url.path().trim_matches('/');
        let (key, secret) = (url.username().to_owned(), url.password().unwrap().to_owned());
        Self {
            url: format!("s3://{name}/test-{}", Uuid::now_v7().simple()),
            options: BucketOptions {
                endpoint: Some(url.origin().ascii_serialization()),
                allow_http: true,
                credentials: Some((key, secret)),
                ..BucketOptions::default()
            },
        }
    }

    /// The same on the command line.
    pub fn flags(&self) -> Vec<String> {
        let endpoint = self.options.endpoint.as_deref().unwrap();
        let (key, secret) = self.options.credentials.as_ref().unwrap();
        vec![
            format!("--media-url={}", self.url),
            format!("--s3-endpoint={endpoint}"),
            "--s3-allow-http".to_owned(),
            format!("--s3-access-key-id={key}"),
            format!("--s3-secret-access-key={secret}"),
        ]
    }
}
