//! Media: uploading, processing, showing and clearing away, on both stores.

mod album;
mod attach;
mod fates;
mod fault;
mod gallery;
mod hostile;
mod kill;
mod labels;
#[cfg(target_os = "linux")]
mod large;
mod picture;
mod resume;
mod scan;
mod sight;
pub mod upload;

use http::{HeaderMap, HeaderName, Method, Request, StatusCode};
use object_store::{
    ClientOptions,
    client::{HttpClient, HttpConnector, HttpRequestBody, ReqwestConnector},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sojourn::{
    app::App,
    platform::job::{FAN_OUT, INBOX},
};
use tokio_util::sync::CancellationToken;

use crate::support::{Cast, Person, Server, World, faults, id_of};

/// What a client asks for to upload a file.
const UPLOAD: &str = "mediaItem { id state version file { status progress } } upload { isMultipart partSize
    requests { partNumber offset size method url headers { name value } expiresAt }
    arrived { partNumber size sha256 } }";

/// A small image, other for every `shade`.
pub fn photo(shade: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 40, 30);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().unwrap();
    let pixels: Vec<u8> = (0..40 * 30)
        .flat_map(|place: u32| [shade, (place % 251) as u8, 90])
        .collect();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    bytes
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a client says of a file.
pub fn announced(space: &str, phase: &str, bytes: &[u8], media_type: &str) -> Value {
    json!({
        "spaceId": space, "phaseId": phase, "fileName": "beach.png", "mediaType": media_type, "size": bytes.len(),
        "sha256": sha256(bytes), "caption": "The beach", "altText": "Sand and sea",
    })
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// A client that knows nothing but the requests that it gets.
pub struct Phone {
    client: HttpClient,
    /// What the embedded server calls itself, and where it is.
    server: (String, String),
}

impl Phone {
    pub async fn new(world: &World) -> Self {
        let address = world.node.serve().await;
        Self::with_server("http://127.0.0.1:8080", &format!("http://{address}"))
    }

    /// One for a server in a process of its own, which knows its address.
    pub fn of(server: &Server) -> Self {
        Self::with_server(&server.url(), &server.url())
    }

    fn with_server(name: &str, address: &str) -> Self {
        let options = ClientOptions::new().with_allow_http(true);
        Self {
            client: ReqwestConnector::default().connect(&options).unwrap(),
            server: (name.to_owned(), address.to_owned()),
        }
    }

    pub async fn request(&self, method: &str, url: &str, headers: &[(String, String)], body: &[u8]) -> Answer {
        let url = url.replacen(&self.server.0, &self.server.1, 1);
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(url);
        for (name, value) in headers {
            request = request.header(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
        }
        let body = HttpRequestBody::from(body.to_vec());
        let answer = self.client.execute(request.body(body).unwrap()).await;
        let Ok(answer) = answer else {
            // A store may hang up on a body that it doesn't take.
            return Answer {
                status: StatusCode::BAD_REQUEST,
                headers: HeaderMap::new(),
                body: Vec::new(),
            };
        };
        let (parts, body) = answer.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.bytes().await.unwrap().to_vec(),
        }
    }

    /// Sends a signed request with its part of a file.
    pub async fn send(&self, request: &Value, file: &[u8]) -> StatusCode {
        let place = |field: &str| usize::try_from(request[field].as_u64().unwrap()).unwrap();
        self.send_part(request, &file[place("offset")..place("offset") + place("size")])
            .await
    }

    /// The same with the part alone.
    pub async fn send_part(&self, request: &Value, body: &[u8]) -> StatusCode {
        let headers: Vec<_> = request["headers"].as_array().unwrap().iter().map(header).collect();
        let (method, url) = (request["method"].as_str().unwrap(), request["url"].as_str().unwrap());
        self.request(method, url, &headers, body).await.status
    }

    pub async fn get(&self, url: &str) -> Answer {
        self.request("GET", url, &[], b"").await
    }
}

fn header(header: &Value) -> (String, String) {
    let text = |field: &str| header[field].as_str().unwrap().to_owned();
    (text("name"), text("value"))
}

impl Server {
    /// Announces a file, sends it and has it taken over; the item, or why not.
    pub async fn upload(&self, who: &Person, input: Value, bytes: &[u8]) -> Result<String, String> {
        let payload = self.mutate(who, "mediaUploadRequest", input, UPLOAD).await;
        if let Some(fault) = faults(&payload).first() {
            return Err(fault.clone());
        }
        let phone = Phone::of(self);
        for request in payload["upload"]["requests"].as_array().unwrap() {
            assert_eq!(phone.send(request, bytes).await, StatusCode::OK);
        }
        let id = id_of(&payload["mediaItem"]);
        let payload = self
            .mutate(who, "mediaUploadComplete", json!({ "mediaItemId": id }), "")
            .await;
        match faults(&payload).first() {
            Some(fault) => Err(fault.clone()),
            None => Ok(id),
        }
    }

    /// What became of files so far: the status of each, and why.
    pub async fn fates(&self, who: &Person, items: &[String]) -> Vec<String> {
        let query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on MediaItem { file { status failureReason } } } }";
        let data = self.ask(who, query, json!({ "ids": items })).await;
        let nodes = data["nodes"].as_array().unwrap().iter();
        nodes
            .map(|node| {
                let text = |field: &str| node["file"][field].as_str();
                let status = text("status").unwrap();
                text("failureReason").map_or_else(|| status.to_owned(), |reason| format!("{status}/{reason}"))
            })
            .collect()
    }
}

