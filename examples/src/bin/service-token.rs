//! Requests an access token for calls to other services. The token is cached and renewed in time.
//!
//! Arguments: the issuer, the id and the secret of this service's client, the audience of the other service. Prints the
//! expiry time of the token.

use std::sync::Arc;

use identity::oidc::{ClientAuthentication, MachineTokenRequest, MachineTokenSettings, ProviderKind};
use identity::prelude::*;
use identity::value::Secret;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().ok_or("usage: service-token ISSUER CLIENT SECRET AUDIENCE");
    let (issuer, client) = (argument()?, argument()?);
    let secret = ClientAuthentication::SecretBasic(Secret::new(argument()?));
    let settings = MachineTokenSettings::new(ProviderKind::Generic, issuer, client, secret);
    let tokens = MachineTokens::new(&settings, Arc::new(SystemClock))?;

    let request = MachineTokenRequest { resources: vec![argument()?], ..MachineTokenRequest::default() };
    let token = tokens.token(&request).await?;
    println!("expires {}", token.expires_at);
    Ok(())
}
