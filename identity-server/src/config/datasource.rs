//! JDBC URLs, which configure the database of the replaced service (docs/reference/management-api.md §7.5).

use url::Url;

/// Environment variable that holds a JDBC URL.
pub(super) const VARIABLE: &str = "SPRING_DATASOURCE_URL";

/// Result of parsing a JDBC URL: the settings that it contains.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Datasource {
    /// Paths of configuration keys, such as `store.postgres.host`, with their values.
    pub values: Vec<(&'static str, String)>,
    /// Names of URL parameters that have no effect in this server.
    pub ignored: Vec<String>,
    /// Whether the URL is for the Amazon wrapper (`aws-wrapper:`) of the PostgreSQL driver.
    pub wrapped: bool,
}

/// Prefix of the wrapper driver, and the parameter that lists its plugins.
const WRAPPER: &str = "aws-wrapper:";
const PLUGINS: &str = "wrapperPlugins";
/// Plugins of the wrapper driver that obtain database credentials. They are not supported.
const CREDENTIALS: [&str; 4] = ["iam", "awsSecretsManager", "federatedAuth", "okta"];

const HOST: &str = "store.postgres.host";
const DATABASE: &str = "store.postgres.database";
const USERNAME: &str = "store.postgres.username";
/// Keys of the required database settings that a URL may contain.
pub(super) const REQUIRED: [&str; 3] = [HOST, DATABASE, USERNAME];
const TLS: &str = "store.postgres.tls";

