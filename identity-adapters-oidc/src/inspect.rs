//! Inspection: the checks of verification as separate steps, each with the value that it read.

use identity_core::entity::RejectedToken;
use identity_core::port::{Inspection, InspectionStep as Step, TokenError};
use identity_core::resolve::ClaimedGroups;
use identity_core::value::{ClaimSelector, Claims};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::checks::{self, Lifetime};
use crate::compact::{Compact, Header};
use crate::issuer::Issuer;
use crate::verifier::OidcTokenVerifier;

impl OidcTokenVerifier {
    pub(crate) async fn inspect_token(&self, token: &str) -> Inspection {
        let mut inspection = Inspection::default();
        let size = if token.len() > self.max_token_bytes() {
            Err(RejectedToken::TooLarge(self.max_token_bytes()))
        } else {
            Ok(())
        };
        let large = size.is_err();
        inspection
            .steps
            .push(Step::of("size", &size).seeing(Some(json!(token.len())), Some(json!(self.max_token_bytes()))));
        if large {
            return inspection;
        }
        let compact = Compact::split(token);
        let parts = compact.and_then(|compact| {
            let payload = compact.payload()?;
            Ok((compact.header(), compact, payload))
        });
        inspection.steps.push(Step::of("form", &parts));
        let Ok((header, compact, payload)) = parts else { return inspection };
        let issuer = self.issuer_step(&payload, false, &mut inspection);
        let says_access_token = self.signature_steps(header, &compact, issuer, &mut inspection).await;
        self.claim_steps(payload, issuer, says_access_token, &mut inspection);
        inspection
    }

    pub(crate) fn inspect_claims(&self, claims: &Claims) -> Inspection {
        let mut inspection = Inspection::default();
        let payload = claims.as_value().as_object().cloned().unwrap_or_default();
        let issuer = self.issuer_step(&payload, true, &mut inspection);
        self.claim_steps(payload, issuer, true, &mut inspection);
        inspection
    }

    fn issuer_step(
        &self,
        payload: &Map<String, Value>,
        may_lack: bool,
        inspection: &mut Inspection,
    ) -> Option<&Issuer> {
        let names: Vec<&str> = self.all_issuers().map(Issuer::token_name).collect();
        if may_lack && !payload.contains_key("iss") && names.len() == 1 {
            let step = Step::skipped("issuer", "the only configured issuer applies");
            inspection.steps.push(step.seeing(None, Some(json!(names))));
            return self.all_issuers().next();
        }
        let found = checks::issuer(payload).and_then(|name| {
            let found = self.all_issuers().find(|issuer| issuer.token_name() == name);
            found.ok_or_else(|| self.unknown_issuer(name))
        });
        let saw = payload.get("iss").cloned();
        inspection.steps.push(Step::of("issuer", &found).seeing(saw, Some(json!(names))));
        found.ok()
    }

    /// Adds the steps from header to signature. Returns whether the header marks an access token.
    async fn signature_steps(
        &self,
        header: Result<Header, RejectedToken>,
        compact: &Compact<'_>,
        issuer: Option<&Issuer>,
        inspection: &mut Inspection,
    ) -> bool {
        let steps = &mut inspection.steps;
        steps.push(Step::of("header", &header));
        let (Ok(header), Some(issuer)) = (header, issuer) else {
            let why = "requires a valid header and a known issuer";
            steps.extend(["algorithm", "type", "key", "signature"].map(|check| Step::skipped(check, why)));
            return false;
        };
        let allowed = issuer.algorithms.contains(&header.algorithm);
        let algorithm = if allowed { Ok(()) } else { Err(RejectedToken::Algorithm) };
        let names: Vec<&str> = issuer.algorithms.iter().map(|algorithm| algorithm.name()).collect();
        steps.push(Step::of("algorithm", &algorithm).seeing(Some(json!(header.algorithm.name())), Some(json!(names))));

        let types = &issuer.kinds.habits.access_token_types;
        let says = checks::says_access_token(header.typ.as_deref(), types);
        let typ = match &says {
            Ok(false) if issuer.require_access_token_type => Err(RejectedToken::Type),
            Ok(_) => Ok(()),
            Err(reason) => Err(reason.clone()),
        };
        let mut wanted: Vec<Value> =
            std::iter::once("at+jwt").chain(types.iter().map(String::as_str)).map(Value::from).collect();
        if !issuer.require_access_token_type {
            wanted.extend([json!("JWT"), Value::Null]);
        }
        let wanted = Value::Array(wanted);
        steps.push(Step::of("type", &typ).seeing(header.typ.as_ref().map(|typ| json!(typ)), Some(wanted)));

        let kid = header.kid.as_ref().map(|kid| json!(kid));
        match issuer.key_of(compact, &header).await {
            Ok(_) => {
                steps.push(Step::passed("key").seeing(kid, None));
                steps.push(Step::passed("signature"));
            }
            Err(TokenError::Rejected(RejectedToken::UnknownKey)) => {
                let step = Step::failed("key", &RejectedToken::UnknownKey).seeing(kid, None);
                let faults = issuer.key_faults();
                steps.push(if faults.is_empty() {
                    step
                } else {
                    step.saying(format!(
                        "{}; these keys of its issuer cannot be used: {}",
                        RejectedToken::UnknownKey,
                        faults.join("; ")
                    ))
                });
                steps.push(Step::skipped("signature", "requires the key"));
            }
            Err(TokenError::Rejected(reason)) => {
                steps.push(Step::passed("key").seeing(kid, None));
                steps.push(Step::failed("signature", &reason));
            }
            Err(TokenError::Unavailable { .. }) => {
                steps.push(Step::skipped("key", "the issuer's keys are unavailable").seeing(kid, None));
                steps.push(Step::skipped("signature", "requires the key"));
            }
        }
        says.unwrap_or(false)
    }

