package client;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.camunda.identity.sdk.Identity;
import io.camunda.identity.sdk.IdentityConfiguration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/**
 * Performs the requests of a typical application with the published client and prints the results as one JSON object. A failed
 * request is represented by its exception.
 *
 * <p>Arguments: type, base URL, issuer, client ID, client secret, audience, and optionally a user's access token and a
 * comma-separated list of user IDs.
 */
public final class Main {
  public static void main(String[] arguments) throws Exception {
    var configuration =
        new IdentityConfiguration.Builder()
            .withType(arguments[0])
            .withBaseUrl(arguments[1])
            .withIssuer(arguments[2])
            .withIssuerBackendUrl(arguments[2])
            .withClientId(arguments[3])
            .withClientSecret(arguments[4])
            .withAudience(arguments[5])
            .build();
    var identity = new Identity(configuration);
    var answers = new LinkedHashMap<String, Object>();
    var token =
        arguments.length > 6 && !arguments[6].isEmpty()
            ? arguments[6]
            : identity.authentication().requestToken(arguments[5]).getAccessToken();
    answers.put("audience", ask(() -> identity.authentication().verifyToken(token).getToken().getAudience()));
    answers.put("permissions", ask(() -> identity.authentication().verifyToken(token).getPermissions()));
    answers.put("getPermissions", ask(() -> identity.authentication().getPermissions(token, arguments[5])));
    answers.put("user", ask(() -> details(identity.authentication().verifyToken(token).getUserDetails())));
    answers.put("groups", ask(() -> identity.authentication().getGroups(token)));
    answers.put("isM2M", ask(() -> identity.authentication().isM2MToken(token)));
    answers.put("clientId", ask(() -> identity.authentication().getClientId(token)));
    answers.put("tenants", ask(() -> identity.tenants().forToken(token)));
    answers.put("authorizations", ask(() -> identity.authorizations().forToken(token)));
    answers.put("usersAvailable", ask(() -> identity.users().isAvailable()));
    answers.put("users", ask(() -> identity.users().withAccessToken(token).search("a")));
    answers.put("usersPage", ask(() -> identity.users().withAccessToken(token).search("a", 1, 2)));
    if (arguments.length > 7) {
      var ids = List.of(arguments[7].split(","));
      answers.put("usersById", ask(() -> identity.users().withAccessToken(token).get(ids)));
    }
    System.out.println(new ObjectMapper().writeValueAsString(answers));
  }

  private static Object ask(Callable<Object> question) {
    try {
      return question.call();
    } catch (Exception | LinkageError failure) {
      return Map.of("failure", failure.getClass().getSimpleName() + ": " + failure.getMessage());
    }
  }

  private static Map<String, Object> details(io.camunda.identity.sdk.authentication.UserDetails user) {
    var details = new LinkedHashMap<String, Object>();
    details.put("id", user.getId());
    details.put("name", user.getName().orElse(null));
    details.put("username", user.getUsername().orElse(null));
    details.put("email", user.getEmail().orElse(null));
    return details;
  }
}
