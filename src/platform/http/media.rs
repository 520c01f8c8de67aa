//! Which JSON a client wants.

use http::{HeaderMap, header};

use super::answer;

/// The media type of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/json`: a document that was read is answered with 200, whatever became of it.
    Json,
    /// `application/graphql-response+json`: the status says what became of the document.
    GraphQl,
}

impl Media {
    /// The one that `Accept` prefers; plain JSON where it says nothing.
    pub(super) fn accepted(headers: &HeaderMap) -> Self {
        let mut best = (0.0, Self::Json);
        let values = headers
            .get_all(header::ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok());
        for range in values.flat_map(|value| value.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let media = match parts.next().map(str::to_ascii_lowercase).as_deref() {
                Some("application/json") => Self::Json,
                Some("application/graphql-response+json") => Self::GraphQl,
                // Wildcards mean plain JSON, which is the answer where nothing else is asked for.
                _ => continue,
            };
            let quality = parts.find_map(|part| part.strip_prefix("q=")?.trim().parse().ok());
            let quality: f32 = quality.unwrap_or(1.0);
            if quality > best.0 {
                best = (quality, media);
            }
        }
        best.1
    }

    /// The value of `Content-Type`.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Json => answer::JSON,
            Self::GraphQl => "application/graphql-response+json; charset=utf-8",
        }
    }
}

/// Whether a body is JSON in UTF-8. What a browser sends across sites without asking first is never that.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(Ok(value)), None) = (values.next().map(|value| value.to_str()), values.next()) else {
        return false;
    };
    let mut parts = value.split(';').map(str::trim);
    parts
        .next()
        .is_some_and(|media| media.eq_ignore_ascii_case("application/json"))
        && parts.all(|part| match part.split_once('=') {
            Some((name, charset)) if name.trim().eq_ignore_ascii_case("charset") => {
                let charset = charset.trim().trim_matches('"');
                charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
            }
            _ => true,
        })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics says where")]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn accepted(accept: &str) -> Media {
        let value = HeaderValue::from_str(accept).unwrap();
        Media::accepted(&HeaderMap::from_iter([(header::ACCEPT, value)]))
    }

    #[test]
    fn the_preferred_media_type_wins_and_the_first_of_equals() {
        assert_eq!(accepted("*/*"), Media::Json);
        assert_eq!(accepted("text/html"), Media::Json);
        assert_eq!(accepted("application/graphql-response+json"), Media::GraphQl);
        assert_eq!(
            accepted("*/*, application/graphql-response+json; charset=utf-8"),
            Media::GraphQl
        );
        assert_eq!(
            accepted("application/json, application/graphql-response+json"),
            Media::Json
        );
        assert_eq!(
            accepted("application/graphql-response+json, application/json;q=0.9"),
            Media::GraphQl
        );
        assert_eq!(
            accepted("application/graphql-response+json;q=0.5, application/json"),
            Media::Json
        );
        assert_eq!(accepted("application/graphql-response+json;q=0"), Media::Json);
    }
}
