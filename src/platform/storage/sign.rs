//! Signed URLs of the server's own media routes: what S3 does for a bucket, for a folder.
//!
//! A signature covers the method, the key, the whole query and the values of the headers that the query names. So whoever has
//! the URL can do one thing with one object until it ends, and nothing else.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, Method};
use url::form_urlencoded;

use super::Wanted;

/// Where the routes are, below the public URL.
pub(super) const PATH: &str = "/media/";
const EXPIRES: &str = "expires";
const SIGNED_HEADERS: &str = "signed-headers";
const SIZE: &str = "size";
/// The last parameter: all before it is signed.
const SIGNATURE: &str = "signature";

/// Makes and checks signed URLs.
pub(super) struct Urls {
    /// Without a slash at the end.
    base: String,
    key: hmac::Key,
}

/// What a good URL says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Permit {
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// Bytes that may be sent.
    pub size: Option<u64>,
    query: Vec<(String, String)>,
}

impl Permit {
    /// A parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.query.iter().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| value.as_str())
    }
}

impl Urls {
    /// URLs below `base`, signed with `secret`.
    pub fn new(base: &str, secret: &[u8; 32]) -> Self {
        Self {
            base: base.trim_end_matches('/').to_owned(),
            key: hmac::Key::new(hmac::HMAC_SHA256, secret),
        }
    }

    /// A URL for that request, until `expires_at`.
    pub fn sign(&self, wanted: &Wanted<'_>, expires_at: DateTime<Utc>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&wanted.query);
        query.append_pair(EXPIRES, &expires_at.timestamp().to_string());
        if let Some(size) = wanted.size {
            query.append_pair(SIZE, &size.to_string());
        }
        let names: Vec<_> = wanted.headers.iter().map(|(name, _)| name.as_str()).collect();
        if !names.is_empty() {
            query.append_pair(SIGNED_HEADERS, &names.join(" "));
        }
        let query = query.finish();
        let values = wanted.headers.iter().map(|(_, value)| value.as_str());
        let text = text(&wanted.method, wanted.key, &query, values);
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, text.as_bytes()));
        format!("{}{PATH}{}?{query}&{SIGNATURE}={signature}", self.base, wanted.key)
    }

    /// Reads what arrived, if all of it is as it was signed and not over.
    pub fn verify(
        &self,
        method: &Method,
        key: &str,
        query: &str,
        headers: &HeaderMap,
        now: DateTime<Utc>,
    ) -> Option<Permit> {
        let mut parameters: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let (_, signature) = parameters.pop().filter(|(name, _)| name == SIGNATURE)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        // Whatever a URL came through may spell a sign in another way (`;` or `%3B`): what counts is what is meant.
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&parameters)
            .finish();
        let permit = Permit {
            expires_at: DateTime::UNIX_EPOCH,
            size: None,
            query: parameters,
        };
        let names = permit.get(SIGNED_HEADERS).unwrap_or_default().split_whitespace();
        let values = names.map(|name| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            let mut values = headers.get_all(name).iter();
            // Two would leave open which of them counts.
            match (values.next(), values.next()) {
                (Some(value), None) => Some(value.to_str().ok()?.trim()),
                _ => None,
            }
        });
        let text = text(method, key, &query, values.collect::<Option<Vec<_>>>()?.into_iter());
        hmac::verify(&self.key, text.as_bytes(), &signature).ok()?;
        let expires_at = DateTime::from_timestamp(permit.get(EXPIRES)?.parse().ok()?, 0)?;
        let size = permit.get(SIZE).map(str::parse).transpose().ok()?;
        (now < expires_at).then_some(Permit {
            expires_at,
            size,
            ..permit
        })
    }
}

/// What is signed. No part can hold a line break: a key is checked, a query is encoded, and a header can't.
fn text<'a>(method: &Method, key: &str, query: &str, values: impl Iterator<Item = &'a str>) -> String {
    let mut text = format!("sojourn-media-1\n{method}\n{key}\n{query}");
    for value in values {
        text.push('\n');
        text.push_str(value);
    }
    text
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics says where")]
mod tests {
    use std::time::Duration;

    use http::{HeaderValue, header};

    use super::*;

    fn wanted(key: &str) -> Wanted<'_> {
        Wanted {
            method: Method::PUT,
            key,
            query: vec![("partNumber", "1".to_owned())],
            headers: vec![(header::CONTENT_TYPE, "image/png".to_owned())],
            size: Some(5),
            valid_for: Duration::from_secs(60),
        }
    }

    #[test]
    fn a_url_is_good_for_exactly_what_was_signed() {
        let urls = Urls::new("https://media.example/api/", &[7; 32]);
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let end = DateTime::from_timestamp(1_700_000_060, 0).unwrap();
        let url = urls.sign(&wanted("a/b"), end);
        let query = url.strip_prefix("https://media.example/api/media/a/b?").unwrap();
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("image/png"))]);
        let put = Method::PUT;
        let permit = urls.verify(&put, "a/b", query, &headers, now).unwrap();
        assert_eq!((permit.expires_at, permit.size), (end, Some(5)));
        assert_eq!(permit.get("partNumber"), Some("1"));
        let good = |method: &Method, key: &str, query: &str, headers: &HeaderMap, now| {
            urls.verify(method, key, query, headers, now).is_some()
        };
        assert!(!good(&Method::GET, "a/b", query, &headers, now));
        assert!(!good(&put, "a/c", query, &headers, now));
        assert!(!good(&put, "a/b", query, &headers, end));
        assert!(!good(&put, "a/b", query, &HeaderMap::new(), now));
        let other = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("text/html"))]);
        assert!(!good(&put, "a/b", query, &other, now));
        let mut twice = headers.clone();
        twice.append(header::CONTENT_TYPE, HeaderValue::from_static("image/png"));
        assert!(!good(&put, "a/b", query, &twice, now));
        for (from, to) in [
            ("size=5", "size=6"),
            ("partNumber=1", "partNumber=2"),
            ("expires=1", "expires=2"),
        ] {
            assert!(query.contains(from));
            assert!(!good(&put, "a/b", &query.replace(from, to), &headers, now), "{from}");
        }
        for (from, to) in [
            ("size=5", "s%69ze=%35"),
            ("partNumber=1", "part%4eumber=%31"),
            ("size=5", "&size=5&"),
        ] {
            assert!(good(&put, "a/b", &query.replace(from, to), &headers, now), "{to}");
        }
        assert!(!good(&put, "a/b", &format!("{query}&size=6"), &headers, now));
        assert!(!good(&put, "a/b", query.split('&').next().unwrap(), &headers, now));
        let others = Urls::new("https://media.example/api/", &[8; 32]);
        assert!(others.verify(&put, "a/b", query, &headers, now).is_none());
    }
}
