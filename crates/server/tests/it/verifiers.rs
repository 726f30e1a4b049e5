//! Other people's verifiers: a token of ours is good in theirs.

use crate::process::Service;
use std::process::Command;

/// Verifies the token in the first argument by the keys at the address in the second.
const VERIFY: &str = r#"
import sys, jwt
token, address = sys.argv[1:]
key = jwt.PyJWKClient(address + "/.well-known/jwks.json").get_signing_key_from_jwt(token)
claims = jwt.decode(token, key.key, algorithms=[key.algorithm_name], issuer="urn:bailiwick", audience="urn:bailiwick",
                    options={"require": ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "auth_time", "sid"]})
print(key.algorithm_name, claims["sub"])
"#;

#[test]
fn an_access_token_verifies_in_pyjwt_by_our_jwks_in_every_algorithm() {
    let installed = Command::new("python3")
        .args(["-c", "import jwt, cryptography"])
        .output();
    if !installed.is_ok_and(|output| output.status.success()) {
        assert_ne!(
            std::env::var("BAILIWICK_TEST_PYJWT").as_deref(),
            Ok("required"),
            "PyJWT is missing"
        );
        eprintln!("skipped: PyJWT is not installed (pip install 'pyjwt[crypto]')");
        return;
    }

    for algorithm in ["ES256", "EdDSA", "RS256"] {
        let service = Service::start(&[("BAILIWICK__TOKENS__ALGORITHM", algorithm)]);
        let (access, _) = service.person("ada");
        let address = format!("http://{}", service.address);
        let output = Command::new("python3")
            .args(["-c", VERIFY, &access, &address])
            .output()
            .unwrap();

        let said = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.starts_with(&format!("{algorithm} user_")),
            "{algorithm}: {said}{complaint}"
        );
    }
}
