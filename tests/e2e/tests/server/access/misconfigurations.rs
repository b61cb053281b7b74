//! Seeded configuration mistakes: the first reported cause must be the seeded one.

use serde_json::{Value, json};

use crate::support::{ROOT, Site, Store, created, done};

on_each_store!(the_first_cause_is_the_seeded_one);

/// Seeded mistake: the set-up, the token, the question, and the expected cause.
struct Case {
    name: &'static str,
    token: String,
    question: (String, String, String),
    properties: Value,
    /// Reason code of a rejected token, or the name of the remedy and a part of it.
    expected: (&'static str, Value),
}

/// Creates the entities of a case. Every name contains the number of the case.
struct Setup<'s> {
    site: &'s Site,
    n: usize,
}

impl Setup<'_> {
    fn id(&self, name: &str) -> String {
        format!("{name}-{}", self.n)
    }

    async fn post(&self, path: &str, body: Value) {
        created(self.site.admin().post(path, &body).await);
    }

    /// Creates the case's role, which may read the definition of the case's process.
    async fn role(&self) -> String {
        let role = self.id("role");
        self.post("/v2/roles", json!({"roleId": role, "name": role})).await;
        self.grant(("ROLE", &role), "PROCESS_DEFINITION", &self.id("order"), "READ_PROCESS_DEFINITION").await;
        role
    }

    async fn grant(&self, owner: (&str, &str), kind: &str, id: &str, permission: &str) {
        let body = json!({"ownerType": owner.0, "ownerId": owner.1, "resourceType": kind, "resourceId": id,
            "permissionTypes": [permission]});
        self.post("/v2/authorizations", body).await;
    }

    async fn join(&self, container: &str, kind: &str, member: &str) {
        done(self.site.admin().put(&format!("/v2/{container}/{kind}/{member}"), &json!({})).await);
    }

    /// Creates a mapping rule and adds it to the case's role.
    async fn rule(&self, claim: &str, value: &str) {
        let role = self.role().await;
        let rule = self.id("rule");
        let body = json!({"mappingRuleId": rule, "name": rule, "claimName": claim, "claimValue": value});
        self.post("/v2/mapping-rules", body).await;
        self.join(&format!("roles/{role}"), "mapping-rules", &rule).await;
    }

    fn token(&self, claims: &Value) -> String {
        let mut whole = json!({"sub": self.id("ann")});
        for (name, value) in claims.as_object().expect("an object") {
            whole[name] = value.clone();
        }
        self.site.forge.token(&whole)
    }

    fn case(&self, name: &'static str, claims: &Value, expected: &'static str, part: Value) -> Case {
        let question = ("READ_PROCESS_DEFINITION".to_owned(), "PROCESS_DEFINITION".to_owned(), self.id("order"));
        Case { name, token: self.token(claims), question, properties: json!({}), expected: (expected, part) }
    }
}