/// Does the jobs that are due, except those that tell inboxes; how many there were.
async fn work(app: &App) -> usize {
    let runner = app.runner().only(|kind| ![FAN_OUT, INBOX].contains(&kind));
    runner.run_due(&CancellationToken::new()).await.unwrap()
}

impl World {
    /// Does the jobs that are due, except those that tell inboxes; how many there were.
    pub async fn work(&self) -> usize {
        work(self.app()).await
    }

    /// Announces and sends a file.
    pub async fn sent(&self, who: &Person, cast: &Cast, bytes: &[u8], media_type: &str) -> String {
        let input = announced(&cast.space, &cast.during, bytes, media_type);
        self.sent_as(who, input, bytes).await
    }

    /// Announces a file by this input, and sends it.
    pub async fn sent_as(&self, who: &Person, input: Value, bytes: &[u8]) -> String {
        let payload = self.done(who, "mediaUploadRequest", input, UPLOAD).await;
        let phone = Phone::new(self).await;
        for request in payload["upload"]["requests"].as_array().unwrap() {
            assert_eq!(phone.send(request, bytes).await, StatusCode::OK);
        }
        payload["mediaItem"]["id"].as_str().unwrap().to_owned()
    }

    /// A file that is processed.
    pub async fn photo(&self, who: &Person, cast: &Cast, shade: u8) -> String {
        let id = self.sent(who, cast, &photo(shade), "image/png").await;
        self.done(who, "mediaUploadComplete", json!({ "mediaItemId": id }), "")
            .await;
        assert_eq!(self.work().await, 1);
        assert_eq!(self.file(who, &id, "status").await, "READY");
        id
    }

    /// An album of these items.
    pub async fn album(&self, who: &Person, cast: &Cast, items: &[&str]) -> String {
        let input = json!({ "phaseId": cast.during, "title": "Our days", "mediaItemIds": items });
        let payload = self.done(who, "albumCreate", input, "album { id }").await;
        payload["album"]["id"].as_str().unwrap().to_owned()
    }

    /// A field of the file of an item.
    pub async fn file(&self, who: &Person, id: &str, field: &str) -> Value {
        let selection = format!("file {{ it: {field} }}");
        self.seen(who, id, &selection).await["file"]["it"].clone()
    }
}
