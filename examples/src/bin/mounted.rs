//! The APIs of Identity for tenants, authorizations and the rights of a token's bearer, within an actix-web service that
//! has routes of its own.
//!
//! Arguments: the issuer, the audience of this service, the file of the store. Prints its address.

use std::sync::Arc;

use actix_web::{App, HttpServer, web};
use identity::http::Surfaces;
use identity::prelude::*;
use identity::service::{Authorizations, Authorizer, Tenants};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().ok_or("usage: mounted ISSUER AUDIENCE FILE");
    let issuer = IssuerSettings::new(argument()?, vec![argument()?], PrincipalClaims::by("preferred_username")?);
    let stores = SqliteStores::open(argument()?).await?;
    let identity = Identity::on(stores.policy, stores.audit).trusting(vec![issuer])?.start().await?;

    let authorizer = Authorizer::management(identity.engine());
    let surfaces = Surfaces {
        tenants: Some(Arc::new(Tenants::new(authorizer.clone()))),
        authorizations: Some(Arc::new(Authorizations::new(authorizer))),
        base_path: "/identity".to_owned(),
        ..Surfaces::new(identity.engine(), identity.authentication(), Arc::new(RandomIds))
    };
    let app = move || {
        let hello = web::get().to(async || "hello");
        App::new().route("/hello", hello).configure(|config| surfaces.mount(config))
    };
    let server = HttpServer::new(app).workers(1).bind("127.0.0.1:0")?;
    server.addrs().iter().for_each(|address| println!("{address}"));
    server.run().await?;
    Ok(())
}
