//! The keys of access tokens, and how they are changed while nodes serve.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::Utc;
use serde_json::Value;
use sojourn::platform::auth::token::Signer;
use uuid::Uuid;

/// The public half of a private key as `openssl pkey -pubout` writes it.
fn public(private: &str) -> String {
    let jwks: Value = serde_json::from_str(&Signer::from_pem(private).unwrap().jwks()).unwrap();
    let x = jwks["keys"][0]["x"].as_str().unwrap();
    let x = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(x).unwrap();
    let header = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    let der = STANDARD.encode([&header[..], &x].concat());
    format!("-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n")
}

fn token(signer: &Signer) -> String {
    let id = Uuid::now_v7();
    signer.sign(id, id, id, Utc::now()).unwrap().0
}

#[test]
fn tokens_of_a_trusted_key_are_good_and_of_no_other() {
    let (old, new) = (Signer::generate().unwrap(), Signer::generate().unwrap());
    let before = Signer::from_pem(&old).unwrap();
    let mut after = Signer::from_pem(&new).unwrap();
    assert!(after.verify(&token(&before)).is_err());
    after.trust(&public(&old)).unwrap();
    assert!(after.verify(&token(&before)).is_ok());
    assert!(after.verify(&token(&after)).is_ok());
    assert!(before.verify(&token(&after)).is_err());
}

#[test]
fn all_keys_are_published_the_signing_one_first() {
    let (old, new) = (Signer::generate().unwrap(), Signer::generate().unwrap());
    let mut signer = Signer::from_pem(&new).unwrap();
    for pem in [public(&old), public(&new), public(&old)] {
        signer.trust(&pem).unwrap();
    }
    let jwks: Value = serde_json::from_str(&signer.jwks()).unwrap();
    let keys = jwks["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    let header = token(&signer).split('.').next().unwrap().to_owned();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    assert_eq!(header["kid"], keys[0]["kid"]);
    for key in keys {
        assert_eq!(
            (&key["kty"], &key["crv"], &key["alg"], &key["use"]),
            (&"OKP".into(), &"Ed25519".into(), &"EdDSA".into(), &"sig".into())
        );
        assert!(key.get("d").is_none());
    }
}

#[test]
fn a_private_key_is_no_key_to_trust() {
    let mut signer = Signer::from_pem(&Signer::generate().unwrap()).unwrap();
    for wrong in [Signer::generate().unwrap(), "nonsense".to_owned(), String::new()] {
        assert!(signer.trust(&wrong).is_err());
    }
}
