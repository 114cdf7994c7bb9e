/// The settings of a connection by libpq's names: `host`, `port`, `dbname`, `user`, `password`, `sslmode`, `passfile`, and so on.
///
/// `["host": "127.0.0.1", "dbname": "agents", "user": "millrace"]`. A setting that is missing has libpq's default, which the environment
/// can change (`PGHOST`, `PGPASSWORD`).
package struct PostgresSettings: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    private var values: [String: String] = [:]

    package init() {}

    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { values[name] = value }
    }

    /// The value set for a name; `nil` if there is none.
    package subscript(name: String) -> String? {
        get { values[name] }
        set { values[name] = newValue }
    }

    /// The settings in the order of their names.
    package var entries: [(name: String, value: String)] {
        values.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    }
}

extension PostgresSettings: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private static let secrets: Set<String> = ["password", "sslpassword"]

    /// The settings without secrets.
    package var description: String {
        entries.map { "\($0.name)=\(Self.secrets.contains($0.name) ? "…" : $0.value)" }.joined(separator: " ")
    }

    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(reflecting: description) }
}
