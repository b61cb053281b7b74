//! Performs the operations of a typical administration program with the published client of the Orchestration Cluster
//! API. The client's types must accept every response. Prints `done` at the end; any failure terminates the program
//! with an error.
//!
//! The client is configured through the environment: `CAMUNDA_REST_ADDRESS`, `CAMUNDA_BASIC_AUTH_USERNAME` and so on.

use camunda_orchestration_sdk::apis::audit_log_api::SearchAuditLogsParams;
use camunda_orchestration_sdk::apis::authorization_api::*;
use camunda_orchestration_sdk::apis::group_api::*;
use camunda_orchestration_sdk::apis::mapping_rule_api::*;
use camunda_orchestration_sdk::apis::role_api::*;
use camunda_orchestration_sdk::apis::tenant_api::*;
use camunda_orchestration_sdk::apis::user_api::*;
use camunda_orchestration_sdk::models::*;
use camunda_orchestration_sdk::{CamundaClient, CamundaError};

type Outcome = camunda_orchestration_sdk::Result<()>;

const ID: &str = "rust-client";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let client = CamundaClient::from_env()?;
    installation(&client).await?;
    users(&client).await?;
    groups(&client).await?;
    roles(&client).await?;
    tenants(&client).await?;
    mapping_rules(&client).await?;
    authorizations(&client).await?;
    members(&client).await?;
    deleted(&client).await?;
    println!("done");
    Ok(())
}

/// Status of a rejected request.
#[track_caller]
fn status<T>(outcome: camunda_orchestration_sdk::Result<T>) -> u16 {
    match outcome {
        Err(CamundaError::Api { status, .. }) => status,
        Err(other) => panic!("not a refusal: {other}"),
        Ok(_) => panic!("not refused"),
    }
}

fn like(pattern: &str) -> Option<Box<StringFilterProperty>> {
    let filter = AdvancedStringFilter { dollar_like: Some(pattern.to_owned()), ..Default::default() };
    Some(Box::new(StringFilterProperty::AdvancedStringFilter(Box::new(filter))))
}

fn exactly(text: &str) -> Option<Box<StringFilterProperty>> {
    Some(Box::new(StringFilterProperty::ExactMatch(text.to_owned())))
}

fn first(limit: i32) -> Option<Box<SearchQueryPageRequest>> {
    Some(Box::new(SearchQueryPageRequest::LimitPagination(Box::new(LimitPagination { limit: Some(limit) }))))
}

async fn installation(client: &CamundaClient) -> Outcome {
    // For this operation, the client sends tokens but no passwords, regardless of its configuration.
    assert_eq!(status(client.get_authentication().await), 401);
    assert_eq!(client.topology().await?.cluster_size, 1);
    assert!(client.get_license().await?.valid_license);
    client.get_status().await?;
    assert!(client.get_system_configuration().await?.cloud.stage.is_none());
    Ok(())
}

async fn users(client: &CamundaClient) -> Outcome {
    let user_request = UserRequest {
        username: Username::assume_exists(ID),
        password: "secret".to_owned(),
        name: Some("Rust".to_owned()),
        email: Some("rust@example.org".to_owned()),
    };
    client.create_user(CreateUserParams { user_request: user_request.clone() }).await?;
    assert_eq!(status(client.create_user(CreateUserParams { user_request }).await), 409);
    let user_update_request = UserUpdateRequest { name: Some("Ferris".to_owned()), ..Default::default() };
    client.update_user(UpdateUserParams { username: ID.to_owned(), user_update_request }).await?;
    assert_eq!(client.get_user(GetUserParams { username: ID.to_owned() }).await?.name.as_deref(), Some("Ferris"));

    let either = [("username", exactly("nobody")), ("name", like("Ferr?s"))].map(|(field, filter)| match field {
        "username" => UserFilterFields { username: filter, ..Default::default() },
        _ => UserFilterFields { name: filter, ..Default::default() },
    });
    for filter in [
        UserFilter { username: like("rust-*"), ..Default::default() },
        UserFilter { dollar_or: Some(Some(either.into())), ..Default::default() },
    ] {
        let request = UserSearchQueryRequest { filter: Some(Box::new(filter)), page: first(10), sort: None };
        let found = client.search_users(SearchUsersParams { user_search_query_request: Some(request) }).await?;
        assert_eq!(found.items.iter().map(|user| user.username.value()).collect::<Vec<_>>(), [ID]);
        assert_eq!(found.page.total_items, 1);
    }
    Ok(())
}

async fn groups(client: &CamundaClient) -> Outcome {
    let group = GroupCreateRequest { group_id: GroupId::assume_exists(ID), name: "Group".into(), description: None };
    client.create_group(CreateGroupParams { group_create_request: Some(group) }).await?;
    let filter = GroupFilter { group_id: like("rust-*"), name: exactly("Group"), ..Default::default() };
    let request = GroupSearchQueryRequest { filter: Some(Box::new(filter)), page: first(1), sort: None };
    let found = client.search_groups(SearchGroupsParams { group_search_query_request: Some(request) }).await?;
    assert_eq!(found.items.iter().map(|group| group.group_id.value()).collect::<Vec<_>>(), [ID]);
    Ok(())
}

async fn roles(client: &CamundaClient) -> Outcome {
    let role = RoleCreateRequest { role_id: RoleId::assume_exists(ID), name: "Role".into(), description: None };
    client.create_role(CreateRoleParams { role_create_request: Some(role) }).await?;
    let filter = RoleFilter { role_id: like("rust-*"), name: exactly("Role"), ..Default::default() };
    let request = RoleSearchQueryRequest { filter: Some(Box::new(filter)), page: first(1), sort: None };
    let found = client.search_roles(SearchRolesParams { role_search_query_request: Some(request) }).await?;
    assert_eq!(found.items.iter().map(|role| role.role_id.value()).collect::<Vec<_>>(), [ID]);
    Ok(())
}

