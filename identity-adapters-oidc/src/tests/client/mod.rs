//! The client against conforming and faulty providers.

mod authentication;
mod authorization;
mod files;
mod id_token;
mod kinds;
mod logout;
mod machine;
mod redeem;
mod refresh;
mod revoke;
mod settings;
mod support;
mod telemetry;
mod user_info;
