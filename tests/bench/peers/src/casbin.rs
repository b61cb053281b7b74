//! Decisions by Casbin: role-based access control with one rule for each owner, resource and permission.

use std::time::Instant;

use casbin::{CoreApi as _, DefaultModel, Enforcer, MemoryAdapter};
use identity_bench::measure::shown;
use identity_bench::policies::{Policies, Query, TYPES, resource_id};
use identity_bench::report::{record, record_growth};

use super::Scene;

const MODEL: &str = "
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.act == p.act && (r.obj == p.obj || p.obj == '*') && g(r.sub, p.sub)
";
/// Number of questions: each one evaluates all rules.
const QUESTIONS: usize = 6;

async fn enforcer(policies: &Policies) -> Enforcer {
    let model = DefaultModel::from_str(MODEL).await.expect("a model");
    let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await.expect("an enforcer");
    let mut rules = Vec::new();
    for grant in &policies.grants {
        let resource_type = TYPES[grant.resource_type];
        let resource = grant.id.map_or_else(|| "*".to_owned(), resource_id);
        for permission in grant.permissions() {
            rules.push(vec![
                grant.owner.party().to_string(),
                resource.clone(),
                format!("{resource_type}:{permission}"),
            ]);
        }
    }
    rules.sort();
    rules.dedup();
    enforcer.get_mut_model().add_policies("p", "p", rules);
    let links = policies.people.iter().flat_map(|person| {
        let user = identity_bench::policies::Owner::User(person.user);
        let owners = person.owners().filter(move |owner| *owner != user);
        owners.map(move |owner| vec![user.party().to_string(), owner.party().to_string()])
    });
    enforcer.get_mut_model().add_policies("g", "g", links.collect());
    enforcer.build_role_links().expect("links");
    enforcer
}

/// Times a few decisions, because each of them takes long.
pub fn report(scene: &Scene, authorizations: usize, ours: impl Fn(&Query) -> bool) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let enforcer = runtime.block_on(enforcer(&scene.policies));
    // Denials evaluate all rules; an allowed question ends at its rule.
    let questions = |wanted: bool| scene.queries.iter().filter(move |(_, allowed)| *allowed == wanted);
    let asked: Vec<_> = questions(true).take(QUESTIONS / 2).chain(questions(false).take(QUESTIONS / 2)).collect();
    let mut times = Vec::new();
    for (query, allowed) in &asked {
        let subject = identity_bench::policies::Owner::User(scene.policies.people[query.person].user).party().to_string();
        let action = format!("{}:{}", query.resource_type, query.permission);
        let begin = Instant::now();
        let decided = enforcer.enforce((subject, query.id.clone(), action)).expect("a decision");
        times.push(begin.elapsed().as_secs_f64());
        assert_eq!(decided, *allowed, "Casbin");
    }
    times.sort_by(f64::total_cmp);
    let casbin = times[times.len() / 2];
    let begin = Instant::now();
    let mut count = 0;
    while begin.elapsed().as_millis() < 200 {
        count += scene.queries.iter().map(|(query, _)| std::hint::black_box(ours(query))).count();
    }
    let identity = begin.elapsed().as_secs_f64() / count as f64;
    println!("\nCasbin, {authorizations} authorizations: {} against {}", shown(casbin), shown(identity));
    record_growth("Casbin", authorizations, casbin);
    if authorizations == 100_000 {
        let note = format!("{} against {}", shown(casbin), shown(identity));
        record("Casbin, of a decision at 100,000", casbin / identity, &note);
    }
}