async fn tenants(client: &CamundaClient) -> Outcome {
    let tenant_create_request =
        TenantCreateRequest { tenant_id: TenantId::assume_exists(ID), name: "Tenant".into(), description: None };
    client.create_tenant(CreateTenantParams { tenant_create_request }).await?;
    let filter = TenantFilter { tenant_id: Some(TenantId::assume_exists(ID)), name: None };
    let request = TenantSearchQueryRequest { filter: Some(Box::new(filter)), page: first(1), sort: None };
    let found = client.search_tenants(SearchTenantsParams { tenant_search_query_request: Some(request) }).await?;
    assert_eq!(found.items.iter().map(|tenant| tenant.tenant_id.value()).collect::<Vec<_>>(), [ID]);
    Ok(())
}

async fn mapping_rules(client: &CamundaClient) -> Outcome {
    let rule = MappingRuleCreateRequest {
        mapping_rule_id: MappingRuleId::assume_exists(ID),
        name: "Rule".into(),
        claim_name: "rust".into(),
        claim_value: "yes".into(),
    };
    client.create_mapping_rule(CreateMappingRuleParams { mapping_rule_create_request: Some(rule) }).await?;
    let filter =
        MappingRuleFilter { mapping_rule_id: like("rust-*"), claim_value: Some("yes".into()), ..Default::default() };
    let request = MappingRuleSearchQueryRequest { filter: Some(Box::new(filter)), page: first(1), sort: None };
    let request = SearchMappingRuleParams { mapping_rule_search_query_request: Some(request) };
    let found = client.search_mapping_rule(request).await?;
    assert_eq!(found.items.iter().map(|rule| rule.mapping_rule_id.value()).collect::<Vec<_>>(), [ID]);
    Ok(())
}

async fn authorizations(client: &CamundaClient) -> Outcome {
    let authorization_request =
        AuthorizationRequest::AuthorizationIdBasedRequest(Box::new(AuthorizationIdBasedRequest {
            owner_id: ID.to_owned(),
            owner_type: OwnerTypeEnum::Role,
            resource_id: "*".to_owned(),
            resource_type: ResourceTypeEnum::ProcessDefinition,
            permission_types: vec![PermissionTypeEnum::ReadProcessDefinition],
        }));
    let created = client.create_authorization(CreateAuthorizationParams { authorization_request }).await?;
    let authorization_key = created.authorization_key.value().to_owned();

    let filter = AuthorizationFilter {
        owner_id: Some(ID.to_owned()),
        owner_type: Some(OwnerTypeEnum::Role),
        ..Default::default()
    };
    let query = AuthorizationSearchQuery { filter: Some(Box::new(filter)), page: first(10), sort: None };
    let request = SearchAuthorizationsParams { authorization_search_query: Some(query) };
    let found = client.search_authorizations(request).await?;
    let keys: Vec<_> = found.items.iter().map(|found| found.authorization_key.value()).collect();
    assert_eq!(keys, [&*authorization_key]);
    let entity_key =
        AdvancedAuditLogEntityKeyFilter { dollar_eq: Some(authorization_key.clone()), ..Default::default() };
    let entity_key = AuditLogEntityKeyFilterProperty::AdvancedAuditLogEntityKeyFilter(Box::new(entity_key));
    let filter = AuditLogFilter { entity_key: Some(Box::new(entity_key)), ..Default::default() };
    let request = AuditLogSearchQueryRequest { filter: Some(Box::new(filter)), page: first(10), sort: None };
    let log = client.search_audit_logs(SearchAuditLogsParams { audit_log_search_query_request: Some(request) }).await?;
    assert_eq!(log.items.len(), 1);

    client.delete_authorization(DeleteAuthorizationParams { authorization_key: authorization_key.clone() }).await?;
    assert_eq!(status(client.get_authorization(GetAuthorizationParams { authorization_key }).await), 404);
    Ok(())
}

async fn members(client: &CamundaClient) -> Outcome {
    let (group_id, role_id, tenant_id, username) = (ID.to_owned(), ID.to_owned(), ID.to_owned(), ID.to_owned());
    client
        .assign_user_to_group(AssignUserToGroupParams { group_id: group_id.clone(), username: username.clone() })
        .await?;
    client
        .assign_role_to_group(AssignRoleToGroupParams { role_id: role_id.clone(), group_id: group_id.clone() })
        .await?;
    client
        .assign_role_to_tenant(AssignRoleToTenantParams { tenant_id: tenant_id.clone(), role_id: role_id.clone() })
        .await?;
    let request = SearchUsersForGroupParams { group_id, group_user_search_query_request: None };
    let found = client.search_users_for_group(request).await?;
    assert_eq!(found.items.iter().map(|user| user.username.value()).collect::<Vec<_>>(), [ID]);
    client.unassign_role_from_tenant(UnassignRoleFromTenantParams { tenant_id, role_id }).await
}

async fn deleted(client: &CamundaClient) -> Outcome {
    client.delete_mapping_rule(DeleteMappingRuleParams { mapping_rule_id: ID.to_owned() }).await?;
    client.delete_tenant(DeleteTenantParams { tenant_id: ID.to_owned() }).await?;
    client.delete_role(DeleteRoleParams { role_id: ID.to_owned() }).await?;
    client.delete_group(DeleteGroupParams { group_id: ID.to_owned() }).await?;
    client.delete_user(DeleteUserParams { username: ID.to_owned() }).await?;
    assert_eq!(status(client.get_user(GetUserParams { username: ID.to_owned() }).await), 404);
    Ok(())
}
