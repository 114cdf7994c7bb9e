import Logging
import Millrace
import MillraceRuntime
import Testing

@testable import MillraceCommandLine

@Suite struct LayerTests {
    @Test(
        "the command line overrides the environment, which overrides the file, which overrides the defaults",
        arguments: [
            (flag: "4", variable: "3", file: "2", threads: 4),
            (flag: "4", variable: nil, file: "2", threads: 4),
            (flag: nil, variable: "3", file: "2", threads: 3),
            (flag: nil, variable: nil, file: "2", threads: 2),
            (flag: nil, variable: "3", file: nil, threads: 3),
            (flag: nil, variable: "", file: "2", threads: 2),
            (flag: nil, variable: nil, file: nil, threads: 1),
        ] as [(flag: String?, variable: String?, file: String?, threads: Int)])
    func precedence(row: (flag: String?, variable: String?, file: String?, threads: Int)) throws {
        let options = try resolve(
            row.flag.map { ["--threads", $0] } ?? [],
            environment: row.variable.map { ["MILLRACE_THREADS": $0] } ?? [:],
            file: row.file.map { "{\"threads\": \($0)}" })
        #expect(options.configuration.threads == row.threads)
    }

    @Test("with only the required options, the configuration's defaults hold")
    func defaults() throws {
        let options = try resolve(environment: ["HOME": "/home/risk"])
        let configuration = StreamsConfiguration(
            applicationID: "risk", bootstrapServers: ["localhost:9092"],
            stateDirectory: "/home/risk/.local/state/millrace")
        #expect(texts(of: options.configuration) == texts(of: configuration))
        #expect(options.configuration.errorHandlers.deadLetterTopics == [])
        #expect(options.configuration.clientSettings == .init())
        #expect(options.topologyOptimization == .none)
        #expect(options.logLevel == .info)
    }

    /// A value for each option that is not its default, as text.
    private static let samples = [
        "application-id": "orders", "bootstrap-servers": "a:1,[::1]:2", "instance-id": "one",
        "application-server": "here:8080", "connect-timeout-ms": "7000", "threads": "8", "guarantee": "at-least-once",
        "commit-interval-ms": "250", "transaction-timeout-ms": "20000", "topology-optimization": "all",
        "offset-reset": "latest", "metadata-max-age-ms": "1000", "missing-source-topics": "wait",
        "max-buffered-records": "5", "max-buffered-bytes": "1KiB", "state-dir": "/var/lib/orders",
        "state-cleanup-delay-ms": "7000", "cache-max-bytes": "1GiB", "checkpoint-interval-ms": "3000",
        "replication-factor": "3", "standby-replicas": "2", "deserialization-errors": "continue",
        "processing-errors": "continue", "production-errors": "continue", "dead-letter-topic": "dead",
        "close-timeout-ms": "5000", "log-level": "debug", "trace-sample-ratio": "0.25",
    ]