    fn claim_steps(
        &self,
        payload: Map<String, Value>,
        issuer: Option<&Issuer>,
        says_access_token: bool,
        inspection: &mut Inspection,
    ) {
        let claims = Claims::from(payload.clone());
        inspection.claims = Some(claims.clone());
        let Some(issuer) = issuer else {
            let checks = ["kind", "audience", "times", "principal", "groups"];
            inspection.steps.extend(checks.map(|check| Step::skipped(check, "requires a known issuer")));
            return;
        };
        let steps = &mut inspection.steps;
        let version = if issuer.kinds.is_entra { checks::entra_version(&payload) } else { Ok(()) };
        let kind = version.and_then(|()| checks::kind(&payload, says_access_token, &issuer.kinds));
        steps.push(Step::of("kind", &kind).seeing(payload.get("typ").cloned(), None));
        let otherwise = issuer.kinds.habits.audience_claim.as_deref();
        let audience = issuer.audience(&payload, None);
        let named = payload.get("aud").filter(|value| !value.is_null());
        let stands_in = otherwise.filter(|_| named.is_none());
        let saw = named.or_else(|| payload.get(stands_in?)).cloned();
        let step = Step::of("audience", &audience).seeing(saw, Some(json!(issuer.audiences)));
        steps.push(match stands_in {
            Some(claim) if audience.is_ok() => step.saying(format!("`aud` is missing; `{claim}` is used instead")),
            _ => step,
        });
        steps.push(self.times(&payload, issuer));

        let principal = issuer.claims.principal(&claims);
        steps.push(why(issuer, &claims, Step::of("principal", &principal)));
        inspection.principal = principal.ok();
        let ClaimedGroups { groups, remarks } = issuer.claims.groups(&claims);
        let reader = issuer.claims.groups.as_ref();
        let saw = reader.and_then(|reader| seen(&reader.selector, &claims));
        let step = Step::passed("groups").seeing(saw, reader.map(|reader| json!(reader.selector.as_str())));
        let stored = groups.is_none().then(|| "the stored groups apply".to_owned());
        let details: Vec<String> = stored.into_iter().chain(remarks.iter().map(ToString::to_string)).collect();
        steps.push(if details.is_empty() { step } else { step.saying(details.join("; ")) });
        inspection.groups = groups;
    }

    fn times(&self, payload: &Map<String, Value>, issuer: &Issuer) -> Step {
        let now: OffsetDateTime = self.now();
        let lifetime = Lifetime::read(payload).and_then(|lifetime| lifetime.check(now, issuer.clock_skew));
        let saw: Map<String, Value> = ["iat", "nbf", "exp"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), payload.get(name)?.clone())))
            .collect();
        let wanted = json!({"now": now.unix_timestamp(), "clockSkewSeconds": issuer.clock_skew.whole_seconds()});
        Step::of("times", &lifetime).seeing(Some(Value::Object(saw)), Some(wanted))
    }
}

/// Adds the reason why the token belongs to a user or to a client to the step.
fn why(issuer: &Issuer, claims: &Claims, step: Step) -> Step {
    let username = &issuer.claims.username;
    let client = issuer.claims.client_id.as_ref();
    let saw = json!({"username": seen(username, claims), "clientId": client.and_then(|client| seen(client, claims))});
    let wanted = json!({"usernameClaim": username.as_str(), "clientIdClaim": client.map(ClaimSelector::as_str)});
    let has = |selector: &ClaimSelector| seen(selector, claims).is_some();
    let because = match client {
        None => {
            format!(
                "the token belongs to a user, because no client id claim is configured; the username is in `{username}`"
            )
        }
        Some(client) if has(client) && has(username) => {
            let preferred = if issuer.claims.prefer_username { "username" } else { "client id" };
            format!("the token has both `{client}` and `{username}`; the {preferred} takes precedence")
        }
        Some(client) if has(client) => format!("the token has `{client}` and belongs to a client"),
        Some(client) => format!("the token has no `{client}` and belongs to a user"),
    };
    let step = if step.passed == Some(true) { step.saying(because) } else { step };
    step.seeing(Some(saw), Some(wanted))
}

/// Returns the value that the selector finds in the claims, or a list if it finds several. `None` if it finds nothing
/// or null.
fn seen(selector: &ClaimSelector, claims: &Claims) -> Option<Value> {
    let nodes = selector.select(claims.as_value()).ok()?;
    match nodes.as_slice() {
        [] | [(Value::Null, _)] => None,
        [(one, _)] => Some((*one).clone()),
        several => Some(several.iter().map(|(node, _)| (*node).clone()).collect()),
    }
}
