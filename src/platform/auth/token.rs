//! Access tokens: JWT, EdDSA only, fifteen minutes.

use std::{fmt, path::Path};

use aws_lc_rs::{
    encoding::AsBigEndian,
    hmac,
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::write_private;
use crate::platform::error::{Error, Result};

/// How long an access token is good.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(15);
/// How far clocks may differ, in seconds.
const LEEWAY: u64 = 30;
const ISSUER: &str = "sojourn";
const TYPE: &str = "at+jwt";

/// What an access token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// The issuer.
    iss: String,
    /// The audience.
    aud: String,
    /// The account.
    pub sub: Uuid,
    /// The session.
    pub sid: Uuid,
    /// Unique id of the token.
    jti: Uuid,
    /// Issued at, in seconds since 1970.
    iat: i64,
    /// Not good before, in seconds since 1970.
    nbf: i64,
    /// Good until, in seconds since 1970.
    pub exp: i64,
}

/// The key that signs access tokens, and those by which they are good.
pub struct Signer {
    encoding: EncodingKey,
    /// Makes other secrets of the private key.
    derive: hmac::Key,
    /// The own one first.
    keys: Vec<Known>,
}

/// A public key.
struct Known {
    kid: String,
    /// The key itself, in base64url.
    x: String,
    decoding: DecodingKey,
}

impl Known {
    fn new(public: &[u8]) -> std::result::Result<Self, String> {
        let x = URL_SAFE_NO_PAD.encode(public);
        // The thumbprint of RFC 7638 over the members that RFC 8037 names.
        let thumbprint = Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
        let decoding = DecodingKey::from_ed_components(&x).map_err(|error| error.to_string())?;
        Ok(Self {
            kid: URL_SAFE_NO_PAD.encode(thumbprint),
            x,
            decoding,
        })
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kids: Vec<_> = self.keys.iter().map(|key| &key.kid).collect();
        formatter
            .debug_struct("Signer")
            .field("kids", &kids)
            .finish_non_exhaustive()
    }
}

impl Signer {
    /// Reads a private key: PKCS #8 in PEM, Ed25519.
    ///
    /// # Errors
    /// A sentence for the operator: another kind of key, or one that is no secret.
    pub fn from_pem(pem: &str) -> std::result::Result<Self, String> {
        let der = der(pem)?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der)
            .map_err(|_| "the signing key is not an Ed25519 private key in PKCS #8".to_owned())?;
        let seed = pair
            .seed()
            .and_then(|seed| AsBigEndian::as_be_bytes(&seed))
            .map_err(|_| "the signing key can't be read".to_owned())?;
        if is_weak(seed.as_ref()) {
            return Err(
                "the signing key is weak or published: make one with `openssl genpkey -algorithm ed25519`".into(),
            );
        }
        Ok(Self {
            encoding: EncodingKey::from_ed_der(&der),
            derive: hmac::Key::new(hmac::HMAC_SHA256, seed.as_ref()),
            keys: vec![Known::new(pair.public_key().as_ref())?],
        })
    }

    /// Takes tokens for good that another key has signed; its public half in PEM (SubjectPublicKeyInfo).
    ///
    /// # Errors
    /// A sentence for the operator: another kind of key, or a private one.
    pub fn trust(&mut self, pem: &str) -> std::result::Result<(), String> {
        let der = der(pem)?;
        // All that stands before the 32 bytes of an Ed25519 public key (RFC 8410, 4).
        const HEADER: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
        let public = der.strip_prefix(&HEADER).filter(|public| public.len() == 32);
        let public = public.ok_or(
            "this is not an Ed25519 public key (make one of a private key with: openssl pkey -in KEY -pubout)",
        )?;
        let known = Known::new(public)?;
        if self.keys.iter().all(|key| key.kid != known.kid) {
            self.keys.push(known);
        }
        Ok(())
    }

    /// A secret for something else, the same on all nodes with this key. It tells nothing of the key, nor of other secrets.
    #[must_use]
    pub fn secret(&self, purpose: &str) -> [u8; 32] {
        let mut secret = [0; 32];
        secret.copy_from_slice(hmac::sign(&self.derive, purpose.as_bytes()).as_ref());
        secret
    }

    /// The public keys as a JSON Web Key Set.
    #[must_use]
    pub fn jwks(&self) -> String {
        let keys: Vec<_> = self
            .keys
            .iter()
            .map(|key| json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.kid, "x": key.x }))
            .collect();
        json!({ "keys": keys }).to_string()
    }

    /// A new private key in PEM.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn generate() -> std::result::Result<String, String> {
        let pair = Ed25519KeyPair::generate().map_err(|error| error.to_string())?;
        let der = pair.to_pkcs8v1().map_err(|error| error.to_string())?;
        Ok(format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            STANDARD.encode(der)
        ))
    }

    /// Reads the key in a file, or makes one there that only its owner can read.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn from_file_or_new(path: &Path) -> std::result::Result<Self, String> {
        let pem = match std::fs::read_to_string(path) {
            Ok(pem) => pem,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let pem = Self::generate()?;
                write_private(path, &pem).map_err(|error| format!("{}: {error}", path.display()))?;
                pem
            }
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        Self::from_pem(&pem).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// A new access token and when it ends.
    ///
    /// # Errors
    /// Never in practice.
    pub fn sign(&self, account: Uuid, session: Uuid, jti: Uuid, now: DateTime<Utc>) -> Result<(String, DateTime<Utc>)> {
        let exp = now + LIFETIME;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: ISSUER.to_owned(),
            sub: account,
            sid: session,
            jti,
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: exp.timestamp(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = self.keys.first().map(|key| key.kid.clone());
        let token = jsonwebtoken::encode(&header, &claims, &self.encoding).map_err(Error::internal)?;
        Ok((token, exp))
    }

    /// Reads an access token.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for anything but a token of one of the keys, of this kind, of now.
    pub fn verify(&self, token: &str) -> Result<Claims> {
        let read = || {
            let header = jsonwebtoken::decode_header(token).ok()?;
            let key = self.keys.iter().find(|key| Some(&key.kid) == header.kid.as_ref())?;
            (header.typ.as_deref() == Some(TYPE)).then_some(())?;
            let mut validation = Validation::new(Algorithm::EdDSA);
            validation.set_audience(&[ISSUER]);
            validation.set_issuer(&[ISSUER]);
            validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
            validation.validate_nbf = true;
            validation.leeway = LEEWAY;
            Some(
                jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation)
                    .ok()?
                    .claims,
            )
        };
        read().ok_or(Error::Unauthenticated)
    }
}