    @Test("every option can be set in each layer", arguments: ResolvedInstanceOptions.settings.map(\.name))
    func everyOption(name: String) throws {
        let text = try #require(Self.samples[name], "an option without a sample in this test")
        let setting = try #require(ResolvedInstanceOptions.settings.first { $0.name == name })
        #expect(setting.text(in: try resolve()) != text, "the sample is the default")
        #expect(setting.text(in: try resolve([setting.flag, text])) == text)
        let others = ["application-id": "a", "bootstrap-servers": "b:1"]
        let all = others.merging([name: text]) { $1 }
        let environment = Dictionary(uniqueKeysWithValues: all.map { (OptionNames.environmentName(of: $0), $1) })
        #expect(setting.text(in: try check(environment: environment).get()) == text)
        let file = "{\(all.map { "\"\($0)\": \"\($1)\"" }.joined(separator: ", "))}"
        #expect(setting.text(in: try check(file: file).get()) == text)
    }

    @Test(
        "every field of the configuration is an option or a closure, has options for its parts, or follows from another option"
    )
    func everyField() throws {
        // A server shows the statistics, so --listen turns them on.
        let others: Set = [
            "errorHandlers", "restoreListener", "standbyListener", "clientSettings", "recordsStateStatistics", "tracer",
        ]
        let plain = StreamsConfiguration(applicationID: "a", bootstrapServers: [], stateDirectory: "s")
        var optional: Set<String> = []
        for setting in StreamsConfiguration.settings {
            var changed = plain
            let text = try #require(Self.samples[setting.name])
            let assign = try #require(setting.parse(text))
            assign(&changed)
            let fields = zip(Mirror(reflecting: plain).children, Mirror(reflecting: changed).children)
                .filter { String(describing: $0.value) != String(describing: $1.value) }.compactMap(\.0.label)
            #expect(fields.count == 1, "\(setting.name) changes \(fields)")
            optional.formUnion(fields)
        }
        #expect(optional.union(others) == Set(Mirror(reflecting: plain).children.compactMap(\.label)))
    }

    @Test("the options become the configuration")
    func configuration() throws {
        let file = """
            {
                "application-id": "orders", "bootstrap-servers": ["a:1", "[::1]:2"], "instance-id": "one",
                "threads": "8", "guarantee": "at-least-once", "commit-interval-ms": 250, "topology-optimization": "all",
                "offset-reset": "latest", "metadata-max-age-ms": 1000, "missing-source-topics": "wait",
                "max-buffered-records": 5, "max-buffered-bytes": "1KiB", "state-dir": "/var/lib/orders",
                "state-cleanup-delay-ms": 7000, "cache-max-bytes": 0, "replication-factor": 3, "standby-replicas": 2,
                "checkpoint-interval-ms": 3000, "transaction-timeout-ms": 20000, "connect-timeout-ms": 7000,
                "deserialization-errors": "dead-letter", "processing-errors": "continue", "production-errors": "fail",
                "dead-letter-topic": "dead", "close-timeout-ms": 5000, "log-level": "debug",
                "kafka": {"security.protocol": "SSL", "socket.keepalive.enable": true},
                "consumer": {"fetch.min.bytes": 1000}, "producer": {"linger.ms": 0.5}, "admin": {"client.rack": ""}
            }
            """
        let options = try check(file: file).get()
        let configuration = options.configuration
        #expect(configuration.applicationID == "orders")
        #expect(configuration.bootstrapServers == ["a:1", "[::1]:2"])
        #expect(configuration.instanceID == "one")
        #expect(configuration.threads == 8)
        #expect(configuration.guarantee == .atLeastOnce)
        #expect(configuration.commitInterval == .milliseconds(250))
        #expect(configuration.offsetReset == .latest)
        #expect(configuration.metadataMaxAge == .seconds(1))
        #expect(configuration.missingSourceTopics == .wait)
        #expect(configuration.maxBufferedRecordsPerPartition == 5)
        #expect(configuration.maxBufferedSizeInBytesPerPartition == 1_024)
        #expect(configuration.stateDirectory == "/var/lib/orders")
        #expect(configuration.stateCleanupDelay == .seconds(7))
        #expect(configuration.stateCacheSizeInBytes == 0)
        #expect(configuration.replicationFactor == 3)
        #expect(configuration.standbyReplicas == 2)
        #expect(configuration.checkpointInterval == .seconds(3))
        #expect(configuration.transactionTimeout == .seconds(20))
        #expect(configuration.connectTimeout == .seconds(7))
        #expect(configuration.closeTimeout == .seconds(5))
        #expect(configuration.errorHandlers.deadLetterTopics == ["dead"])
        #expect(configuration.clientSettings.common == ["security.protocol": "SSL", "socket.keepalive.enable": "true"])
        #expect(configuration.clientSettings.consumer == ["fetch.min.bytes": "1000"])
        #expect(configuration.clientSettings.producer == ["linger.ms": "0.5"])
        #expect(configuration.clientSettings.admin == ["client.rack": ""])
        #expect(options.topologyOptimization == .all)
        #expect(options.logLevel == .debug)
    }

    @Test("each kind of error is handled as its option says")
    func errorHandling() throws {
        let handlers = try resolve([
            "--deserialization-errors", "dead-letter", "--processing-errors", "continue", "--dead-letter-topic", "dead",
        ]).configuration.errorHandlers
        let context = ErrorContext(error: StreamsError(.processing, "a test"), key: nil, value: nil)
        #expect(handlers.deserialization(context) == .deadLetter(topic: "dead"))
        #expect(handlers.processing(context) == .continue)
        #expect(handlers.production(context) == .fail)
    }

    /// The values of a configuration, setting by setting.
    private func texts(of configuration: StreamsConfiguration) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: StreamsConfiguration.settings.map { ($0.name, $0.text(in: configuration)) })
    }

    @Test("the environment can name the file, and a flag overrides it")
    func fileFromEnvironment() throws {
        try withFile("{\"threads\": 2}") { (two: String) throws in
            try withFile("{\"threads\": 3}") { (three: String) throws in
                let environment = ["MILLRACE_CONFIG": two]
                #expect(try resolve(environment: environment).configuration.threads == 2)
                #expect(try resolve(["--config", three], environment: environment).configuration.threads == 3)
            }
        }
    }

    @Test("raw settings of the layers are merged by name, and the last of several flags wins")
    func rawSettings() throws {
        let options = try resolve(
            ["--kafka", "client.rack=first", "--kafka", "client.rack=flag", "--producer", "linger.ms=7"],
            environment: ["MILLRACE_KAFKA_CLIENT_RACK": "variable", "MILLRACE_KAFKA_SASL_USERNAME": "variable"],
            file: """
                {
                    "kafka": {"client.rack": "file", "sasl.username": "file", "sasl.password": "file"},
                    "consumer": {"fetch.min.bytes": 1}
                }
                """)
        #expect(
            options.configuration.clientSettings.common == [
                "client.rack": "flag", "sasl.username": "variable", "sasl.password": "file",
            ])
        #expect(options.configuration.clientSettings.producer == ["linger.ms": "7"])
        #expect(options.configuration.clientSettings.consumer == ["fetch.min.bytes": "1"])
    }

    @Test("a value that looks like a flag is accepted where it makes sense")
    func negativeValue() throws {
        #expect(try resolve(["--replication-factor", "-1", "--threads", "2"]).configuration.threads == 2)
    }

    @Test("the commit interval is longer without exactly-once, unless it is set")
    func commitInterval() throws {
        let relaxed = ["--guarantee", "at-least-once"]
        #expect(try resolve(relaxed).configuration.effectiveCommitInterval == .seconds(30))
        let told = try resolve(relaxed + ["--commit-interval-ms", "100"])
        #expect(told.configuration.effectiveCommitInterval == .milliseconds(100))
    }

    @Test(
        "the state folder follows the XDG specification",
        arguments: [
            (["XDG_STATE_HOME": "/state", "HOME": "/home/me"], "/state/millrace"),
            (["XDG_STATE_HOME": "relative", "HOME": "/home/me"], "/home/me/.local/state/millrace"),
            (["HOME": ""], "/tmp/millrace"),
            ([:], "/tmp/millrace"),
        ] as [([String: String], String)])
    func stateDirectory(environment: [String: String], expected: String) throws {
        #expect(try resolve(environment: environment).configuration.stateDirectory == expected)
    }

    @Test("variables of tests, builds and Kubernetes services are left alone")
    func foreignVariables() throws {
        let environment = [
            "MILLRACE_TEST_BOOTSTRAP_SERVERS": "x", "MILLRACE_BUILD_ANYTHING": "1", "THREADS": "9",
            "MILLRACE_SERVICE_HOST": "10.0.0.1", "MILLRACE_PORT": "tcp://10.0.0.1:80",
            "MILLRACE_KAFKA_SERVICE_HOST": "10.0.0.1", "MILLRACE_KAFKA_SERVICE_PORT_CLIENT": "9092",
            "MILLRACE_KAFKA_PORT_9092_TCP_ADDR": "10.0.0.1",
        ]
        #expect(try resolve(environment: environment).configuration.clientSettings == .init())
    }
}