async fn rules(site: &Site) -> Vec<Case> {
    let mismatches = [
        ("value in another case", "dept", "Sales", json!({"dept": "sales"}), json!({"mismatch": "CASE"})),
        ("white space in the value", "dept", "it", json!({"dept": "it "}), json!({"mismatch": "CASE"})),
        ("claim in another case", "Department", "hr", json!({"department": "hr"}), json!({"found_at": "$.department"})),
        (
            "claim is nested",
            "roles",
            "lead",
            json!({"realm": {"roles": ["lead"]}}),
            json!({"found_at": "$.realm.roles"}),
        ),
        ("name for a path", "realm.roles", "cook", json!({"realm": {"roles": ["cook"]}}), json!({"mismatch": "CLAIM"})),
        ("path for a name", "$.ns.team", "ops", json!({"ns.team": "ops"}), json!({"found_at": "$['ns.team']"})),
        ("too long a path", "$.groups.name", "qa", json!({"groups": ["qa"]}), json!({"found_at": "$.groups"})),
        ("path before the value", "groups", "legal", json!({"groups": ["/org/legal"]}), json!({"mismatch": "FORM"})),
        ("words in one text", "scope", "app:read", json!({"scope": "openid app:read"}), json!({"mismatch": "FORM"})),
    ];
    let mut cases = Vec::new();
    for (n, (name, claim, value, claims, part)) in (100..).zip(mismatches) {
        let setup = Setup { site, n };
        setup.rule(claim, value).await;
        cases.push(setup.case(name, &claims, "MATCH_RULE", part));
    }
    let setup = Setup { site, n: 120 };
    let role = setup.role().await;
    let contains = json!({"name": "contains", "claimName": "area", "claimValue": "north", "operator": "CONTAINS",
        "type": "ROLE", "appliedRoleNames": [role]});
    setup.post("/api/mapping-rules", contains).await;
    cases.push(setup.case(
        "a list is wanted",
        &json!({"area": "north"}),
        "MATCH_RULE",
        json!({"mismatch": "OPERATOR"}),
    ));
    cases
}

fn tokens(site: &Site) -> Vec<Case> {
    let setup = Setup { site, n: 200 };
    let now = crate::support::forge::now();
    let id_token = site.forge.signed(&json!({"typ": "JWT"}), &site.forge.claims(&json!({"sub": "ann", "nonce": "n"})));
    let unknown_key = site.forge.signed(&json!({"kid": "other"}), &site.forge.claims(&json!({"sub": "ann"})));
    let mut cases = vec![
        setup.case("missing audience", &json!({"aud": null}), "token_audience", json!({})),
        setup.case("another audience", &json!({"aud": "another-api"}), "token_audience", json!({})),
        setup.case("expired", &json!({"exp": now - 600}), "token_expired", json!({})),
        setup.case("another issuer", &json!({"iss": "https://elsewhere.example"}), "token_issuer", json!({})),
        setup.case("nobody's", &json!({"sub": null}), "token_no_principal", json!({})),
        setup.case("an id token", &json!({}), "token_type", json!({})),
        setup.case("another key", &json!({}), "token_unknown_key", json!({})),
    ];
    for (case, token) in [(5, id_token), (6, unknown_key)] {
        cases[case].token = token;
    }
    cases
}

