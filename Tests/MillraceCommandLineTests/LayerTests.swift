import Logging
import Millrace
import Testing

@testable import MillraceCommandLine

@Suite struct LayerTests {
    @Test(
        "the command line goes over the environment, the environment over the file, the file over the default",
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
        #expect(options.threads == row.threads)
    }

    @Test("without anything but the required options, the defaults hold")
    func defaults() throws {
        let options = try resolve(environment: ["HOME": "/home/risk"])
        #expect(
            options
                == ResolvedInstanceOptions(
                    applicationID: "risk", bootstrapServers: ["localhost:9092"], instanceID: nil, threads: 1,
                    guarantee: .exactlyOnce, commitInterval: .milliseconds(100), topologyOptimization: .none,
                    offsetReset: .earliest, metadataMaxAge: .seconds(300), maxBufferedRecords: 1_000,
                    maxBufferedBytes: 16_777_216,
                    stateDirectory: "/home/risk/.local/state/millrace", cacheMaxBytes: 67_108_864,
                    replicationFactor: -1, standbyReplicas: 0, deserializationErrors: .fail, processingErrors: .fail,
                    productionErrors: .fail, deadLetterTopic: nil, logLevel: .info, clientSettings: .init()))
    }

    @Test("every option can stand in the file")
    func wholeFile() throws {
        let file = """
            {
                "application-id": "orders", "bootstrap-servers": ["a:1", "[::1]:2"], "instance-id": "one",
                "threads": "8", "guarantee": "at-least-once", "commit-interval-ms": 250, "topology-optimization": "all",
                "offset-reset": "latest", "metadata-max-age-ms": 1000, "missing-source-topics": "wait", "max-buffered-records": 5, "max-buffered-bytes": "1KiB", "state-dir": "/var/lib/orders",
                "state-cleanup-delay-ms": 7000, "cache-max-bytes": 0, "replication-factor": 3, "standby-replicas": 2, "deserialization-errors": "dead-letter",
                "processing-errors": "continue", "production-errors": "fail", "dead-letter-topic": "dead",
                "close-timeout-ms": 5000, "log-level": "debug",
                "kafka": {"security.protocol": "SSL", "socket.keepalive.enable": true},
                "consumer": {"fetch.min.bytes": 1000}, "producer": {"linger.ms": 0.5}, "admin": {"client.rack": ""}
            }
            """
        let options = try check(file: file).get()
        #expect(
            options
                == ResolvedInstanceOptions(
                    applicationID: "orders", bootstrapServers: ["a:1", "[::1]:2"], instanceID: "one", threads: 8,
                    guarantee: .atLeastOnce, commitInterval: .milliseconds(250), topologyOptimization: .all,
                    offsetReset: .latest, metadataMaxAge: .seconds(1), missingSourceTopics: .wait,
                    maxBufferedRecords: 5,
                    maxBufferedBytes: 1024,
                    stateDirectory: "/var/lib/orders", stateCleanupDelay: .seconds(7),
                    cacheMaxBytes: 0, replicationFactor: 3, standbyReplicas: 2, deserializationErrors: .deadLetter,
                    processingErrors: .continue, productionErrors: .fail, deadLetterTopic: "dead",
                    closeTimeout: .seconds(5), logLevel: .debug,
                    clientSettings: .init(
                        common: ["security.protocol": "SSL", "socket.keepalive.enable": "true"],
                        consumer: ["fetch.min.bytes": "1000"], producer: ["linger.ms": "0.5"],
                        admin: ["client.rack": ""])))
    }

    @Test("every option can stand in the environment")
    func wholeEnvironment() throws {
        let environment = [
            "MILLRACE_APPLICATION_ID": "orders", "MILLRACE_BOOTSTRAP_SERVERS": "a:1, b:2",
            "MILLRACE_INSTANCE_ID": "one", "MILLRACE_THREADS": "8", "MILLRACE_GUARANTEE": "at-least-once",
            "MILLRACE_COMMIT_INTERVAL_MS": "250", "MILLRACE_TOPOLOGY_OPTIMIZATION": "all",
            "MILLRACE_OFFSET_RESET": "latest", "MILLRACE_METADATA_MAX_AGE_MS": "1000",
            "MILLRACE_MISSING_SOURCE_TOPICS": "wait",
            "MILLRACE_MAX_BUFFERED_RECORDS": "5", "MILLRACE_MAX_BUFFERED_BYTES": "1KiB",
            "MILLRACE_STATE_DIR": "/var/lib/orders", "MILLRACE_STATE_CLEANUP_DELAY_MS": "7000",
            "MILLRACE_CACHE_MAX_BYTES": "1GiB",
            "MILLRACE_REPLICATION_FACTOR": "3", "MILLRACE_STANDBY_REPLICAS": "2",
            "MILLRACE_DESERIALIZATION_ERRORS": "dead-letter",
            "MILLRACE_PROCESSING_ERRORS": "continue", "MILLRACE_PRODUCTION_ERRORS": "fail",
            "MILLRACE_DEAD_LETTER_TOPIC": "dead", "MILLRACE_LOG_LEVEL": "trace",
            "MILLRACE_CLOSE_TIMEOUT_MS": "5000",
            "MILLRACE_KAFKA_SASL_PASSWORD": "a=b", "MILLRACE_ADMIN_DEBUG": "all",
        ]
        let options = try check(environment: environment).get()
        #expect(
            options
                == ResolvedInstanceOptions(
                    applicationID: "orders", bootstrapServers: ["a:1", "b:2"], instanceID: "one", threads: 8,
                    guarantee: .atLeastOnce, commitInterval: .milliseconds(250), topologyOptimization: .all,
                    offsetReset: .latest, metadataMaxAge: .seconds(1), missingSourceTopics: .wait,
                    maxBufferedRecords: 5,
                    maxBufferedBytes: 1024,
                    stateDirectory: "/var/lib/orders", stateCleanupDelay: .seconds(7),
                    cacheMaxBytes: 1 << 30, replicationFactor: 3, standbyReplicas: 2,
                    deserializationErrors: .deadLetter,
                    processingErrors: .continue, productionErrors: .fail, deadLetterTopic: "dead",
                    closeTimeout: .seconds(5), logLevel: .trace,
                    clientSettings: .init(common: ["sasl.password": "a=b"], admin: ["debug": "all"])))
    }

    @Test("the environment can name the file, and a flag another one")
    func fileFromEnvironment() throws {
        try withFile("{\"threads\": 2}") { (two: String) throws in
            try withFile("{\"threads\": 3}") { (three: String) throws in
                let environment = ["MILLRACE_CONFIG": two]
                #expect(try resolve(environment: environment).threads == 2)
                #expect(try resolve(["--config", three], environment: environment).threads == 3)
            }
        }
    }

    @Test("raw settings merge over the layers, name by name, and the last of several flags wins")
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
            options.clientSettings.common == [
                "client.rack": "flag", "sasl.username": "variable", "sasl.password": "file",
            ])
        #expect(options.clientSettings.producer == ["linger.ms": "7"])
        #expect(options.clientSettings.consumer == ["fetch.min.bytes": "1"])
    }

    @Test("a value that looks like a flag is taken where it can be meant")
    func negativeValue() throws {
        #expect(try resolve(["--replication-factor", "-1", "--threads", "2"]).threads == 2)
    }

    @Test("commits are further apart without exactly once, unless told otherwise")
    func commitInterval() throws {
        let relaxed = ["--guarantee", "at-least-once"]
        #expect(try resolve(relaxed).commitInterval == .seconds(30))
        #expect(try resolve(relaxed + ["--commit-interval-ms", "100"]).commitInterval == .milliseconds(100))
    }

    @Test(
        "state goes where the XDG specification says",
        arguments: [
            (["XDG_STATE_HOME": "/state", "HOME": "/home/me"], "/state/millrace"),
            (["XDG_STATE_HOME": "relative", "HOME": "/home/me"], "/home/me/.local/state/millrace"),
            (["HOME": ""], "/tmp/millrace"),
            ([:], "/tmp/millrace"),
        ] as [([String: String], String)])
    func stateDirectory(environment: [String: String], expected: String) throws {
        #expect(try resolve(environment: environment).stateDirectory == expected)
    }

    @Test("variables of tests, builds and Kubernetes services are left alone")
    func foreignVariables() throws {
        let environment = [
            "MILLRACE_TEST_BOOTSTRAP_SERVERS": "x", "MILLRACE_BUILD_ANYTHING": "1", "THREADS": "9",
            "MILLRACE_SERVICE_HOST": "10.0.0.1", "MILLRACE_PORT": "tcp://10.0.0.1:80",
            "MILLRACE_KAFKA_SERVICE_HOST": "10.0.0.1", "MILLRACE_KAFKA_SERVICE_PORT_CLIENT": "9092",
            "MILLRACE_KAFKA_PORT_9092_TCP_ADDR": "10.0.0.1",
        ]
        #expect(try resolve(environment: environment).clientSettings == .init())
    }
}
