//! Namespaces of providers. With several providers, equal names must not denote the same principal, unless the
//! configuration explicitly permits it.

use identity_core::value::Namespace;

use super::Provider;
use crate::config::reader::Reader;

/// Reports providers whose names could be confused with those of another provider. `from` reads the section
/// `authentication`.
pub(super) fn check(providers: &[Provider], from: &Reader<'_>) {
    let without = || providers.iter().filter(|provider| provider.namespace.is_none());
    let is_shared = without().count() > 1;
    for (place, provider) in providers.iter().enumerate() {
        let entry = from.entry("providers", &provider.id);
        match &provider.namespace {
            Some(_) if provider.shared_namespace => {
                entry.problem("shared-namespace", "must not be set together with `namespace`");
            }
            Some(namespace) => {
                let known = providers.iter().take(place).find(|other| other.namespace.as_ref() == Some(namespace));
                if let Some(other) = known {
                    let text = format!("is also the namespace of `authentication.providers.{}`", other.id);
                    entry.problem("namespace", text);
                }
            }
            None if is_shared && !provider.shared_namespace => {
                let others = without().filter(|other| other.id != provider.id);
                let others: Vec<String> = others.map(|other| format!("`{}`", other.id)).collect();
                entry.problem(
                    "namespace",
                    format!(
                        "is required with several providers, because equal names of users, clients or groups at {} \
                         would denote the same principal: give all providers but one a `namespace`, such as \
                         `namespace: {}`, or set `shared-namespace: true` for each provider whose equal names denote \
                         the same principal",
                        others.join(", "),
                        provider.id
                    ),
                );
            }
            None => {}
        }
    }
}

/// Returns the namespace of `provider`, which must be an element of `all`.
pub(super) fn of(provider: &Provider, all: &[Provider]) -> Namespace {
    match &provider.namespace {
        Some(namespace) => Namespace::named(namespace.clone()),
        None => Namespace::outside(all.iter().filter_map(|other| other.namespace.clone())),
    }
}
