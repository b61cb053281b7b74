//! Compact serialization of a signed token (RFC 7515 §7.1), and its header.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity_core::entity::RejectedToken;
use identity_core::value::strict_json_object;
use serde_json::{Map, Value};

use crate::algorithm::SigningAlgorithm;

/// The segments of a token, neither decoded nor validated.
pub(crate) struct Compact<'t> {
    header: &'t str,
    payload: &'t str,
    signature: &'t str,
    /// Signing input: header and payload segments as received.
    pub(crate) signed: &'t [u8],
}

/// Header parameters that this server uses. All others (`jku`, `x5u`, `x5c`, `x5t`) are neither fetched nor used.
pub(crate) struct Header {
    pub(crate) algorithm: SigningAlgorithm,
    pub(crate) kid: Option<String>,
    pub(crate) typ: Option<String>,
}

impl<'t> Compact<'t> {
    /// Splits a token into exactly three segments, without decoding them.
    pub(crate) fn split(token: &'t str) -> Result<Self, RejectedToken> {
        let parts = token.rsplit_once('.').and_then(|(signed, signature)| {
            let (header, payload) = signed.split_once('.')?;
            let three = !header.is_empty() && !payload.contains('.');
            three.then_some(Self { header, payload, signature, signed: signed.as_bytes() })
        });
        parts.ok_or(RejectedToken::Malformed("not three segments"))
    }

    pub(crate) fn header(&self) -> Result<Header, RejectedToken> {
        let bytes = decode(self.header)?;
        Header::read(&strict_json_object(&bytes).map_err(RejectedToken::Malformed)?)
    }

    pub(crate) fn payload(&self) -> Result<Map<String, Value>, RejectedToken> {
        strict_json_object(&decode(self.payload)?).map_err(RejectedToken::Malformed)
    }

    pub(crate) fn signature(&self) -> Result<Vec<u8>, RejectedToken> {
        decode(self.signature)
    }
}

/// Decodes base64url without padding, white space or non-zero trailing bits (RFC 7515 §2): each token has one encoding.
fn decode(segment: &str) -> Result<Vec<u8>, RejectedToken> {
    URL_SAFE_NO_PAD.decode(segment).map_err(|_| RejectedToken::Malformed("not base64url"))
}

impl Header {
    fn read(header: &Map<String, Value>) -> Result<Self, RejectedToken> {
        // No extension is supported, so none may be critical (RFC 7515 §4.1.11); unencoded payloads (RFC 7797) are such
        // an extension. A token with an embedded key is an attack (RFC 8725 §3.10).
        for name in ["crit", "b64", "jwk"] {
            if header.contains_key(name) {
                return Err(RejectedToken::Header(name));
            }
        }
        let text = |name: &'static str, fault| match header.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(RejectedToken::Malformed(fault)),
        };
        let algorithm = header.get("alg").and_then(Value::as_str).and_then(|name| name.parse().ok());
        Ok(Self {
            algorithm: algorithm.ok_or(RejectedToken::Algorithm)?,
            kid: text("kid", "`kid` is not a string")?,
            typ: text("typ", "`typ` is not a string")?,
        })
    }
}
