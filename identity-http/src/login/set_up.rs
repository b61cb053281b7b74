//! `/auth/setup`: form to create the first administrator while none exists (docs/reference/orchestration-cluster.md
//! §1.8).

use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use identity_core::service::Authentication;
use identity_core::service::cluster::NewUser;
use identity_core::value::{Email, Name, Secret};

use super::page::{self, Frame, Wanted};
use super::{form, request_id, sign_in_page};
use crate::address;
use crate::body::Form;
use crate::findings::Findings;
use crate::problem::Problem;
use crate::session::{FirstAdministrator, SignIn, csrf};

impl SignIn {
    /// Returns the setup while no administrator exists, otherwise `None`.
    pub(super) fn open_setup(&self) -> Option<&FirstAdministrator> {
        self.setup.as_ref().filter(|first| first.setup.is_open())
    }
}

pub(super) async fn ask(request: HttpRequest, sign_in: Data<SignIn>) -> HttpResponse {
    if sign_in.open_setup().is_none() {
        return to_sign_in(&sign_in);
    }
    show(&sign_in, &request, &Wanted::default(), StatusCode::OK, None)
}

pub(super) async fn create(
    request: HttpRequest,
    sign_in: Data<SignIn>,
    authentication: Data<Authentication>,
    payload: Payload,
) -> HttpResponse {
    let Some(first) = sign_in.open_setup() else { return to_sign_in(&sign_in) };
    let wanted = match Form::<Wanted>::receive(&request, &mut payload.into_inner()).await.and_then(Form::required) {
        Ok(wanted) => wanted,
        Err(problem) => return problem.error_response(),
    };
    let refuse = |problem: &Problem| show(&sign_in, &request, &wanted, problem.status_code(), Some(problem.detail()));
    if !csrf::is_own(&request, csrf::of_form(&sign_in, &request).as_ref(), wanted.csrf.as_deref()) {
        sign_in
            .sessions
            .record_refused("csrf", String::new(), request_id(&request).as_deref(), address::of(&request))
            .await;
        return refuse(&Problem::forged());
    }
    let user = match first.user(&wanted) {
        Ok(user) => user,
        Err(problem) => return refuse(&problem),
    };
    let (username, password) = (user.username.clone(), Secret::new(wanted.password.clone()));
    let id = request_id(&request);
    if let Err(error) = first.setup.create(user, &password, address::of(&request), id.as_deref()).await {
        return refuse(&error.into());
    }
    match authentication.basic(username.as_str(), &password, address::of(&request), id).await {
        Ok(caller) => form::open(&sign_in, &request, &caller, sign_in.home().as_ref()).await,
        Err(_) => to_sign_in(&sign_in),
    }
}

impl FirstAdministrator {
    fn user(&self, wanted: &Wanted) -> Result<NewUser, Problem> {
        let mut findings = Findings::of_body();
        let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let username = findings.take("username", self.ids.username(wanted.username.trim()));
        let name = findings.take("name", filled(&wanted.name).map(|name| Name::parse(&name)).transpose());
        let email = findings.take("email", filled(&wanted.email).map(|email| Email::parse(&email)).transpose());
        match (username, name, email) {
            (Some(username), Some(name), Some(email)) if !wanted.password.is_empty() => {
                Ok(NewUser { username, name, email })
            }
            (Some(_), Some(_), Some(_)) => Err(Problem::bad_request("invalid", "password must not be blank.")),
            _ => Err(findings.problem()),
        }
    }
}

fn show(
    sign_in: &SignIn,
    request: &HttpRequest,
    wanted: &Wanted,
    status: StatusCode,
    complaint: Option<&str>,
) -> HttpResponse {
    let frame = Frame::of(sign_in, request);
    sign_in_page::with_token(sign_in, request, |token| page::set_up(&frame, wanted, token, status, complaint))
}

fn to_sign_in(sign_in: &SignIn) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, sign_in.path("/auth/login"))).finish()
}