/// What is between the lines of a PEM file.
fn der(pem: &str) -> std::result::Result<Vec<u8>, String> {
    let lines = pem.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
    STANDARD
        .decode(lines.collect::<String>())
        .map_err(|_| "the key is not PEM".to_owned())
}

/// Seeds that everybody has: those of RFC 8032 (section 7.1) and RFC 8410 (section 10.3), and patterns.
fn is_weak(seed: &[u8]) -> bool {
    const PUBLISHED: [&str; 4] = [
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842",
    ];
    let hex: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut distinct = seed.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    // A random seed of 32 bytes has about 30 distinct ones; counting up has a constant step.
    let steps: Vec<u8> = seed.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
    distinct.len() < 16 || steps.iter().all(|step| *step == steps[0]) || PUBLISHED.contains(&hex.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_made_here_signs_and_verifies() {
        let signer = Signer::generate().and_then(|pem| Signer::from_pem(&pem));
        let signer = signer.map_err(Error::internal);
        let claims = signer.and_then(|signer| {
            let (token, _) = signer.sign(Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3), Utc::now())?;
            signer.verify(&token)
        });
        assert!(matches!(claims, Ok(claims) if claims.sub == Uuid::from_u128(1) && claims.sid == Uuid::from_u128(2)));
    }

    #[test]
    fn a_secret_is_of_its_key_and_purpose() {
        let signer = || Signer::generate().and_then(|pem| Signer::from_pem(&pem));
        let (Ok(one), Ok(other)) = (signer(), signer()) else {
            panic!("no keys")
        };
        assert_eq!(one.secret("a"), one.secret("a"));
        assert!(one.secret("a") != one.secret("b") && one.secret("a") != other.secret("a"));
    }

    #[test]
    fn published_and_patterned_seeds_are_weak() {
        let counting: Vec<u8> = (0..32).collect();
        assert!(is_weak(&[0; 32]) && is_weak(&counting) && is_weak(b"sojournsojournsojournsojournsojo"));
        assert!(!is_weak(&Sha256::digest(b"not a pattern")));
    }
}
