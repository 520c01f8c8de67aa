//! The keys of access tokens, and how they are changed while nodes serve.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::Utc;
use serde_json::{Value, json};
use sojourn::platform::auth::token::Signer;
use uuid::Uuid;

/// The public half of a private key as `openssl pkey -pubout` writes it.
fn public(private: &str) -> String {
    let jwks: Value = serde_json::from_str(&Signer::from_pem(private).unwrap().jwks()).unwrap();
    let x = jwks["keys"][0]["x"].as_str().unwrap();
    let x = URL_SAFE_NO_PAD.decode(x).unwrap();
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
    let header = URL_SAFE_NO_PAD.decode(header).unwrap();
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

/// A token with another header and claims, signed with the server's own key.
fn forged(pem: &str, header: &Value, change: impl Fn(&mut Value)) -> String {
    let signer = Signer::from_pem(pem).unwrap();
    let good = token(&signer);
    let parts: Vec<_> = good.split('.').collect();
    let read = |part: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
    let (mut head, mut claims) = (read(parts[0]), read(parts[1]));
    for (name, value) in header.as_object().unwrap() {
        head[name] = value.clone();
    }
    change(&mut claims);
    let text = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(head.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let der = STANDARD
        .decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>())
        .unwrap();
    let pair = aws_lc_rs::signature::Ed25519KeyPair::from_pkcs8(&der).unwrap();
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(text.as_bytes()));
    format!("{text}.{signature}")
}

#[test]
fn what_a_token_says_of_itself_is_held_against_the_rules() {
    let pem = Signer::generate().unwrap();
    let signer = Signer::from_pem(&pem).unwrap();
    let same = json!({});
    assert!(signer.verify(&forged(&pem, &same, |_| {})).is_ok());
    for header in [
        json!({ "alg": "none" }),
        json!({ "alg": "HS256" }),
        json!({ "alg": "RS256" }),
        json!({ "kid": "another" }),
        json!({ "kid": null }),
        json!({ "typ": "JWT" }),
        json!({ "typ": null }),
    ] {
        assert!(signer.verify(&forged(&pem, &header, |_| {})).is_err(), "{header}");
    }
    let now = Utc::now().timestamp();
    for (claim, value) in [
        ("iss", json!("somebody")),
        ("iss", Value::Null),
        ("aud", json!("another")),
        ("aud", Value::Null),
        ("sub", Value::Null),
        ("sub", json!("x")),
        ("exp", Value::Null),
        ("exp", json!(now - 61)),
        ("nbf", Value::Null),
        ("nbf", json!(now + 61)),
    ] {
        let token = forged(&pem, &same, |claims| claims[claim] = value.clone());
        assert!(signer.verify(&token).is_err(), "{claim} {value}");
    }
}

/// Whatever keys a token brings along, it is held against the server's own.
#[test]
fn keys_in_a_token_are_not_used() {
    let (own, foreign) = (Signer::generate().unwrap(), Signer::generate().unwrap());
    let signer = Signer::from_pem(&own).unwrap();
    let kid = |signer: &Signer| {
        let jwks: Value = serde_json::from_str(&signer.jwks()).unwrap();
        jwks["keys"][0].clone()
    };
    let (own_key, foreign_key) = (kid(&signer), kid(&Signer::from_pem(&foreign).unwrap()));
    for header in [
        json!({ "kid": own_key["kid"] }),
        json!({ "kid": own_key["kid"], "jwk": foreign_key }),
        json!({ "kid": own_key["kid"], "jku": "http://127.0.0.1:1/jwks.json" }),
        json!({ "kid": own_key["kid"], "x5u": "http://127.0.0.1:1/key.pem" }),
        json!({ "kid": foreign_key["kid"], "jwk": foreign_key }),
    ] {
        assert!(signer.verify(&forged(&foreign, &header, |_| {})).is_err(), "{header}");
    }
}
