//! Re-enactment of the published migration job, which reads Management Identity and writes to the Orchestration
//! Cluster.
//!
//! The order of steps, the requests and the interpretation of responses match the published job. Like the job, it ends
//! at the first unexpected response, except that 409 means "migrated before". Two things differ. The job writes inside
//! the cluster; this re-enactment writes through `/v2`. The job reads an absent text as null; this re-enactment ends
//! there.

mod access;
mod shapes;

use std::collections::BTreeSet;

use identity_testkit::{Api, Reply};
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use access::{Grants, granted, of_resource};
use shapes::{Authorization, Client, Group, MappingRule, Permission, Role, Tenant, User};

/// Tenant that exists in every cluster.
const DEFAULT_TENANT: &str = "<default>";

/// Migration job.
pub struct Job {
    /// Management Identity, accessed by a client with the permission `read`.
    pub source: Api,
    /// Cluster, accessed by an administrator.
    pub target: Api,
}

/// Counts of a completed run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Created entities, memberships and authorizations.
    pub created: usize,
    /// Entities, memberships and authorizations that already existed.
    pub existed: usize,
    /// Page requests. The first empty page ends a list.
    pub pages: usize,
    /// Paths that the source does not serve, which the job skips.
    pub skipped: BTreeSet<String>,
}

/// Request that ended a run, and its response.
pub type Stop = String;

/// Content of a path at the source, or the indication that the path is not served.
type Served<T> = Result<Result<T, String>, Stop>;

impl Job {
    /// Runs the steps of the job's mode `KEYCLOAK`.
    ///
    /// # Errors
    /// The first request without the response that the job requires.
    pub async fn keycloak(&self) -> Result<Outcome, Stop> {
        let mut outcome = Outcome::default();
        self.roles(&mut outcome).await?;
        self.groups(&mut outcome).await?;
        self.user_roles(&mut outcome).await?;
        self.clients(&mut outcome).await?;
        self.user_authorizations(&mut outcome).await?;
        self.tenants(&mut outcome, true).await?;
        Ok(outcome)
    }

    /// Runs the steps of the job's mode `OIDC`.
    ///
    /// # Errors
    /// As for [`keycloak`](Self::keycloak).
    pub async fn oidc(&self) -> Result<Outcome, Stop> {
        let mut outcome = Outcome::default();
        self.roles(&mut outcome).await?;
        self.tenants(&mut outcome, false).await?;
        self.mapping_rules(&mut outcome).await?;
        Ok(outcome)
    }

    async fn roles(&self, outcome: &mut Outcome) -> Result<(), Stop> {
        for role in self.read::<Vec<Role>>("/api/roles").await? {
            let id = normalized(&role.name);
            let body = json!({"roleId": id, "name": role.name, "description": role.description});
            self.create("/v2/roles", &body, outcome).await?;
            let path = format!("/api/roles/{}/permissions", component(&role.name));
            let grants = granted(&self.read::<Vec<Permission>>(&path).await?);
            self.authorize(("ROLE", &id), grants, outcome).await?;
        }
        Ok(())
    }

    /// Groups stay at the provider; their authorizations are migrated.
    async fn groups(&self, outcome: &mut Outcome) -> Result<(), Stop> {
        for page in 0.. {
            outcome.pages += 1;
            let groups: Vec<Group> = self.read(&format!("/api/groups?page={page}&organizationId=")).await?;
            if groups.is_empty() {
                break;
            }
            for group in groups {
                let id = component(&group.id);
                // An earlier release of the job also migrated the members.
                _ = self.read::<Vec<User>>(&format!("/api/groups/{id}/users?organizationId=")).await?;
                _ = self.read::<Vec<Role>>(&format!("/api/groups/{id}/roles?organizationId=")).await?;
                let path = format!("/api/groups/{id}/authorizations");
                match self.served::<Vec<Authorization>>(&path).await? {
                    Ok(authorizations) => self.repeat(("GROUP", &group.target()), authorizations, outcome).await?,
                    Err(_) => _ = outcome.skipped.insert("/api/groups/{id}/authorizations".to_owned()),
                }
            }
        }
        Ok(())
    }

    async fn users(&self, outcome: &mut Outcome) -> Result<Vec<User>, Stop> {
        let mut all = Vec::new();
        for page in 0.. {
            outcome.pages += 1;
            let users: Vec<User> = self.read(&format!("/api/users?page={page}")).await?;
            if users.is_empty() {
                break;
            }
            all.extend(users);
        }
        Ok(all)
    }

    /// The cluster identifies users by email address.
    async fn user_roles(&self, outcome: &mut Outcome) -> Result<(), Stop> {
        for user in self.users(outcome).await? {
            let roles: Vec<Role> = self.read(&format!("/api/users/{}/roles", component(&user.id))).await?;
            for role in roles {
                let path = format!("/v2/roles/{}/users/{}", normalized(&role.name), segment(&user.email));
                self.assign(&path, outcome).await?;
            }
        }
        Ok(())
    }

    async fn clients(&self, outcome: &mut Outcome) -> Result<(), Stop> {
        for client in self.read::<Vec<Client>>("/api/clients").await? {
            if matches!(&*client.kind, "M2M" | "CONFIDENTIAL") {
                let path = format!("/api/clients/{}/permissions", component(&client.id));
                let grants = granted(&self.read::<Vec<Permission>>(&path).await?);
                self.authorize(("CLIENT", &client.client_id), grants, outcome).await?;
            }
        }
        Ok(())
    }

