//! Provisioning of groups. A path identifies exactly one group; a plain name identifies a top-level group.

use identity_core::entity::EntityKind;
use identity_core::port::DirectoryError;
use identity_core::search::PageRequest;
use identity_core::value::{GroupId, Name};
use serde_json::json;

use super::Pass;
use crate::Keycloak;
use crate::call::Call;
use crate::readable::Elements;
use crate::wire::{GroupRep, unfit};

/// Maximum number of groups that are read when one parent is searched for a name.
const NAMESAKES: usize = 1000;

/// Splits a configured group name into the names of its ancestors, outermost first, and its own. A path begins with
/// `/`; within a name, `/` is written `~/`. For example, `/a~/b/c` yields `a/b` and `c`.
pub(super) fn steps(name: &Name) -> Result<Vec<String>, DirectoryError> {
    let Some(path) = name.as_str().strip_prefix('/') else { return Ok(vec![name.to_string()]) };
    const SLASH: &str = "\0";
    let steps: Vec<String> = path.replace("~/", SLASH).split('/').map(|step| step.replace(SLASH, "/")).collect();
    if steps.iter().any(|step| step.trim().is_empty()) {
        return Err(DirectoryError::Invalid(format!("`{name}` must be a path of names, such as `/division/admins`")));
    }
    Ok(steps)
}

impl Keycloak {
    /// Returns the id of the group with exactly this name in `parent`; without a parent, among the top-level groups.
    async fn group_in(&self, parent: Option<&str>, name: &str) -> Result<Option<String>, DirectoryError> {
        let children = parent.map(|parent| ["groups", parent, "children"]);
        let call = || {
            let call = match &children {
                Some(path) => Call::get(path),
                None => Call::get(&["groups"]).query("populateHierarchy", false),
            };
            call.query("search", name).query("exact", true).query("briefRepresentation", true)
        };
        let page = PageRequest { offset: 0, limit: NAMESAKES };
        let found: Elements<GroupRep> = self.read_page(EntityKind::Group, page, call).await?;
        let fits = |group: &GroupRep| group.name == name && (parent.is_some() || group.is_top());
        Ok(found.items.into_iter().find(fits).map(|group| group.id))
    }
}

impl Pass<'_> {
    /// Returns the id of the group with the configured path or name, if it exists.
    pub(super) async fn found_group(&self, name: &Name) -> Result<Option<GroupId>, DirectoryError> {
        let mut at: Option<String> = None;
        for step in steps(name)? {
            match self.keycloak.group_in(at.as_deref(), &step).await? {
                Some(found) => at = Some(found),
                None => return Ok(None),
            }
        }
        at.map(|id| GroupId::parse(&id).map_err(unfit)).transpose()
    }

    /// Returns the id of the group with the configured path or name. Creates it and its missing ancestors. In a dry
    /// run, returns `None` if the group does not exist.
    pub(super) async fn group(&mut self, name: &Name) -> Result<Option<GroupId>, DirectoryError> {
        if let Some(found) = self.found_group(name).await? {
            return Ok(Some(found));
        }
        if !self.change(format!("group {name}")) {
            return Ok(None);
        }
        let mut at: Option<String> = None;
        for step in steps(name)? {
            at = match self.keycloak.group_in(at.as_deref(), &step).await? {
                Some(found) => Some(found),
                None => Some(self.make_group(at.as_deref(), &step).await?),
            };
        }
        self.made();
        at.map(|id| GroupId::parse(&id).map_err(unfit)).transpose()
    }

    async fn make_group(&self, parent: Option<&str>, name: &str) -> Result<String, DirectoryError> {
        let children = parent.map(|parent| ["groups", parent, "children"]);
        let path = children.as_ref().map_or(&["groups"][..], |children| &children[..]);
        let call = Call::post(path, json!({"name": name})).about(EntityKind::Group, name);
        Ok(self.keycloak.send(call).await?.created()?.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_steps_and_a_plain_name_is_one() {
        let of = |text: &str| steps(&Name::parse(text).unwrap());
        assert_eq!(of("Vertrieb / Süd"), Ok(vec!["Vertrieb / Süd".to_owned()]));
        assert_eq!(of("/division/admins"), Ok(vec!["division".to_owned(), "admins".to_owned()]));
        assert_eq!(of("/a~/b/c"), Ok(vec!["a/b".to_owned(), "c".to_owned()]));
        for wrong in ["/", "//a", "/a/", "/a//b"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
