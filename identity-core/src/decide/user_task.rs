//! Decisions on user tasks: access through the process definition is checked first, then access to the task itself
//! (docs/reference/orchestration-cluster.md §3, §4.4).

use serde_json::Value;

use super::{Decision, Property, Question, Target, decide};
use crate::catalog::UnknownAccess;
use crate::resolve::Subject;
use crate::world::World;

/// Operation on a user task. It determines the permissions that allow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskOperation {
    /// Find the task; read it, its form or its audit log.
    Read,
    /// Update the task; assign it to another user or unassign it.
    Update,
    /// Assign the task to the caller.
    Claim,
    /// Complete the task.
    Complete,
}

/// User task with the properties on which access to it depends.
#[derive(Clone, Copy, Debug)]
pub struct UserTask<'t> {
    /// Key of the task, which is its resource id.
    pub key: &'t str,
    /// Id of the process definition that the task belongs to.
    pub process_id: &'t str,
    /// Username of the assignee; null if the task is unassigned.
    pub assignee: &'t Value,
    /// Usernames of the candidate users, as a JSON array.
    pub candidate_users: &'t Value,
    /// Ids of the candidate groups, as a JSON array.
    pub candidate_groups: &'t Value,
}

impl TaskOperation {
    /// Returns the permissions on the process definition, then those on the task. One permission of either list is
    /// sufficient.
    fn permissions(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::Read => (&["READ_USER_TASK"], &["READ"]),
            Self::Update => (&["UPDATE_USER_TASK"], &["UPDATE"]),
            Self::Claim => (&["CLAIM_USER_TASK", "UPDATE_USER_TASK"], &["CLAIM", "UPDATE"]),
            Self::Complete => (&["COMPLETE_USER_TASK", "UPDATE_USER_TASK"], &["COMPLETE", "UPDATE"]),
        }
    }
}

/// Decides whether an operation on a user task is permitted. Passes the decision to `then` instead of returning it,
/// because it may borrow the properties of the task.
///
/// # Errors
/// If the catalog of the world lacks the resource types or permissions.
pub fn decide_user_task<T>(
    world: &World,
    subject: &Subject,
    operation: TaskOperation,
    task: &UserTask<'_>,
    then: impl FnOnce(Decision<'_>) -> T,
) -> Result<T, UnknownAccess> {
    let (on_process, on_task) = operation.permissions();
    for permission in on_process {
        let question = Question::resource(world.catalog(), "PROCESS_DEFINITION", permission, task.process_id)?;
        let decision = decide(world, subject, &question);
        if decision.allowed() {
            return Ok(then(decision));
        }
    }
    let properties = [
        Property { name: "assignee", value: task.assignee },
        Property { name: "candidateUsers", value: task.candidate_users },
        Property { name: "candidateGroups", value: task.candidate_groups },
    ];
    let mut last = None;
    for permission in on_task {
        let access = world.catalog().access("USER_TASK", permission)?;
        let question = Question::Resource { access, target: Target::WithProperties(task.key, &properties) };
        let decision = decide(world, subject, &question);
        if decision.allowed() {
            return Ok(then(decision));
        }
        last = last.or(Some(decision));
    }
    last.map(then).ok_or_else(|| UnknownAccess::ResourceType("USER_TASK".to_owned()))
}
