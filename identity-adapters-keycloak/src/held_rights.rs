//! Rights of users and clients that are known by id only, without a token.

use std::collections::BTreeSet;

use identity_core::entity::Principal;
use identity_core::port::{ApiDirectory, ApiSelection, DirectoryError, Entitled, Freshness, TokenError};
use identity_core::search::{ListRequest, PageRequest};
use identity_core::value::{Audience, Username};

use crate::Keycloak;
use crate::known_rights::Holder;
use crate::rights::{APIS, DEADLINE, PAUSE, Question, unavailable};

impl Keycloak {
    /// Returns the rights of a principal in the realm, without a token: its groups, and its permissions on `apis`. `None`
    /// if the principal does not exist or is disabled.
    pub(crate) async fn rights_without_token(
        &self,
        principal: &Principal,
        apis: &ApiSelection,
    ) -> Result<Option<Entitled>, TokenError> {
        let answering = async {
            let Some(holder) = self.holder(principal).await.map_err(|error| unavailable(&error))? else {
                return Ok(None);
            };
            let audiences = match apis {
                ApiSelection::None => BTreeSet::new(),
                ApiSelection::One(audience) => BTreeSet::from([audience.clone()]),
                ApiSelection::All => self.audiences().await.map_err(|error| unavailable(&error))?,
            };
            let question = Question { holder, audiences, session: None, freshness: Freshness::Recent };
            self.with_rights(&question, |known| known.entitled_without_token(&question)).await
        };
        tokio::time::timeout(DEADLINE, answering).await.unwrap_or(Err(TokenError::Unavailable { retry_after: PAUSE }))
    }

    /// Returns the account that holds the rights of a principal. `None` for a client without a service account.
    async fn holder(&self, principal: &Principal) -> Result<Option<Holder>, DirectoryError> {
        let client = match principal {
            Principal::User(subject) => return Ok(Some(Holder { subject: subject.clone(), client: None })),
            Principal::Client(client) => client,
        };
        let Some(found) = self.client_rep(client.as_str()).await? else { return Ok(None) };
        let account = self.service_account(&found, client).await?;
        let subject = account.and_then(|account| Username::parse(&account.id).ok());
        Ok(subject.map(|subject| Holder { subject, client: Some(client.clone()) }))
    }

    /// Returns the audiences of the APIs in the realm, at most [`APIS`].
    async fn audiences(&self) -> Result<BTreeSet<Audience>, DirectoryError> {
        let page = ListRequest { search: None, page: PageRequest { offset: 0, limit: APIS } };
        Ok(ApiDirectory::list(self, &page).await?.items.into_iter().map(|api| api.audience).collect())
    }
}
