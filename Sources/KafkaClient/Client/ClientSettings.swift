import CRdkafka

/// librdkafka settings by their names (CONFIGURATION.md), applied in order.
///
/// `["bootstrap.servers": "localhost:9092", "isolation.level": "read_committed"]`. Setting a name again keeps its place.
package struct ClientSettings: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    /// One setting.
    package struct Entry: Sendable, Hashable {
        package var name: String
        package var value: String
    }

    package private(set) var entries: [Entry] = []

    package init() {}

    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { self[name] = value }
    }

    /// The value set for a name; nil removes it.
    package subscript(name: String) -> String? {
        get { entries.first { $0.name == name }?.value }
        set {
            let index = entries.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): entries[index].value = value
            case (let index?, nil): entries.remove(at: index)
            case (nil, let value?): entries.append(Entry(name: name, value: value))
            case (nil, nil): break
            }
        }
    }

    /// These settings with others on top.
    package func merging(_ others: ClientSettings) -> ClientSettings {
        var merged = self
        for entry in others.entries { merged[entry.name] = entry.value }
        return merged
    }

    /// Lists every setting that librdkafka refuses, and the required ones that are missing, without creating a client.
    ///
    /// Limits between two settings (`session.timeout.ms` below `max.poll.interval.ms`) show when a client is created.
    package static func validate(_ settings: ClientSettings, for kind: ClientKind) -> [KafkaError] {
        var problems: [KafkaError] = []
        let configuration = rd_kafka_conf_new()
        defer { rd_kafka_conf_destroy(configuration) }
        for entry in settings.entries {
            if let problem = apply(entry, to: configuration) { problems.append(problem) }
        }
        for name in kind.requiredSettings where settings[name] == nil || settings[name] == "" {
            problems.append(KafkaError(.notConfigured, "No value for \"\(name)\"", context: "setting \(name)"))
        }
        return problems
    }

    static func apply(_ entry: Entry, to configuration: OpaquePointer?) -> KafkaError? {
        var verdict = RD_KAFKA_CONF_OK
        let reason = withErrorText {
            verdict = rd_kafka_conf_set(configuration, entry.name, entry.value, $0, $1)
        }
        guard verdict != RD_KAFKA_CONF_OK else { return nil }
        return KafkaError(.invalidArgument, reason, context: "setting \(entry.name)")
    }
}

/// The purpose of a client.
package enum ClientKind: Sendable {
    case consumer, producer, admin

    /// librdkafka's consumer needs a `group.id` even where partitions are assigned by hand and no group is joined.
    var requiredSettings: [String] {
        self == .consumer ? ["bootstrap.servers", "group.id"] : ["bootstrap.servers"]
    }
}

/// Calls `body` with a buffer for librdkafka's `errstr` parameters and returns the text written to it.
func withErrorText(_ body: (UnsafeMutablePointer<CChar>, Int) -> Void) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
        guard let base = buffer.baseAddress else { return "" }
        base.initialize(repeating: 0, count: buffer.count)
        body(base, buffer.count)
        return String(cString: base)
    }
}
