//! Key pairs: made, and read back.

use super::KeyError;
use aws_lc_rs::{
    encoding::AsDer,
    rsa,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey,
    jwk::{AlgorithmParameters, Jwk, ThumbprintHash},
};
use zeroize::Zeroizing;

/// How tokens are signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// ECDSA on P-256 with SHA-256 (RFC 7518 §3.4).
    #[default]
    Es256,
    /// Ed25519 (RFC 8037 §3.1).
    EdDsa,
    /// RSA with 2048 bits, PKCS #1 v1.5, SHA-256 (RFC 7518 §3.3).
    Rs256,
}

/// A private key in PKCS #8, with what everybody may know of it.
pub(super) struct KeyPair {
    /// Its RFC 7638 thumbprint.
    pub(super) id: String,
    pub(super) private: Zeroizing<Vec<u8>>,
    pub(super) public: Jwk,
}

impl KeyAlgorithm {
    pub(super) const ALL: [Self; 3] = [Self::Es256, Self::EdDsa, Self::Rs256];

    /// Its name in tokens and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
        }
    }

    pub(super) const fn of_tokens(self) -> Algorithm {
        match self {
            Self::Es256 => Algorithm::ES256,
            Self::EdDsa => Algorithm::EdDSA,
            Self::Rs256 => Algorithm::RS256,
        }
    }

    /// A new pair.
    pub(super) fn generate(self) -> Result<KeyPair, KeyError> {
        let private = match self {
            Self::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
                .and_then(|pair| pair.to_pkcs8v1())
                .map_err(KeyError::broken)?
                .as_ref()
                .to_vec(),
            Self::EdDsa => Ed25519KeyPair::generate()
                .and_then(|pair| pair.to_pkcs8v1())
                .map_err(KeyError::broken)?
                .as_ref()
                .to_vec(),
            Self::Rs256 => rsa::KeyPair::generate(rsa::KeySize::Rsa2048)
                .and_then(|pair| AsDer::as_der(&pair))
                .map(|der: aws_lc_rs::encoding::Pkcs8V1Der<'_>| der.as_ref().to_vec())
                .map_err(KeyError::broken)?,
        };
        let public = Jwk::from_encoding_key(&self.signing_key(&private)?, self.of_tokens());
        let public = public.map_err(KeyError::broken)?;
        Ok(KeyPair {
            id: public
                .thumbprint(ThumbprintHash::SHA256)
                .map_err(KeyError::broken)?,
            private: private.into(),
            public,
        })
    }

    pub(super) fn signing_key(self, private: &[u8]) -> Result<EncodingKey, KeyError> {
        match self {
            Self::Es256 => Ok(EncodingKey::from_ec_der(private)),
            Self::EdDsa => Ok(EncodingKey::from_ed_der(private)),
            // Its DER would have to be that of PKCS #1.
            Self::Rs256 => {
                let body = Zeroizing::new(BASE64_STANDARD.encode(private));
                let pem = format!(
                    "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
                    *body
                );
                EncodingKey::from_rsa_pem(Zeroizing::new(pem).as_bytes()).map_err(KeyError::broken)
            }
        }
    }
}

pub(super) fn verifying_key(public: &Jwk) -> Result<DecodingKey, KeyError> {
    DecodingKey::from_jwk(public).map_err(KeyError::broken)
}

/// The members that the world may see (RFC 7517 §4): named one by one, so that no private one slips in.
pub(super) fn public_members(
    id: &str,
    algorithm: KeyAlgorithm,
    public: &Jwk,
) -> Vec<(&'static str, String)> {
    let text = str::to_owned;
    let mut members = vec![
        ("kid", text(id)),
        ("alg", text(algorithm.name())),
        ("use", text("sig")),
    ];
    match &public.algorithm {
        AlgorithmParameters::EllipticCurve(key) => members.extend([
            ("kty", text("EC")),
            ("crv", text("P-256")),
            ("x", text(&key.x)),
            ("y", text(&key.y)),
        ]),
        AlgorithmParameters::OctetKeyPair(key) => {
            members.extend([
                ("kty", text("OKP")),
                ("crv", text("Ed25519")),
                ("x", text(&key.x)),
            ]);
        }
        AlgorithmParameters::RSA(key) => {
            members.extend([
                ("kty", text("RSA")),
                ("n", text(&key.n)),
                ("e", text(&key.e)),
            ]);
        }
        // A symmetric key would be no secret here; we make none.
        _ => {}
    }
    members
}
