//! Tasks of users in a real browser. Each task verifies its effect through the API; see `tests/clients/browser`.

use identity_testkit::in_a_browser;

use crate::sign_in::provider::{Site, Wishes};
use crate::support::{Local, Store};

/// Tasks of an administrator who signs in with a password, on a shared server. They use unique names.
macro_rules! tasks {
    ($file:literal: $($task:ident),+ $(,)?) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $task() {
            let local = Local::shared().await;
            in_a_browser($file, stringify!($task), local.anonymous().base()).await;
        }
    )+ };
}

tasks!("tasks":
    a_new_user_with_access_signs_in,
    a_group_gives_its_members_what_it_has,
    what_a_deletion_means_is_said_before_it,
    a_member_who_was_removed_is_put_back,
    a_role_gets_a_permission,
    a_tenant_gets_members,
    an_authorization_is_made_changed_and_ended,
    somebody_elses_session_is_ended,
    who_was_refused_is_in_the_audit_log,
    what_a_change_changed_is_found_and_exported,
    lists_are_searched_sorted_and_paged_by_the_server,
    why_somebody_is_refused_is_found_and_mended,
    effective_access_of_a_person_is_seen_with_its_paths,
    who_administers_is_seen_and_exported,
    a_person_is_deactivated_and_reactivated,
    refusals_of_a_person_are_seen_and_a_role_is_added,
    the_own_account_is_seen_and_its_password_changed,
);

tasks!("lists":
    a_group_gets_a_chosen_id_a_description_and_applications,
    a_tenant_gets_roles,
    a_user_is_found_by_address_in_another_case,
    authorizations_are_filtered_and_the_address_keeps_the_filters,
    an_owner_is_picked_by_name,
    the_back_button_returns_to_the_tab_before,
);

tasks!("types":
    a_resource_type_is_made_changed_and_deleted,
    a_condition_is_made_changed_and_put_back,
    every_comparison_survives_an_edit,
    a_condition_that_cannot_be_is_refused_at_its_row,
    why_a_condition_does_not_hold_is_seen,
    many_types_and_authorizations_are_paged_by_the_server,
);

tasks!("daily":
    everything_is_found_from_the_start_page,
    several_users_are_changed_at_once,
    several_groups_roles_and_tenants_are_deleted_at_once,
    a_grant_states_its_reach_and_is_undone,
    help_is_part_of_the_ui,
);

tasks!("conflicts":
    an_older_form_does_not_give_back_what_was_revoked,
    a_name_that_two_have_changed_is_kept_or_taken,
);

tasks!("circumstances":
    what_was_typed_survives_the_end_of_the_session,
    a_tab_that_is_older_than_the_server_reloads_itself_and_never_stays_blank,
    what_was_typed_survives_a_lost_connection_and_a_change_by_others,
    everything_is_reached_by_keyboard,
    language_and_theme_are_the_readers,
    whoever_may_not_look_is_told_what_is_missing,
);

tasks!("errors":
    an_error_is_at_its_field_in_the_readers_language,
    an_error_of_the_cluster_api_is_at_its_field,
    an_error_of_a_field_that_the_form_lacks_is_above_it,
);

/// Tasks with documents, each on its own server, because documents and plans concern all policies.
macro_rules! document_tasks {
    ($($task:ident),+ $(,)?) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $task() {
            let local = Local::start(Store::sqlite()).await;
            in_a_browser("policies", stringify!($task), local.anonymous().base()).await;
        }
    )+ };
}

document_tasks!(
    policies_are_exported_planned_and_applied,
    what_a_document_manages_is_marked,
    a_reader_plans_and_cannot_apply,
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_whole_and_readable() {
    let local = Local::start(Store::sqlite()).await;
    in_a_browser("pages", "every_page_is_whole_and_readable", local.anonymous().base()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_in_german() {
    let local = Local::start(Store::sqlite()).await;
    in_a_browser("pages", "every_page_is_in_german", local.anonymous().base()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_page_is_light_and_later_ones_come_from_the_cache() {
    let local = Local::shared().await;
    let task = "the_first_page_is_light_and_later_ones_come_from_the_cache";
    in_a_browser("pages", task, local.anonymous().base()).await;
}

/// The server with a base path, before it has any user.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_administrator_sets_the_server_up() {
    let launch = Store::sqlite().launch(&["serve"]).env("IDENTITY_SERVER_BASE_PATH", "/identity");
    let server = launch.env("IDENTITY_PROFILE", "builtin").start().await;
    let url = format!("{}/identity", server.http().base());
    in_a_browser("first", "the_first_administrator_sets_the_server_up", &url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_is_tried_and_made_and_a_token_is_inspected() {
    let wishes = Wishes { environment: &[("IDENTITY_ACCESS_KEEP_CLAIMS", "true")], ..Wishes::default() };
    let Some(site) = Site::start(Store::sqlite(), wishes).await else { return };
    in_a_browser("oidc", "a_rule_is_tried_and_made_and_a_token_is_inspected", &site.public()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mapping_rules_are_members_of_groups_and_tenants() {
    let Some(site) = Site::start(Store::sqlite(), Wishes::default()).await else { return };
    in_a_browser("oidc", "mapping_rules_are_members_of_groups_and_tenants", &site.public()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn access_of_people_with_tokens_is_explained_by_what_is_known() {
    let Some(site) = Site::start(Store::sqlite(), Wishes::default()).await else { return };
    in_a_browser("oidc", "access_of_people_with_tokens_is_explained_by_what_is_known", &site.public()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn daily_work_without_own_users() {
    let Some(site) = Site::start(Store::sqlite(), Wishes::default()).await else { return };
    in_a_browser("oidc", "daily_work_without_own_users", &site.public()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn policies_as_code_manage_mapping_rules() {
    let Some(site) = Site::start(Store::sqlite(), Wishes::default()).await else { return };
    in_a_browser("oidc", "policies_as_code_manage_mapping_rules", &site.public()).await;
}