    async fn user_authorizations(&self, outcome: &mut Outcome) -> Result<(), Stop> {
        for user in self.users(outcome).await? {
            let path = format!("/api/users/{}/authorizations", component(&user.id));
            match self.served::<Vec<Authorization>>(&path).await? {
                Ok(authorizations) => self.repeat(("USER", &user.email), authorizations, outcome).await?,
                Err(_) => {
                    _ = outcome.skipped.insert("/api/users/{id}/authorizations".to_owned());
                    break;
                }
            }
        }
        Ok(())
    }

    async fn tenants(&self, outcome: &mut Outcome, with_members: bool) -> Result<(), Stop> {
        let tenants: Vec<Tenant> = match self.served("/api/tenants").await? {
            Ok(tenants) => tenants,
            Err(path) => {
                _ = outcome.skipped.insert(path);
                return Ok(());
            }
        };
        for Tenant { tenant_id, name } in tenants {
            let mut target = tenant_id.clone();
            if tenant_id != DEFAULT_TENANT {
                target = normalized(&tenant_id);
                self.create("/v2/tenants", &json!({"tenantId": target, "name": name}), outcome).await?;
            }
            if with_members {
                let (source, target) = (component(&tenant_id), segment(&target));
                for user in self.read::<Vec<User>>(&format!("/api/tenants/{source}/users")).await? {
                    self.assign(&format!("/v2/tenants/{target}/users/{}", segment(&user.username)), outcome).await?;
                }
                for group in self.read::<Vec<Group>>(&format!("/api/tenants/{source}/groups")).await? {
                    self.assign(&format!("/v2/tenants/{target}/groups/{}", segment(&group.target())), outcome).await?;
                }
                for client in self.read::<Vec<Client>>(&format!("/api/tenants/{source}/applications")).await? {
                    let client = normalized(&client.client_id);
                    self.assign(&format!("/v2/tenants/{target}/clients/{client}"), outcome).await?;
                }
            }
        }
        Ok(())
    }

    async fn mapping_rules(&self, outcome: &mut Outcome) -> Result<(), Stop> {
        for rule in self.read::<Vec<MappingRule>>("/api/mapping-rules").await? {
            let id = normalized(&rule.name);
            let MappingRule { name, claim_name, claim_value, applied_roles, applied_tenants } = rule;
            let body = json!({"mappingRuleId": id, "name": name, "claimName": claim_name, "claimValue": claim_value});
            self.create("/v2/mapping-rules", &body, outcome).await?;
            for role in applied_roles {
                let path = format!("/v2/roles/{}/mapping-rules/{id}", normalized(&role.name));
                self.assign(&path, outcome).await?;
            }
            for tenant in applied_tenants {
                let path = format!("/v2/tenants/{}/mapping-rules/{id}", normalized(&tenant.tenant_id));
                self.assign(&path, outcome).await?;
            }
        }
        Ok(())
    }

    async fn repeat(
        &self,
        owner: (&str, &str),
        authorizations: Vec<Authorization>,
        outcome: &mut Outcome,
    ) -> Result<(), Stop> {
        for one in authorizations {
            self.authorize(owner, of_resource(&one)?, outcome).await?;
        }
        Ok(())
    }

    async fn authorize(&self, owner: (&str, &str), grants: Grants, outcome: &mut Outcome) -> Result<(), Stop> {
        for ((resource_type, resource_id), permissions) in grants {
            let body = json!({"ownerType": owner.0, "ownerId": owner.1, "resourceType": resource_type,
                "resourceId": resource_id, "permissionTypes": permissions});
            self.create("/v2/authorizations", &body, outcome).await?;
        }
        Ok(())
    }

    async fn create(&self, path: &str, body: &Value, outcome: &mut Outcome) -> Result<(), Stop> {
        written(&self.target.post(path, body).await, 201, body, outcome)
    }

    async fn assign(&self, path: &str, outcome: &mut Outcome) -> Result<(), Stop> {
        let request = self.target.request(Method::PUT, path);
        written(&self.target.send(request).await, 204, &Value::Null, outcome)
    }

    async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, Stop> {
        self.served(path).await?.map_err(|path| format!("{path} is not served"))
    }

    async fn served<T: DeserializeOwned>(&self, path: &str) -> Served<T> {
        let request = self.source.request(Method::GET, path).header("accept", "application/json");
        let reply = self.source.send(request.header("content-type", "application/json")).await;
        match reply.status {
            200 => match serde_json::from_str(&reply.text) {
                Ok(read) => Ok(Ok(read)),
                Err(error) => Err(format!("{path} is answered with another shape: {error}: {}", reply.text)),
            },
            404 => Ok(Err(path.to_owned())),
            status => Err(format!("{path} is answered with {status}: {}", reply.text)),
        }
    }
}

fn written(reply: &Reply, wanted: u16, body: &Value, outcome: &mut Outcome) -> Result<(), Stop> {
    match reply.status {
        status if status == wanted => outcome.created += 1,
        409 => outcome.existed += 1,
        status => return Err(format!("{} with {body} is answered with {status}: {}", reply.url, reply.text)),
    }
    Ok(())
}

/// Returns the ID that the job derives from a name.
#[must_use]
pub fn normalized(name: &str) -> String {
    let kept = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_' | '@' | '.' | '-');
    let lower = name.to_lowercase();
    lower.chars().map(|c| if kept(c) { c } else { '_' }).take(256).collect()
}

/// Encodes a text as the job's client writes it into a path. Characters that are legal in a path stay, including `/`.
fn component(text: &str) -> String {
    encoded(text, "-._~!$&'()*+,;=:@/")
}

/// Encodes a text as one path segment.
fn segment(text: &str) -> String {
    encoded(text, "-._~@")
}

fn encoded(text: &str, kept: &str) -> String {
    let mut path = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(char::from(byte)) {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    path
}
