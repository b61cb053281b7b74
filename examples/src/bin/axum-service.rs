//! A service on axum: verifies tokens of a provider, follows the policies of a store, and guards a handler.
//!
//! Arguments: the issuer, the audience of this service, the file of the store. Prints its address.

use std::sync::Arc;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use identity::prelude::*;
use identity::tower::forbidden;

async fn order(Extension(caller): Extension<Arc<Caller>>, Path(id): Path<String>) -> Response {
    match caller.may("READ_PROCESS_DEFINITION", "PROCESS_DEFINITION", &id) {
        Ok(true) => format!("order {id}").into_response(),
        _ => forbidden(),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().ok_or("usage: axum-service ISSUER AUDIENCE FILE");
    let issuer = IssuerSettings::new(argument()?, vec![argument()?], PrincipalClaims::by("preferred_username")?);
    let stores = SqliteStores::open(argument()?).await?;
    let identity = Identity::on(stores.policy, stores.audit).trusting(vec![issuer])?.start().await?;

    let app = Router::new().route("/orders/{id}", get(order)).layer(BearerLayer::new(identity.authentication()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
