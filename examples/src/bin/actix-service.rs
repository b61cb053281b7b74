//! A service on actix-web: verifies tokens of a provider, follows the policies of a store, and guards a handler.
//!
//! Arguments: the issuer, the audience of this service, the file of the store. Prints its address.

use actix_web::{App, Error, HttpServer, web};
use identity::http::BearerCaller;
use identity::prelude::*;

async fn order(caller: BearerCaller, id: web::Path<String>) -> Result<String, Error> {
    caller.require("READ_PROCESS_DEFINITION", "PROCESS_DEFINITION", &id)?;
    Ok(format!("order {id}"))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().ok_or("usage: actix-service ISSUER AUDIENCE FILE");
    let issuer = IssuerSettings::new(argument()?, vec![argument()?], PrincipalClaims::by("preferred_username")?);
    let stores = SqliteStores::open(argument()?).await?;
    let identity = Identity::on(stores.policy, stores.audit).trusting(vec![issuer])?.start().await?;

    let authentication = web::Data::from(identity.authentication());
    let app = move || App::new().app_data(authentication.clone()).route("/orders/{id}", web::get().to(order));
    let server = HttpServer::new(app).workers(1).bind("127.0.0.1:0")?;
    server.addrs().iter().for_each(|address| println!("{address}"));
    server.run().await?;
    Ok(())
}
