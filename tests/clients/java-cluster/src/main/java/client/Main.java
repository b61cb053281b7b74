package client;

import io.camunda.client.CamundaClient;
import io.camunda.client.CredentialsProvider;
import io.camunda.client.api.command.ProblemException;
import io.camunda.client.api.search.enums.OwnerType;
import io.camunda.client.api.search.enums.PermissionType;
import io.camunda.client.api.search.enums.ResourceType;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URI;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * Calls every identity operation of the client and prints {@code done} at the end; any failure terminates the program with an
 * exception. Commands are called by name, because some do not exist in every version.
 *
 * <p>Argument: prefix of the created IDs. Environment: CAMUNDA_REST_ADDRESS, CAMUNDA_BASIC_AUTH_USERNAME,
 * CAMUNDA_BASIC_AUTH_PASSWORD.
 */
public final class Main {
  private final CamundaClient client;
  private final String prefix;

  private Main(CamundaClient client, String prefix) {
    this.client = client;
    this.prefix = prefix;
  }

  public static void main(String[] arguments) throws Exception {
    var credentials =
        CredentialsProvider.newBasicAuthCredentialsProviderBuilder()
            .username(System.getenv("CAMUNDA_BASIC_AUTH_USERNAME"))
            .password(System.getenv("CAMUNDA_BASIC_AUTH_PASSWORD"))
            .build();
    try (var client =
        CamundaClient.newClientBuilder()
            .restAddress(URI.create(System.getenv("CAMUNDA_REST_ADDRESS")))
            .preferRestOverGrpc(true)
            .credentialsProvider(credentials)
            .build()) {
      new Main(client, arguments[0]).run();
    }
    System.out.println("done");
    System.exit(0);
  }

  private void run() throws Exception {
    check(client.newTopologyRequest().execute().getClusterSize() == 1, "topology");
    call("newStatusRequest");

    call("newCreateUserCommand", "username", prefix + "-user", "password", "secret", "name", "Java", "email", "java@example.org");
    call("newUpdateUserCommand", prefix + "-user", "name", "User", "email", "user@example.org");
    check(client.newUserGetRequest(prefix + "-user").execute().getName().equals("User"), "the user's name");
    var users = client.newUsersSearchRequest().filter(filter -> filter.username(prefix + "-user")).execute();
    check(users.items().size() == 1 && users.page().totalItems() == 1, "the user is found");
    var like = client.newUsersSearchRequest().filter(filter -> filter.username(name -> name.like(prefix + "-*"))).execute();
    check(like.items().size() == 1, "the user is found by a part of the name");
    check(!client.newUsersSearchRequest().execute().items().isEmpty(), "users are found without a filter");

    for (var kind : List.of("Group", "Role", "Tenant")) {
      var id = prefix + "-" + kind.toLowerCase();
      call("newCreate" + kind + "Command", kind.toLowerCase() + "Id", id, "name", kind);
      call("newUpdate" + kind + "Command", id, "name", "Renamed", "description", "new");
      check(text(call("new" + kind + "GetRequest", id), "getName").equals("Renamed"), kind + " is renamed");
    }
    check(
        client.newGroupsSearchRequest().filter(filter -> filter.groupId(prefix + "-group")).execute().items().size() == 1,
        "the group is found");
    check(
        client
                .newRolesSearchRequest()
                .filter(filter -> filter.roleId(prefix + "-role"))
                .sort(sort -> sort.name().desc())
                .execute()
                .items()
                .size()
            == 1,
        "the role is found");
    check(
        client.newTenantsSearchRequest().filter(filter -> filter.tenantId(prefix + "-tenant")).execute().items().size() == 1,
        "the tenant is found");
    call("newCreateMappingRuleCommand", "mappingRuleId", prefix + "-rule", "claimName", prefix, "claimValue", "yes", "name", "Rule");
    if (has("newMappingRulesSearchRequest")) {
      call("newUpdateMappingRuleCommand", prefix + "-rule", "claimName", prefix, "claimValue", "no", "name", "Rule");
      check(text(call("newMappingRuleGetRequest", prefix + "-rule"), "getClaimValue").equals("no"), "the rule is changed");
      check(!items(call("newMappingRulesSearchRequest")).isEmpty(), "the rule is found");
    }
    memberships();
    authorizations();
    if (has("newAuditLogSearchRequest")) {
      var entries = items(call("newAuditLogSearchRequest"));
      check(!entries.isEmpty(), "the audit log has entries");
      call("newAuditLogGetRequest", text(entries.iterator().next(), "getAuditLogKey"));
    }
    refused(409, () -> call("newCreateGroupCommand", "groupId", prefix + "-group", "name", "Again"));
    if (has("newDeleteMappingRuleCommand")) call("newDeleteMappingRuleCommand", prefix + "-rule");
    for (var kind : List.of("Tenant", "Role", "Group")) {
      call("newDelete" + kind + "Command", prefix + "-" + kind.toLowerCase());
    }
    call("newDeleteUserCommand", prefix + "-user");
    refused(404, () -> call("newUserGetRequest", prefix + "-user"));
  }

