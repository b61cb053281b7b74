//! What the pages of sign-in and sign-out say, in the reader's language.

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT_LANGUAGE;

/// Everything that the pages say. `{}` stands for what the server fills in.
pub(super) struct Texts {
    pub(super) language: &'static str,
    pub(super) sign_in: &'static str,
    pub(super) sign_in_with: &'static str,
    pub(super) username: &'static str,
    pub(super) password: &'static str,
    pub(super) name: &'static str,
    pub(super) email: &'static str,
    pub(super) wrong: &'static str,
    pub(super) throttled: &'static str,
    pub(super) too_old: &'static str,
    pub(super) not_signed_in: &'static str,
    pub(super) try_again: &'static str,
    pub(super) code: &'static str,
    pub(super) unavailable: &'static str,
    pub(super) server_failed: &'static str,
    pub(super) unknown_provider: &'static str,
    pub(super) declined: &'static str,
    pub(super) used_before: &'static str,
    pub(super) unacceptable: &'static str,
    pub(super) not_begun_here: &'static str,
    pub(super) foreign_target: &'static str,
    pub(super) sign_out: &'static str,
    pub(super) sign_out_question: &'static str,
    pub(super) stay: &'static str,
    pub(super) signing_out: &'static str,
    pub(super) provider_next: &'static str,
    pub(super) go_on: &'static str,
    pub(super) signed_out: &'static str,
    pub(super) sign_in_again: &'static str,
    pub(super) set_up: &'static str,
    pub(super) set_up_lead: &'static str,
    pub(super) set_up_button: &'static str,
    pub(super) set_up_failed: &'static str,
}

const ENGLISH: Texts = Texts {
    language: "en",
    sign_in: "Sign in",
    sign_in_with: "Sign in with {}",
    username: "Username",
    password: "Password",
    name: "Name",
    email: "E-mail",
    wrong: "The username or the password is wrong.",
    throttled: "Too many attempts have failed. Try again in {} seconds.",
    too_old: "This form was too old. Please try again.",
    not_signed_in: "You are not signed in",
    try_again: "Try again",
    code: "Code: ",
    unavailable: "The sign-in provider cannot be reached. Try again in a moment.",
    server_failed: "Something went wrong on the server. Try again in a moment.",
    unknown_provider: "There is no such sign-in provider.",
    declined: "The sign-in provider did not let you in. Ask your administrator, or try again.",
    used_before: "This sign-in was used before or took too long. Please try again.",
    unacceptable: "What the sign-in provider answered cannot be accepted. Tell your administrator the code below.",
    not_begun_here: "This sign-in was not begun in this browser, was used before, or took too long. Please try again.",
    foreign_target: "The link that you followed leads to another site after the sign-in. It was not followed.",
    sign_out: "Sign out",
    sign_out_question: "Do you want to sign out?",
    stay: "Stay signed in",
    signing_out: "Signing out",
    provider_next: "You are signed out here. Your provider signs you out next.",
    go_on: "Continue",
    signed_out: "You are signed out",
    sign_in_again: "Sign in again",
    set_up: "Set up Identity",
    set_up_lead: "There is no administrator yet. Whoever fills this in becomes the first one, who may do everything.",
    set_up_button: "Become the administrator",
    set_up_failed: "This did not work: {}",
};

const GERMAN: Texts = Texts {
    language: "de",
    sign_in: "Anmelden",
    sign_in_with: "Anmelden mit {}",
    username: "Benutzername",
    password: "Passwort",
    name: "Name",
    email: "E-Mail",
    wrong: "Der Benutzername oder das Passwort ist falsch.",
    throttled: "Zu viele Versuche sind gescheitert. Versuchen Sie es in {} Sekunden noch einmal.",
    too_old: "Dieses Formular war zu alt. Bitte versuchen Sie es noch einmal.",
    not_signed_in: "Sie sind nicht angemeldet",
    try_again: "Noch einmal versuchen",
    code: "Code: ",
    unavailable: "Der Anmeldedienst ist nicht erreichbar. Versuchen Sie es gleich noch einmal.",
    server_failed: "Auf dem Server ist etwas schiefgegangen. Versuchen Sie es gleich noch einmal.",
    unknown_provider: "Diesen Anmeldedienst gibt es nicht.",
    declined: "Der Anmeldedienst hat Sie nicht eingelassen. Fragen Sie Ihre Administration, oder versuchen Sie es noch einmal.",
    used_before: "Diese Anmeldung wurde schon benutzt oder hat zu lange gedauert. Bitte versuchen Sie es noch einmal.",
    unacceptable: "Die Antwort des Anmeldedienstes ist nicht annehmbar. Nennen Sie Ihrer Administration den Code unten.",
    not_begun_here: "Diese Anmeldung wurde nicht in diesem Browser begonnen, schon benutzt oder hat zu lange gedauert. Bitte versuchen \
                     Sie es noch einmal.",
    foreign_target: "Der Link führt nach der Anmeldung zu einer anderen Website. Ihm wurde nicht gefolgt.",
    sign_out: "Abmelden",
    sign_out_question: "Möchten Sie sich abmelden?",
    stay: "Angemeldet bleiben",
    signing_out: "Abmeldung",
    provider_next: "Hier sind Sie abgemeldet. Als Nächstes meldet Ihr Anmeldedienst Sie ab.",
    go_on: "Weiter",
    signed_out: "Sie sind abgemeldet",
    sign_in_again: "Wieder anmelden",
    set_up: "Identity einrichten",
    set_up_lead: "Es gibt noch keine Administration. Wer dies ausfüllt, wird die erste Person darin und darf alles.",
    set_up_button: "Administration übernehmen",
    set_up_failed: "Das hat nicht geklappt: {}",
};

impl Texts {
    /// In the first language that the browser asks for and we speak; in English otherwise.
    pub(super) fn for_reader(request: &HttpRequest) -> &'static Self {
        let wanted = request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // Browsers list languages with the best first.
        let mut tags = wanted.split([',', ';']).map(|tag| tag.trim().get(..2).unwrap_or_default().to_ascii_lowercase());
        match tags.find(|tag| tag == "de" || tag == "en").as_deref() {
            Some("de") => &GERMAN,
            _ => &ENGLISH,
        }
    }
}

/// A text with what belongs at its `{}`.
pub(super) fn filled(text: &str, with: &str) -> String {
    text.replacen("{}", with, 1)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_first_language_that_is_spoken_counts() {
        for (wanted, language) in [
            ("de-AT,de;q=0.9,en;q=0.8", "de"),
            ("fr, DE;q=0.5", "de"),
            ("en-GB,en;q=0.9,de;q=0.8", "en"),
            ("fr", "en"),
            ("", "en"),
            ("ü", "en"),
        ] {
            let request = TestRequest::default().insert_header((ACCEPT_LANGUAGE, wanted)).to_http_request();
            assert_eq!(Texts::for_reader(&request).language, language, "{wanted}");
        }
        assert_eq!(Texts::for_reader(&TestRequest::default().to_http_request()).language, "en");
    }
}