/// Parses `jdbc:postgresql://host:port/database?parameter=value&…`, also with `aws-wrapper:` before `postgresql`. The
/// short forms `jdbc:postgresql:database` and `jdbc:postgresql:///database` denote this machine.
///
/// # Errors
/// Returns a message without the URL, which may contain a password.
pub(super) fn parse(text: &str) -> Result<Datasource, String> {
    let unsupported = || "must be a URL of the form `jdbc:postgresql://host:port/database`".to_owned();
    let driver = text.strip_prefix("jdbc:").ok_or_else(unsupported)?;
    let (wrapped, driver) = driver.strip_prefix(WRAPPER).map_or((false, driver), |driver| (true, driver));
    let Some(rest) = driver.strip_prefix("postgresql:") else {
        let name = driver.split(':').next().unwrap_or_default();
        return Err(format!("requires the JDBC driver `{name}`; only `jdbc:postgresql:` is supported"));
    };
    let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, database) = match place.strip_prefix("//") {
        Some(place) => place.split_once('/').unwrap_or((place, "")),
        None => ("", place),
    };
    if host.contains(',') {
        return Err("names several hosts; only one is supported".to_owned());
    }
    // For this scheme, the URL parser accepts any host, even an empty one.
    let host = if host.is_empty() { "localhost" } else { host };
    let url = Url::parse(&format!("postgresql://{host}/?{parameters}")).map_err(|_| unsupported())?;
    let mut values =
        vec![("store.kind", "postgres".to_owned()), (HOST, url.host_str().ok_or_else(unsupported)?.to_owned())];
    if let Some(port) = url.port() {
        values.push(("store.postgres.port", port.to_string()));
    }
    if !database.is_empty() {
        values.push((DATABASE, database.to_owned()));
    }
    let mut ignored = Vec::new();
    let says_mode = url.query_pairs().any(|(name, _)| name == "sslmode");
    for (name, value) in url.query_pairs() {
        let path = match &*name {
            "user" => USERNAME,
            "password" => "store.postgres.password",
            "currentSchema" => "store.postgres.schema",
            "sslrootcert" => "store.postgres.ca-file",
            // The driver's `allow` tries without TLS first; this server tries with TLS first.
            "sslmode" => {
                values.push((TLS, if value == "allow" { "prefer".to_owned() } else { value.into_owned() }));
                continue;
            }
            "ssl" if !says_mode && value != "false" => {
                values.push((TLS, "verify-full".to_owned()));
                continue;
            }
            "ssl" => continue,
            plugins if wrapped && plugins.eq_ignore_ascii_case(PLUGINS) => {
                let named = |plugin: &&&str| value.split(',').any(|one| one.trim().eq_ignore_ascii_case(plugin));
                if let Some(plugin) = CREDENTIALS.iter().find(named) {
                    return Err(format!(
                        "requests the plugin `{plugin}` of `jdbc:aws-wrapper:`, which obtains database credentials \
                         from AWS. This is not supported: configure a username and a password, or a password file \
                         that is renewed (`store.postgres.password-file`), and remove the plugin"
                    ));
                }
                continue;
            }
            _ => {
                ignored.push(name.into_owned());
                continue;
            }
        };
        values.push((path, value.into_owned()));
    }
    Ok(Datasource { values, ignored, wrapped })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(&'static str, String)> {
        let mut values = parse(text).unwrap().values;
        assert_eq!(values.remove(0), ("store.kind", "postgres".to_owned()));
        values.into_iter().map(|(path, value)| (path.strip_prefix("store.postgres.").unwrap(), value)).collect()
    }

    fn owned(values: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
        values.iter().map(|(path, value)| (*path, (*value).to_owned())).collect()
    }

    #[test]
    fn parses_jdbc_urls() {
        assert_eq!(
            values(
                "jdbc:postgresql://db.example:5433/identity?sslmode=verify-full&currentSchema=mi&user=a&password=p%40"
            ),
            owned(&[
                ("host", "db.example"),
                ("port", "5433"),
                ("database", "identity"),
                ("tls", "verify-full"),
                ("schema", "mi"),
                ("username", "a"),
                ("password", "p@"),
            ])
        );
        assert_eq!(values("jdbc:postgresql://db/i"), owned(&[("host", "db"), ("database", "i")]));
        assert_eq!(
            values("jdbc:postgresql://[::1]:1/i"),
            owned(&[("host", "[::1]"), ("port", "1"), ("database", "i")])
        );
        assert_eq!(values("jdbc:postgresql:i"), owned(&[("host", "localhost"), ("database", "i")]));
        assert_eq!(values("jdbc:postgresql:///i"), owned(&[("host", "localhost"), ("database", "i")]));
        assert_eq!(
            values("jdbc:postgresql://db/i?ssl=true"),
            owned(&[("host", "db"), ("database", "i"), ("tls", "verify-full")])
        );
        assert_eq!(
            values("jdbc:postgresql://db/i?ssl=true&sslmode=allow"),
            owned(&[("host", "db"), ("database", "i"), ("tls", "prefer")])
        );
    }

    #[test]
    fn treats_the_aws_wrapper_as_postgresql() {
        let text = "jdbc:aws-wrapper:postgresql://db:1/i?wrapperPlugins=failover2,efm2&sslmode=require&failoverMode=x";
        let expected = [("host", "db"), ("port", "1"), ("database", "i"), ("tls", "require")];
        assert_eq!(values(text), owned(&expected));
        let parsed = parse(text).unwrap();
        assert_eq!((parsed.wrapped, parsed.ignored), (true, vec!["failoverMode".to_owned()]));
        assert!(!parse("jdbc:postgresql://db/i").unwrap().wrapped);
    }

    #[test]
    fn reports_ignored_parameters() {
        assert_eq!(parse("jdbc:postgresql://db/i?ApplicationName=x").unwrap().ignored, ["ApplicationName"]);
    }

    #[test]
    fn rejects_other_drivers_without_quoting_the_url() {
        for (text, part) in [
            ("jdbc:oracle:thin:@//hunter2:1521/X", "`oracle`"),
            ("jdbc:aws-wrapper:mysql://hunter2/i", "`mysql`"),
            ("jdbc:aws-wrapper:postgresql://hunter2/i?wrapperPlugins=iam", "`iam`"),
            ("jdbc:aws-wrapper:postgresql://hunter2/i?wrapperPlugins=failover2,%20IAM", "`iam`"),
            ("jdbc:aws-wrapper:postgresql://hunter2/i?wrapperPlugins=awsSecretsManager", "AWS"),
            ("postgres://u:hunter2@db/i", "jdbc:postgresql://host:port/database"),
            ("jdbc:postgresql://hunter2,b/i", "several hosts"),
            ("jdbc:postgresql://hunter2:x/i", "jdbc:postgresql://host:port/database"),
        ] {
            let message = parse(text).unwrap_err();
            assert!(message.contains(part) && !message.contains("hunter2"), "{text}: {message}");
        }
    }
}
