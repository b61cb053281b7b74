//! Decisions as a service: access evaluation, search and explanation in the terms of the AuthZEN Authorization API 1.0.
//!
//! All answers come from the functions that also authorize requests to this service.
//!
//! A caller needs an authorization on the resource type `POLICY_DECISION`. The resource ID is the name of the resource
//! type that the request is about. The permission `read` on this service's API is sufficient as well, because it
//! exposes all data that answers depend on.

mod administration;
mod evaluate;
mod evaluation_request;
mod explain;
mod in_directory;
mod inspect;
mod line;
mod rate_limit;
mod review;
mod search;
mod simulate;
mod subject_data;

use std::num::NonZeroU32;
use std::sync::Arc;

pub use administration::AdministrationChange;
pub use evaluate::{Batch, Evaluated, NotEvaluated};
pub use evaluation_request::{Action, EntityRef, EvaluationRequest, SubjectKind};
pub use explain::{Explained, OpenedDenial};
pub use in_directory::InDirectory;
pub use inspect::{CaseVariant, Inspected, MAX_CLAIM_BYTES, RuleRefusal, RuleVerdict};
pub use line::{Gap, Holding, Line, Review, steps_in_words};
pub use search::{Hits, Part, SearchLimits};
pub use simulate::{Change as LoginChange, OnRecentCallers, Simulated, Simulation, SimulationFailed};
pub use subject_data::{Basis, SubjectLookup};

use crate::catalog::POLICY_DECISION;
use crate::decide::{Facts, Question};
use crate::engine::Engine;
use crate::entity::{AuditDraft, AuditEntity, AuditOperation, EntityKind, Principal, VerifiedToken};
use crate::port::{AuditLog, TokenError, TokenVerifier};
use crate::preset::{IDENTITY_AUDIENCE, READ};
use crate::resolve::{RecentSubjects, subject_of_token};
use crate::world::World;
use rate_limit::RateLimit;
use subject_data::{Known, SubjectData};

use super::recent_callers::RecentCallers;
use super::{Authorizer, Caller, ServiceError};

/// Policy decision point: evaluates, searches, explains, inspects and simulates access.
pub struct Access {
    authorizer: Authorizer,
    audit: Arc<dyn AuditLog>,
    verifier: Option<Arc<dyn TokenVerifier>>,
    logins: Arc<RecentCallers>,
    lookup: SubjectLookup,
    rate_limit: RateLimit,
    recent: RecentSubjects,
}

/// Kind of access request. Each kind requires a permission of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestKind {
    /// Evaluate requests: allow or deny.
    Evaluate,
    /// Search for all subjects, resources or actions for which access is allowed.
    Search,
    /// Explain a decision or a recorded denial.
    Explain,
    /// Show the contents of a token and of recent logins.
    Inspect,
    /// Compute the effects of a change without making it.
    Simulate,
}

impl RequestKind {
    /// Returns the permission on `POLICY_DECISION` that this kind of request requires, such as `EVALUATE`.
    #[must_use]
    pub fn permission(self) -> &'static str {
        match self {
            Self::Evaluate => "EVALUATE",
            Self::Search => "SEARCH",
            Self::Explain => "EXPLAIN",
            Self::Inspect => "INSPECT",
            Self::Simulate => "SIMULATE",
        }
    }
}

/// Subject of a request: a validated token, or a principal with the best available data about it. It can be resolved at
/// any revision without I/O.
#[derive(Clone, Debug)]
pub struct Identified(Who);

#[derive(Clone, Debug)]
enum Who {
    Token(Arc<VerifiedToken>),
    Principal(Principal, SubjectData),
}

impl Identified {
    /// Resolves the subject. It is cached until the policy data changes: of a token with the token, of a principal
    /// without further data in `recent`.
    fn known(&self, world: &Arc<World>, recent: &RecentSubjects) -> Known {
        match &self.0 {
            Who::Token(token) => Known {
                subject: subject_of_token(world, token).0,
                claims: Some(token.claims.read()),
                basis: Basis::Token,
                is_partial: false,
            },
            Who::Principal(principal, data) => data.known(world, principal, recent),
        }
    }
}

impl Access {
    /// Creates the service. Each caller may make at most `questions_per_second` evaluations; `None` means no limit.
    /// Without `verifier`, tokens are not accepted as subjects.
    #[must_use]
    pub fn new(
        engine: Arc<Engine>,
        audit: Arc<dyn AuditLog>,
        verifier: Option<Arc<dyn TokenVerifier>>,
        logins: Arc<RecentCallers>,
        questions_per_second: Option<NonZeroU32>,
    ) -> Self {
        Self {
            lookup: SubjectLookup::new(Arc::clone(&engine), Arc::clone(&logins)),
            authorizer: Authorizer::management(engine),
            audit,
            verifier,
            logins,
            rate_limit: RateLimit::new(questions_per_second),
            recent: RecentSubjects::default(),
        }
    }

    /// Whether the subject of a request can be a token.
    #[must_use]
    pub fn has_tokens(&self) -> bool {
        self.verifier.is_some()
    }

