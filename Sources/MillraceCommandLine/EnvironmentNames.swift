/// The environment variables that belong to Millrace.
///
/// All variables that begin with MILLRACE_ do, so that a misspelt one is reported, except four kinds: those of the verbs that ask
/// an instance, those of tests, those of builds, and those that Kubernetes makes for every service in the namespace. For a service called "millrace-kafka" these are
/// MILLRACE_KAFKA_SERVICE_HOST, MILLRACE_KAFKA_PORT, MILLRACE_KAFKA_PORT_9092_TCP and so on.
enum EnvironmentNames {
    /// The variables of the verbs that ask a running instance.
    private static let ofVerbs: Set<String> = [
        "MILLRACE_SERVER", "MILLRACE_TOKEN_FILE", "MILLRACE_TLS_AUTHORITY", "MILLRACE_CLIENT_CERTIFICATE",
        "MILLRACE_CLIENT_KEY",
    ]

    static func isOurs(_ variable: String) -> Bool {
        variable.hasPrefix(OptionNames.environmentPrefix) && !ofVerbs.contains(variable)
            && !variable.hasPrefix("MILLRACE_TEST_") && !variable.hasPrefix("MILLRACE_BUILD_")
            && !isServiceLink(variable)
    }

    /// Returns the setting that a variable such as MILLRACE_CONSUMER_FETCH_MIN_BYTES stands for: `fetch.min.bytes`.
    static func setting(_ variable: String) -> (scope: ClientScope, name: String)? {
        for scope in ClientScope.allCases where variable.hasPrefix(scope.environmentPrefix) {
            let name = variable.dropFirst(scope.environmentPrefix.count).lowercased()
            return (scope, name.map { $0 == "_" ? "." : String($0) }.joined())
        }
        return nil
    }

    private static func isServiceLink(_ variable: String) -> Bool {
        variable.hasSuffix("_SERVICE_HOST") || variable.hasSuffix("_SERVICE_PORT")
            || variable.contains("_SERVICE_PORT_") || variable.hasSuffix("_PORT")
            || ["_TCP", "_UDP", "_SCTP"].contains { variable.contains("_PORT_") && variable.contains($0) }
    }
}
