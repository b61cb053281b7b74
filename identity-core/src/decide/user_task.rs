//! User tasks: access through the process comes first, then through the task (orchestration reference §3, §4.4).

use serde_json::Value;

use super::{Decision, Property, Question, Target, decide};
use crate::matrix::UnknownAccess;
use crate::resolve::Subject;
use crate::world::World;

/// What somebody does with a user task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskOperation {
    /// Find it, look at it, its form or its audit log.
    Read,
    /// Change it, assign it to somebody else, take it from them.
    Update,
    /// Assign it to oneself.
    Claim,
    /// Complete it.
    Complete,
}

/// A user task, as far as access to it goes.
#[derive(Clone, Copy, Debug)]
pub struct UserTask<'t> {
    /// The task's key.
    pub key: &'t str,
    /// The id of the process that it belongs to.
    pub process_id: &'t str,
    /// Who it is assigned to; null for nobody.
    pub assignee: &'t Value,
    /// Who may claim it.
    pub candidate_users: &'t Value,
    /// The groups whose members may claim it.
    pub candidate_groups: &'t Value,
}

impl TaskOperation {
    /// The permissions that allow it, any of them: on the process, and on the task.
    fn permissions(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::Read => (&["READ_USER_TASK"], &["READ"]),
            Self::Update => (&["UPDATE_USER_TASK"], &["UPDATE"]),
            Self::Claim => (&["CLAIM_USER_TASK", "UPDATE_USER_TASK"], &["CLAIM", "UPDATE"]),
            Self::Complete => (&["COMPLETE_USER_TASK", "UPDATE_USER_TASK"], &["COMPLETE", "UPDATE"]),
        }
    }
}

/// Decides about a user task. `then` is handed the decision, since it may borrow the task's properties.
///
/// # Errors
/// When the world's matrix has no such resource types.
pub fn decide_user_task<T>(
    world: &World,
    subject: &Subject,
    operation: TaskOperation,
    task: &UserTask<'_>,
    then: impl FnOnce(Decision<'_>) -> T,
) -> Result<T, UnknownAccess> {
    let (on_process, on_task) = operation.permissions();
    for permission in on_process {
        let question = Question::resource(world.matrix(), "PROCESS_DEFINITION", permission, task.process_id)?;
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
        let access = world.matrix().access("USER_TASK", permission)?;
        let question = Question::Resource { access, target: Target::WithProperties(task.key, &properties) };
        let decision = decide(world, subject, &question);
        if decision.allowed() {
            return Ok(then(decision));
        }
        last = last.or(Some(decision));
    }
    last.map(then).ok_or_else(|| UnknownAccess::ResourceType("USER_TASK".to_owned()))
}
