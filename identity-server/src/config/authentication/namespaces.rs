//! Namespaces of providers: with several, a name at one must not be the same principal as at another, unless an operator
//! says so.

use identity_core::value::Namespace;

use super::Provider;
use crate::config::reader::Reader;

/// Reports providers whose names would be mistaken for those of another.
pub(super) fn check(providers: &[Provider], from: &Reader<'_>) {
    let without = || providers.iter().filter(|provider| provider.namespace.is_none());
    let is_shared = without().count() > 1;
    for (place, provider) in providers.iter().enumerate() {
        let entry = from.section(&provider.id);
        match &provider.namespace {
            Some(_) if provider.shared_namespace => {
                entry.problem("shared-namespace", "must not be set beside `namespace`");
            }
            Some(namespace) => {
                let known = providers.iter().take(place).find(|other| other.namespace.as_ref() == Some(namespace));
                if let Some(other) = known {
                    let text = format!("is the namespace of `authentication.providers.{}` too", other.id);
                    entry.problem("namespace", text);
                }
            }
            None if is_shared && !provider.shared_namespace => {
                let others = without().filter(|other| other.id != provider.id);
                let others: Vec<String> = others.map(|other| format!("`{}`", other.id)).collect();
                entry.problem(
                    "namespace",
                    format!(
                        "is required with several providers, because a user, client or group of this name at {} would be \
                         the same here: give all providers but one a `namespace`, such as `namespace: {}`, or set \
                         `shared-namespace: true` for each provider at which a name means the same",
                        others.join(", "),
                        provider.id
                    ),
                );
            }
            None => {}
        }
    }
}

/// Which ids the names of `provider`, one of `all`, become.
pub(super) fn of(provider: &Provider, all: &[Provider]) -> Namespace {
    match &provider.namespace {
        Some(namespace) => Namespace::named(namespace.clone()),
        None => Namespace::outside(all.iter().filter_map(|other| other.namespace.clone())),
    }
}
