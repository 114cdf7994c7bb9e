import Millrace
import MillraceRuntime
import TestSupport
import Testing

@Suite("Problems of a configuration")
struct ConfigurationTests {
    private typealias Change = @Sendable (inout StreamsConfiguration) -> Void

    private static func problems(_ change: Change) -> [String] {
        var configuration = StreamsConfiguration(
            applicationID: "app", bootstrapServers: ["localhost:9092"], stateDirectory: "/tmp/state")
        change(&configuration)
        return configuration.problems()
    }

    @Test("the defaults are valid, with each guarantee", arguments: [ProcessingGuarantee.exactlyOnce, .atLeastOnce])
    func defaults(guarantee: ProcessingGuarantee) {
        #expect(Self.problems { $0.guarantee = guarantee } == [])
    }

    private static let longest = Duration.milliseconds(Int64(Int32.max))
    private static let bad: [(String, Change)] = [
        ("transaction timeout: 0.0 seconds, but at least 1000 ms is needed", { $0.transactionTimeout = .zero }),
        ("transaction timeout: ", { $0.transactionTimeout = .seconds(-1) }),
        ("transaction timeout: ", { $0.transactionTimeout = .milliseconds(999) }),
        ("transaction timeout: ", { $0.transactionTimeout = ConfigurationTests.longest + .milliseconds(1) }),
        ("commit interval: ", { $0.commitInterval = .milliseconds(-1) }),
        (
            "commit interval: 10000 ms is not below the transaction timeout of 10000 ms",
            { $0.commitInterval = .seconds(10) }
        ),
        (
            "commit interval: 2000 ms is not below the transaction timeout of 1500 ms",
            {
                $0.commitInterval = .seconds(2)
                $0.clientSettings.producer = ["transaction.timeout.ms": "1500"]
            }
        ),
        (
            "commit interval: ",
            {
                $0.guarantee = .atLeastOnce
                $0.commitInterval = .seconds(Int64.max)
            }
        ),
        ("checkpoint interval: ", { $0.checkpointInterval = .seconds(-1) }),
        ("checkpoint interval: ", { $0.checkpointInterval = .seconds(Int64.max) }),
        ("metadata max age: ", { $0.metadataMaxAge = .zero }),
        ("metadata max age: ", { $0.metadataMaxAge = .seconds(Int64.max) }),
        ("connect timeout: ", { $0.connectTimeout = .zero }),
        ("connect timeout: ", { $0.connectTimeout = .seconds(Int64.max) }),
        ("close timeout: ", { $0.closeTimeout = .milliseconds(-1) }),
        ("close timeout: ", { $0.closeTimeout = .seconds(Int64.max) }),
        ("state cleanup delay: ", { $0.stateCleanupDelay = .milliseconds(-1) }),
        ("state cleanup delay: ", { $0.stateCleanupDelay = .seconds(Int64.max) }),
        ("threads: 0, but at least 1 is needed", { $0.threads = 0 }),
        ("threads: ", { $0.threads = .max }),
        ("state cache: ", { $0.stateCacheSizeInBytes = -1 }),
        ("buffered records per partition: ", { $0.maxBufferedRecordsPerPartition = 0 }),
        ("buffered bytes per partition: ", { $0.maxBufferedSizeInBytesPerPartition = 0 }),
        ("standby replicas: ", { $0.standbyReplicas = -1 }),
        ("standby replicas: ", { $0.standbyReplicas = .max }),
        ("replication factor: ", { $0.replicationFactor = 0 }),
        ("replication factor: ", { $0.replicationFactor = -2 }),
    ]

    /// Every field that is a time, or may be one. A test compares the list with the configuration.
    private static let times: [(name: String, field: any WritableKeyPath<StreamsConfiguration, Duration> & Sendable)] =
        [
            ("checkpointInterval", \.checkpointInterval), ("stateCleanupDelay", \.stateCleanupDelay),
            ("metadataMaxAge", \.metadataMaxAge), ("connectTimeout", \.connectTimeout),
            ("closeTimeout", \.closeTimeout),
            ("transactionTimeout", \.transactionTimeout),
        ]

    @Test("a time of any length is either accepted or reported")
    func extremeTimes() {
        var configuration = StreamsConfiguration(
            applicationID: "app", bootstrapServers: ["localhost:9092"], stateDirectory: "/tmp/state")
        configuration.guarantee = .atLeastOnce
        configuration.commitInterval = .zero
        let fields = Mirror(reflecting: configuration).children.filter {
            type(of: $0.value) == Duration.self || type(of: $0.value) == Duration?.self
        }
        #expect(Set(fields.compactMap(\.label)) == Set(Self.times.map(\.name) + ["commitInterval"]))
        for seed in ExtremeTimes.seeds(500) {
            var random = SeededNumbers(seed: seed)
            var changed = configuration
            for (_, field) in Self.times {
                changed[keyPath: field] = ExtremeTimes.duration(&random) * (Bool.random(using: &random) ? 1 : -1)
            }
            if Bool.random(using: &random) { changed.commitInterval = ExtremeTimes.duration(&random) }
            let isUsable = Self.times.allSatisfy {
                let time = changed[keyPath: $0.field]
                let shortestMs = ["transactionTimeout": 1_000, "metadataMaxAge": 1, "connectTimeout": 1][$0.name] ?? 0
                return time >= .milliseconds(shortestMs) && time <= Self.longest
            }
            let commitInterval = changed.commitInterval ?? .zero
            let hasProblems = !isUsable || commitInterval > Self.longest
            #expect(changed.problems().isEmpty != hasProblems, "seed \(seed), \(changed)")
        }
    }

    @Test("each invalid number or time has a separate message", arguments: 0..<bad.count)
    func numbers(index: Int) {
        let (start, change) = Self.bad[index]
        let problems = Self.problems(change)
        #expect(problems.contains { $0.hasPrefix(start) }, "\(problems)")
    }

    @Test(
        "an application id that would leave its folder or name no topic is refused",
        arguments: ["", ".", "..", "a/b", "../a", "a b", "ä", "a\0", String(repeating: "a", count: 201)])
    func applicationIDs(id: String) {
        #expect(Self.problems { $0.applicationID = id }.contains { $0.hasPrefix("application id ") })
    }

    @Test(
        "an instance id follows the same rule, together with the number of a worker",
        arguments: ["", "a b", "a/b", "é", String(repeating: "a", count: 248)])
    func instanceIDs(id: String) {
        #expect(Self.problems { $0.instanceID = id }.contains { $0.hasPrefix("instance id") })
        #expect(Self.problems { $0.instanceID = String(repeating: "a", count: 247) } == [])
    }

    @Test("an impossible name for the dead-letter topic is refused")
    func deadLetterTopics() {
        #expect(
            Self.problems { $0.errorHandlers = ErrorHandlers(processing: .deadLetter(topic: "bad records")) } == [
                "dead-letter topic: the name \"bad records\" has a space in it; letters, digits, '.', '_' and '-' are allowed"
            ])
    }
}
