//! Texts of the sign-in and sign-out pages in all supported languages.

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT_LANGUAGE;

/// All texts of the pages in one language. `{}` is a placeholder for a value, see [`filled`].
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
    wrong: "The username or password is incorrect, or the account is inactive.",
    throttled: "Too many failed attempts. Try again in {} seconds.",
    too_old: "The form has expired. Try again.",
    not_signed_in: "You are not signed in",
    try_again: "Try again",
    code: "Code: ",
    unavailable: "The identity provider cannot be reached. Try again later.",
    server_failed: "A server error occurred. Try again later.",
    unknown_provider: "The identity provider is unknown. Start the sign-in again.",
    declined: "The identity provider declined the sign-in. Try again, or contact your administrator.",
    used_before: "The sign-in has expired or was already completed. Try again.",
    unacceptable: "The identity provider returned an invalid response. Give the code below to your administrator.",
    not_begun_here: "The sign-in was not started in this browser, has expired, or was already completed. Try again.",
    foreign_target: "The link leads to another site after the sign-in. It was blocked. Sign in without the link.",
    sign_out: "Sign out",
    sign_out_question: "Do you want to sign out?",
    stay: "Stay signed in",
    signing_out: "Signing out",
    provider_next: "You are signed out here. You are being redirected to your identity provider to sign out there.",
    go_on: "Continue",
    signed_out: "You are signed out",
    sign_in_again: "Sign in again",
    set_up: "Set up Identity",
    set_up_lead: "No administrator exists yet. Create the first administrator, with all permissions.",
    set_up_button: "Create administrator",
    set_up_failed: "Setup failed: {}",
};

const GERMAN: Texts = Texts {
    language: "de",
    sign_in: "Anmelden",
    sign_in_with: "Anmelden mit {}",
    username: "Benutzername",
    password: "Passwort",
    name: "Name",
    email: "E-Mail",
    wrong: "Der Benutzername oder das Passwort ist falsch, oder das Konto ist deaktiviert.",
    throttled: "Zu viele fehlgeschlagene Versuche. Versuchen Sie es in {} Sekunden erneut.",
    too_old: "Das Formular ist abgelaufen. Versuchen Sie es erneut.",
    not_signed_in: "Sie sind nicht angemeldet",
    try_again: "Erneut versuchen",
    code: "Code: ",
    unavailable: "Der Identity-Provider ist nicht erreichbar. Versuchen Sie es später erneut.",
    server_failed: "Auf dem Server ist ein Fehler aufgetreten. Versuchen Sie es später erneut.",
    unknown_provider: "Der Identity-Provider ist unbekannt. Beginnen Sie die Anmeldung erneut.",
    declined: "Der Identity-Provider hat die Anmeldung abgelehnt. Versuchen Sie es erneut, oder wenden Sie sich an \
               Ihre Administration.",
    used_before: "Die Anmeldung ist abgelaufen oder wurde bereits abgeschlossen. Versuchen Sie es erneut.",
    unacceptable: "Der Identity-Provider hat eine ungültige Antwort gesendet. Nennen Sie Ihrer Administration den Code \
                   unten.",
    not_begun_here: "Die Anmeldung wurde nicht in diesem Browser begonnen, ist abgelaufen oder wurde bereits \
                     abgeschlossen. Versuchen Sie es erneut.",
    foreign_target: "Der Link führt nach der Anmeldung zu einer anderen Website. Er wurde blockiert. Melden Sie sich \
                     ohne den Link an.",
    sign_out: "Abmelden",
    sign_out_question: "Möchten Sie sich abmelden?",
    stay: "Angemeldet bleiben",
    signing_out: "Abmeldung",
    provider_next: "Sie sind hier abgemeldet. Sie werden zu Ihrem Identity-Provider weitergeleitet, um sich dort \
                    abzumelden.",
    go_on: "Weiter",
    signed_out: "Sie sind abgemeldet",
    sign_in_again: "Erneut anmelden",
    set_up: "Identity einrichten",
    set_up_lead: "Es gibt noch kein Administratorkonto. Legen Sie das erste mit allen Berechtigungen an.",
    set_up_button: "Administrator anlegen",
    set_up_failed: "Einrichtung fehlgeschlagen: {}",
};

impl Texts {
    /// Selects the first supported language in `Accept-Language`, otherwise English.
    pub(super) fn for_reader(request: &HttpRequest) -> &'static Self {
        let wanted = request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // Browsers list languages in order of preference.
        let mut tags = wanted.split([',', ';']).map(|tag| tag.trim().get(..2).unwrap_or_default().to_ascii_lowercase());
        match tags.find(|tag| tag == "de" || tag == "en").as_deref() {
            Some("de") => &GERMAN,
            _ => &ENGLISH,
        }
    }
}

/// Replaces the placeholder `{}` in a text with a value.
pub(super) fn filled(text: &str, with: &str) -> String {
    text.replacen("{}", with, 1)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn selects_first_supported_language() {
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