    /// Checks the caller's rate limit, then its permission to make a request of the kind `ask` about a resource type.
    /// `None` stands for all resource types.
    ///
    /// `questions` is the number of evaluations to count against the rate limit. Records a denial in the audit log.
    ///
    /// # Errors
    /// [`ServiceError::TooOften`] when the rate limit is exceeded; [`ServiceError::Denied`] when the caller lacks the
    /// permission.
    pub async fn permit(
        &self,
        caller: &Caller,
        ask: RequestKind,
        resource_type: Option<&str>,
        questions: usize,
    ) -> Result<(), ServiceError> {
        self.admit(caller, questions)?;
        if self.authorizer.is_open_to(caller) {
            return Ok(());
        }
        // A longer text is not the name of a resource type, so only a grant on all types can match.
        let key = resource_type.filter(|name| name.len() <= 256).unwrap_or_default();
        let read = Question::permission(IDENTITY_AUDIENCE, READ);
        let questions: Vec<Question<'_>> = question_of(&caller.world, ask, key).into_iter().chain([read]).collect();
        let entity = AuditEntity { kind: EntityKind::Decision, key: key.to_owned() };
        let attempt = AuditDraft::new(AuditOperation::Read, entity);
        self.authorizer.require_one_of(caller, &attempt, &questions).await
    }

    /// Counts `questions` evaluations against the caller's rate limit. [`Self::permit`] does so, too.
    ///
    /// # Errors
    /// [`ServiceError::TooOften`] when the rate limit is exceeded.
    pub fn admit(&self, caller: &Caller, questions: usize) -> Result<(), ServiceError> {
        let now = self.authorizer.engine().clock().monotonic();
        let taken = self.rate_limit.take(&caller.actor, questions, now);
        taken.map_err(|retry_after| ServiceError::TooOften { retry_after })
    }

    /// Adds the sources of data about principals that requests name by ID. Without them, only the logins of this replica
    /// are used.
    #[must_use]
    pub fn looking_up(self, lookup: SubjectLookup) -> Self {
        Self { lookup, ..self }
    }

    /// Identifies the subject of a request: validates a token, or looks up the best available data about a principal,
    /// for decisions on `resource`, or on any resource if `None`. The result can be resolved at any revision without
    /// I/O.
    ///
    /// The inner `Err` is the reason why no subject was identified: its type or ID is invalid, its token is rejected,
    /// or this server accepts no tokens.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`] when the issuer of the token or the directory is unavailable.
    pub async fn identify(
        &self,
        world: &World,
        subject: &EntityRef,
        resource: Option<&EntityRef>,
    ) -> Result<Result<Identified, NotEvaluated>, ServiceError> {
        let identified = self.identify_by_id(subject).await?;
        Ok(match identified {
            Ok(Identified(Who::Principal(principal, _))) => {
                let data = self.lookup.find(world, &principal, resource).await?;
                Ok(Identified(Who::Principal(principal, data)))
            }
            other => other,
        })
    }

    /// Identifies the subject of a request without looking up data about a principal.
    async fn identify_by_id(&self, subject: &EntityRef) -> Result<Result<Identified, NotEvaluated>, ServiceError> {
        if SubjectKind::parse(&subject.kind) == Some(SubjectKind::Token) {
            let Some(verifier) = &self.verifier else { return Ok(Err(NotEvaluated::NoTokens)) };
            return match verifier.verify(&subject.id).await {
                Ok(token) => Ok(Ok(Identified(Who::Token(token)))),
                Err(TokenError::Rejected(reason)) => Ok(Err(NotEvaluated::Token(reason))),
                Err(TokenError::Unavailable { retry_after }) => Err(ServiceError::Unavailable { retry_after }),
            };
        }
        let principal = subject.principal().ok_or(NotEvaluated::NoSuchSubject);
        Ok(principal.map(|principal| Identified(Who::Principal(principal, SubjectData::Stored))))
    }

    /// Resolves an identified subject in `world`.
    fn known(&self, world: &Arc<World>, subject: &Result<Identified, NotEvaluated>) -> Result<Known, NotEvaluated> {
        subject.as_ref().map(|subject| subject.known(world, &self.recent)).map_err(Clone::clone)
    }
}

/// Builds the question whether a caller may make a request of the kind `ask` about a resource type. An empty name
/// stands for all resource types.
fn question_of<'q>(world: &World, ask: RequestKind, resource_type: &'q str) -> Option<Question<'q>> {
    let (matrix, permission) = (world.catalog(), ask.permission());
    let question = match resource_type {
        "" => Question::all_resources(matrix, POLICY_DECISION, permission),
        resource_type => Question::resource(matrix, POLICY_DECISION, permission, resource_type),
    };
    question.ok()
}

/// Returns the questions that [`Access::permit`] may have decided before it recorded a denial for a resource type: one
/// for each kind of request.
fn questions_of_attempt<'q>(world: &World, resource_type: &'q str) -> Vec<Question<'q>> {
    let all =
        [RequestKind::Evaluate, RequestKind::Search, RequestKind::Explain, RequestKind::Inspect, RequestKind::Simulate];
    all.into_iter().filter_map(|ask| question_of(world, ask, resource_type)).collect()
}

impl EvaluationRequest {
    /// Builds the authorization question for this request and passes it to `then`; `None` if it asks for unknown
    /// access.
    pub(super) fn in_world<T>(&self, world: &World, known: &Known, then: impl FnOnce(Option<&Question<'_>>) -> T) -> T {
        let facts = self.facts(Some(known));
        evaluation_request::with_question(
            world,
            (&self.resource.kind, &self.resource.id),
            &self.action.name,
            &facts,
            then,
        )
    }

    /// Returns the claims of a token and the properties of the request, on which conditions are evaluated.
    pub(super) fn facts<'a>(&'a self, known: Option<&'a Known>) -> Facts<'a> {
        Facts {
            claims: known.and_then(|known| known.claims.as_ref()),
            subject: Some(&self.subject.properties),
            resource: Some(&self.resource.properties),
            action: Some(&self.action.properties),
        }
    }
}