  private static final List<String> GROUP = List.of("User", "Client", "MappingRule");
  private static final List<String> TENANT = List.of("User", "Client", "MappingRule", "Group", "Role");
  private static final List<String> ROLE = List.of("User", "Client", "MappingRule", "Group");

  private void memberships() throws Exception {
    for (var kind : GROUP) given(kind, "Group");
    for (var kind : TENANT) given(kind, "Tenant");
    for (var kind : ROLE) {
      Object[] ids = {"roleId", prefix + "-role", idName(kind), id(kind)};
      call("newAssignRoleTo" + kind + "Command", ids);
      found(kind, "Role");
      if (kind.equals("Group")) {
        check(!items(call("newRolesByGroupSearchRequest", prefix + "-group")).isEmpty(), "the group's role is found");
      }
      call("newUnassignRoleFrom" + kind + "Command", ids);
    }
  }

  private void given(String kind, String holder) throws Exception {
    Object[] ids = {idName(kind), id(kind), idName(holder), id(holder)};
    call("newAssign" + kind + "To" + holder + "Command", ids);
    found(kind, holder);
    if (has("newUnassign" + kind + "From" + holder + "Command")) call("newUnassign" + kind + "From" + holder + "Command", ids);
  }

  private void found(String kind, String holder) throws Exception {
    var search = "new" + kind + "sBy" + holder + "SearchRequest";
    if (has(search)) check(!items(call(search, id(holder))).isEmpty(), kind + " of " + holder + " is found");
  }

  private void authorizations() throws Exception {
    var key =
        client
            .newCreateAuthorizationCommand()
            .ownerId(prefix + "-role")
            .ownerType(OwnerType.ROLE)
            .resourceId("*")
            .resourceType(ResourceType.PROCESS_DEFINITION)
            .permissionTypes(PermissionType.READ_PROCESS_DEFINITION)
            .execute()
            .getAuthorizationKey();
    client
        .newUpdateAuthorizationCommand(key)
        .ownerId(prefix + "-role")
        .ownerType(OwnerType.ROLE)
        .resourceId("*")
        .resourceType(ResourceType.PROCESS_DEFINITION)
        .permissionTypes(PermissionType.READ_PROCESS_INSTANCE)
        .execute();
    check(client.newAuthorizationGetRequest(key).execute().getOwnerId().equals(prefix + "-role"), "the owner");
    var found = client.newAuthorizationSearchRequest().filter(filter -> filter.ownerId(prefix + "-role")).execute();
    check(found.items().size() == 1, "the authorization is found");
    var all = client.newAuthorizationSearchRequest().page(page -> page.limit(1000)).execute();
    check(all.items().size() > 1, "all authorizations are read");
    client.newDeleteAuthorizationCommand(key).execute();
  }

  private String id(String kind) {
    return kind.equals("MappingRule") ? prefix + "-rule" : prefix + "-" + kind.toLowerCase();
  }

  private static String idName(String kind) {
    return switch (kind) {
      case "User" -> "username";
      case "MappingRule" -> "mappingRuleId";
      default -> kind.toLowerCase() + "Id";
    };
  }

  // -- calls by name

  private boolean has(String command) {
    return Arrays.stream(CamundaClient.class.getMethods()).anyMatch(method -> method.getName().equals(command));
  }

  /** Executes a command. Arguments: the argument of the command, if it has one, then pairs of property names and values. */
  private Object call(String command, Object... arguments) throws Exception {
    var set = arguments.length % 2 == 1 ? Arrays.copyOfRange(arguments, 1, arguments.length) : arguments;
    var step = arguments.length % 2 == 1 ? invoke(client, command, arguments[0]) : invoke(client, command);
    for (int index = 0; index < set.length; index += 2) step = invoke(step, (String) set[index], set[index + 1]);
    return invoke(step, "execute");
  }

  private static Object invoke(Object target, String name, Object... arguments) throws Exception {
    for (Method method : target.getClass().getMethods()) {
      if (method.getName().equals(name)
          && method.getParameterCount() == arguments.length
          && (arguments.length == 0 || method.getParameterTypes()[0] == String.class)) {
        try {
          return method.invoke(target, arguments);
        } catch (InvocationTargetException wrapper) {
          throw (Exception) wrapper.getCause();
        }
      }
    }
    throw new NoSuchMethodException(name + " of " + target.getClass());
  }

  private static String text(Object answer, String getter) throws Exception {
    return (String) invoke(answer, getter);
  }

  private static Collection<?> items(Object answer) throws Exception {
    return (Collection<?>) invoke(answer, "items");
  }

  private static void check(boolean holds, String what) {
    if (!holds) throw new AssertionError(what);
  }

  private interface Attempt {
    Object run() throws Exception;
  }

  private static void refused(int status, Attempt attempt) throws Exception {
    try {
      attempt.run();
    } catch (ProblemException problem) {
      check(problem.code() == status, problem.getMessage());
      return;
    }
    throw new AssertionError("not refused with " + status);
  }
}