async fn people(site: &Site) -> Vec<Case> {
    let setup = |n| Setup { site, n };
    let mut cases = Vec::new();
    let member = |n: usize, kind: &'static str, name: &'static str| async move {
        let setup = Setup { site, n };
        let role = setup.role().await;
        setup.join(&format!("roles/{role}"), kind, &setup.id(name)).await;
    };
    for (n, kind, name) in [
        (300, "users", "ann"),
        (301, "users", "bob"),
        (302, "clients", "svc"),
        (303, "users", "ann"),
        (304, "users", "ann"),
    ] {
        member(n, kind, name).await;
    }
    let id = |n, name: &str| Setup { site, n }.id(name);
    let claims = json!({"sub": "0f3a", "preferred_username": id(300, "ann")});
    cases.push(setup(300).case("another username claim", &claims, "SPEAK_FOR", json!({"claim": "preferred_username"})));
    let claims = json!({"sub": id(301, "bob"), "client": "portal"});
    cases.push(setup(301).case("user seen as client", &claims, "SPEAK_FOR", json!({"claim": "sub"})));
    let claims = json!({"sub": "0f3b", "azp": id(302, "svc")});
    let svc = json!({"principal": {"type": "CLIENT", "id": id(302, "svc")}});
    cases.push(setup(302).case("client seen as user", &claims, "SPEAK_FOR", svc));
    let known = |n| json!({"known": {"type": "USER", "id": id(n, "ann")}});
    cases.push(setup(303).case("name in another case", &json!({"sub": "Ann-303"}), "RESPELL", known(303)));
    cases.push(setup(304).case("e-mail for a name", &json!({"sub": "ann-304@example.com"}), "RESPELL", known(304)));

    let edge = |container: Value, member: Value| json!({"membership": {"container": container, "member": member}});
    let of = |kind: &str, id: String| json!({"type": kind, "id": id});
    let role = |n| of("ROLE", id(n, "role"));
    for n in [310, 311] {
        let setup = setup(n);
        setup.role().await;
        setup.post("/v2/groups", json!({"groupId": setup.id("group"), "name": "Group"})).await;
    }
    setup(310).join(&format!("groups/{}", id(310, "group")), "users", &id(310, "ann")).await;
    let part = edge(role(310), of("GROUP", id(310, "group")));
    cases.push(setup(310).case("group not in role", &json!({}), "ADD_MEMBER", part));
    setup(311).join(&format!("roles/{}", id(311, "role")), "groups", &id(311, "group")).await;
    let part = json!({"membership": {"member": of("USER", id(311, "ann"))}});
    cases.push(setup(311).case("user not in group", &json!({}), "ADD_MEMBER", part));
    for n in [312, 313] {
        let setup = setup(n);
        setup.role().await;
        let rule =
            json!({"mappingRuleId": setup.id("rule"), "name": "Rule", "claimName": "tag", "claimValue": setup.id("t")});
        setup.post("/v2/mapping-rules", rule).await;
    }
    let part = edge(role(312), of("MAPPING_RULE", id(312, "rule")));
    cases.push(setup(312).case("rule not in role", &json!({"tag": "t-312"}), "ADD_MEMBER", part));
    setup(313).post("/v2/groups", json!({"groupId": id(313, "group"), "name": "Group"})).await;
    setup(313).join(&format!("groups/{}", id(313, "group")), "mapping-rules", &id(313, "rule")).await;
    let part = edge(role(313), of("GROUP", id(313, "group")));
    cases.push(setup(313).case("rule's group not in role", &json!({"tag": "t-313"}), "ADD_MEMBER", part));

    for n in [314, 315] {
        setup(n).post("/v2/tenants", json!({"tenantId": id(n, "tenant"), "name": "Tenant"})).await;
    }
    let mut case = setup(314).case("tenant missing", &json!({}), "JOIN_TENANT", json!({"tenant": id(314, "tenant")}));
    case.question = ("ACCESS".to_owned(), "tenant".to_owned(), id(314, "tenant"));
    cases.push(case);
    setup(315).post("/v2/groups", json!({"groupId": id(315, "group"), "name": "Group"})).await;
    setup(315).join(&format!("groups/{}", id(315, "group")), "users", &id(315, "ann")).await;
    let part = edge(of("TENANT", id(315, "tenant")), of("GROUP", id(315, "group")));
    let mut case = setup(315).case("group not in tenant", &json!({}), "ADD_MEMBER", part);
    case.question = ("ACCESS".to_owned(), "tenant".to_owned(), id(315, "tenant"));
    cases.push(case);
    cases
}

async fn grants(site: &Site) -> Vec<Case> {
    let mut cases = Vec::new();
    let setup = |n| Setup { site, n };
    let ann = |n| format!("ann-{n}");
    let asks = |case: Case, action: &str, kind: &str, id: &str| Case {
        question: (action.to_owned(), kind.to_owned(), id.to_owned()),
        ..case
    };
    setup(400).grant(("USER", &ann(400)), "PROCESS_DEFINITION", "order-400", "READ_PROCESS_DEFINITION").await;
    let part = json!({"permission": "READ_PROCESS_INSTANCE"});
    let case = setup(400).case("permission missing", &json!({}), "EXTEND_AUTHORIZATION", part);
    cases.push(asks(case, "READ_PROCESS_INSTANCE", "PROCESS_DEFINITION", "order-400"));
    setup(401).grant(("USER", &ann(401)), "PROCESS_DEFINITION", "Order_401", "READ_PROCESS_DEFINITION").await;
    cases.push(setup(401).case("resource written otherwise", &json!({}), "REDIRECT", json!({})));
    let body = json!({"entityType": "USER", "entityId": ann(402), "resourceType": "process-definition",
        "resourceKey": "order-402", "permission": "UPDATE_PROCESS_INSTANCE"});
    done(site.admin().post("/api/authorizations", &body).await);
    let case = setup(402).case("the other type of that name", &json!({}), "REDIRECT", json!({}));
    cases.push(asks(case, "UPDATE_PROCESS_INSTANCE", "PROCESS_DEFINITION", "order-402"));

    let kind = json!({"type": "parcel", "supportedPermissions": ["open"], "properties": ["owner"]});
    setup(403).post("/api/resource-types", kind).await;
    let body = json!({"entityType": "USER", "entityId": ann(403), "resourceType": "parcel", "resourceKey": "*",
        "permission": "open", "condition": [{"property": "resource.owner", "operator": "CONTAINS_CALLER"}]});
    done(site.admin().post("/api/authorizations", &body).await);
    let failing = json!({"failing": [{"property": "resource.owner", "operator": "CONTAINS_CALLER"}]});
    for (name, properties) in [("another's", json!({"owner": "eve"})), ("property missing", json!({"ownr": ann(403)}))]
    {
        let case = setup(403).case(name, &json!({}), "SATISFY_CONDITION", failing.clone());
        cases.push(Case { properties, ..asks(case, "open", "parcel", "1") });
    }
    let task = json!({"ownerType": "USER", "ownerId": ann(404), "resourceType": "USER_TASK",
        "resourcePropertyName": "assignee", "permissionTypes": ["COMPLETE"]});
    setup(404).post("/v2/authorizations", task).await;
    let case = setup(404).case("assigned to another", &json!({}), "NAME_IN_PROPERTY", json!({"property": "assignee"}));
    cases.push(Case { properties: json!({"assignee": "eve"}), ..asks(case, "COMPLETE", "USER_TASK", "7") });

    setup(405).role().await;
    setup(405).join("roles/role-405", "users", &ann(405)).await;
    let case = setup(405).case("permission of an api", &json!({}), "EXTEND_ROLE", json!({"role": "role-405"}));
    cases.push(asks(case, "publish", "api", "shop"));
    cases.push(setup(406).case(
        "nobody was ever granted it",
        &json!({}),
        "CREATE_AUTHORIZATION",
        json!({"owner":
        {"type": "USER", "id": ann(406)}}),
    ));
    cases
}

/// Returns whether `whole` contains all members of `part`.
fn has(whole: &Value, part: &Value) -> bool {
    match part {
        Value::Object(members) => members.iter().all(|(name, part)| has(&whole[name], part)),
        _ => whole == part,
    }
}

async fn the_first_cause_is_the_seeded_one(store: Store) {
    let site = Site::start(store).await;
    let mut cases = rules(&site).await;
    cases.extend(tokens(&site));
    cases.extend(people(&site).await);
    cases.extend(grants(&site).await);
    let api = site.user(ROOT);
    let mut wrong = Vec::new();
    for case in &cases {
        let (action, kind, id) = &case.question;
        let question = json!({"subject": {"type": "token", "id": case.token}, "action": {"name": action},
            "resource": {"type": kind, "id": id, "properties": case.properties}});
        let answer = api.post("/access/v1/explain", &question).await.expect_status(200).json();
        assert_eq!(answer["decision"], false, "{}: {answer}", case.name);
        let first = &answer["explanation"]["because"][0]["remedy"];
        let (name, part) = &case.expected;
        let named = answer["reason"] == *name || (first["remedy"] == *name && has(first, part));
        if !named {
            wrong.push(format!("{}: {} {}", case.name, answer["reason"], answer["explanation"]));
        }
    }
    assert!(cases.len() >= 30, "only {} cases", cases.len());
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), cases.len());
}
