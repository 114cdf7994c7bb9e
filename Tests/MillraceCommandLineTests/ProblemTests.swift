import ArgumentParser
import MillraceCommandLine
import Testing

@Suite struct ProblemTests {
    @Test("all problems of all layers are reported at once, each with its origin")
    func allAtOnce() throws {
        let lines = try problems(
            ["--threads", "0", "--guarantee", "exactly", "--producer", "linger.ms"],
            environment: ["MILLRACE_LOG_LEVEL": "loud", "MILLRACE_THREADS": "many", "MILLRACE_THREAD": "2"],
            file: """
                {
                    "threads": 2000, "guarntee": "at-least-once", "cache-max-bytes": [],
                    "kafka": {"group.id": "mine", "x": null}
                }
                """)
        #expect(
            Set(lines) == [
                #"--threads: must be a whole number from 1 to 1024, not "0""#,
                #"--guarantee: must be exactly-once or at-least-once, not "exactly""#,
                "--producer: must be NAME=VALUE",
                #"MILLRACE_LOG_LEVEL: must be trace, debug, info, notice, warning, error or critical, not "loud""#,
                #"MILLRACE_THREADS: must be a whole number from 1 to 1024, not "many""#,
                "MILLRACE_THREAD: is not an option; did you mean MILLRACE_THREADS?",
                #"FILE: threads: must be a whole number from 1 to 1024, not "2000""#,
                "FILE: guarntee: is not an option; did you mean guarantee?",
                "FILE: kafka.group.id: group.id is set by Millrace: use --application-id",
                "FILE: kafka.x: must be a string, a number or a boolean",
                "FILE: cache-max-bytes: must be a string or a number",
            ])
        #expect(lines.count == 11)
    }

    @Test("a missing required option is reported with all its names")
    func missing() throws {
        guard case .failure(let invalid) = try check() else {
            Issue.record("options without the required ones were accepted")
            return
        }
        #expect(
            invalid.description == """
                2 options are wrong:
                  missing: give --application-id, MILLRACE_APPLICATION_ID, or "application-id" in the configuration file
                  missing: give --bootstrap-servers, MILLRACE_BOOTSTRAP_SERVERS, or "bootstrap-servers" in the configuration file
                """)
    }

    @Test("dead letters need a topic, but a topic alone is no problem")
    func deadLetterTopic() throws {
        let lines = try problems(["--processing-errors", "dead-letter"])
        #expect(
            lines == [
                "missing, and an error handling is dead-letter: give --dead-letter-topic, MILLRACE_DEAD_LETTER_TOPIC, "
                    + "or \"dead-letter-topic\" in the configuration file"
            ])
        #expect(try problems(["--dead-letter-topic", "dead"]) == [])
    }

    @Test("values of raw settings are never shown")
    func secrets() throws {
        let lines = try problems(
            ["--kafka", "secret-1", "--consumer", "group.id=secret-2", "--admin", "=secret-3"],
            environment: ["MILLRACE_KAFKA_GROUP_ID": "secret-4"])
        #expect(lines.count == 4)
        #expect(!lines.joined().contains("secret"))
    }

    @Test(
        "a file that cannot be read is one problem, and hides no other",
        arguments: [
            ("{\"threads\": 1", "is not valid JSON"),
            ("", "is not valid JSON"),
            ("[]", "must be a JSON object"),
        ])
    func unreadableFile(content: String, expected: String) throws {
        try withFile(content) { path in
            guard case .failure(let invalid) = try check(["--config", path, "--threads", "no"]) else {
                Issue.record("the file was accepted")
                return
            }
            #expect(invalid.problems.map(\.origin) == [.file(path: path, key: nil), .commandLine(flag: "--threads")])
            #expect(invalid.problems.first?.message.hasPrefix(expected) == true)
        }
    }

    @Test("a missing file and a directory get messages that say so")
    func noFile() throws {
        #expect(try problems(["--config", "/no/such/file"]) == ["/no/such/file: there is no such file"])
        let directory = try problems(environment: ["MILLRACE_CONFIG": "/"])
        #expect(directory.count == 1)
        #expect(directory.first?.hasPrefix("/: cannot be read") == true)
    }

    @Test(
        "values at and beyond the limits",
        arguments: [
            ("threads", ["1", "1024"], ["0", "-1", "1025", "1.5", "", "99999999999999999999"]),
            ("replication-factor", ["-1", "1", "32767"], ["0", "-2", "32768"]),
            ("standby-replicas", ["0", "1", "100"], ["-1", "101", "two"]),
            ("commit-interval-ms", ["0", "9999"], ["-1", "10000", "2147483648", "100ms"]),
            ("offset-reset", ["earliest", "latest", "none"], ["end", ""]),
            ("metadata-max-age-ms", ["1", "2147483647"], ["0", "-1", "5s"]),
            ("missing-source-topics", ["fail", "wait"], ["none", ""]),
            ("max-buffered-records", ["1"], ["0"]),
            ("max-buffered-bytes", ["1", "1KiB"], ["0", "KiB", "1KB", "-1MiB", "9223372036854775807GiB"]),
            ("state-cleanup-delay-ms", ["0", "2147483647"], ["-1", "2147483648", "10m"]),
            ("checkpoint-interval-ms", ["0", "2147483647"], ["-1", "2147483648"]),
            ("connect-timeout-ms", ["1", "2147483647"], ["0", "5s"]),
            ("transaction-timeout-ms", ["1000", "2147483647"], ["999", "2147483648"]),
            ("application-server", ["h:1", "[::1]:9092"], ["", "h", "h:0", "::1:9092", "http://h:1", "a@h:1"]),
            ("deserialization-errors", ["fail", "continue"], ["skip", ""]),
            ("trace-sample-ratio", ["0", "0.5", "1"], ["-0.1", "1.1", "nan", "half"]),
            ("close-timeout-ms", ["0", "2147483647"], ["-1", "2147483648", "20s"]),
            ("cache-max-bytes", ["0"], ["-1"]),
            ("application-id", ["a.B_9-"], ["", "a b", "ä", ".", "..", String(repeating: "x", count: 201)]),
            (
                "bootstrap-servers", ["h:1", "h:1,i:65535", "[::1]:9092", " h:1 , i:2 "],
                ["", "h", "h:", ":1", "h:0", "h:65536", "h:1,", "::1:9092", "[]:1", "ssl://h:1", "h h:1"]
            ),
            ("state-dir", ["state", "/s"], [""]),
            ("guarantee", ["exactly-once", "at-least-once"], ["Exactly-Once", "exactly_once", ""]),
            ("topology-optimization", ["none", "all"], ["some"]),
            ("log-level", ["critical"], ["INFO", "fatal"]),
        ] as [(String, [String], [String])])
    func edges(option: String, good: [String], bad: [String]) throws {
        let options = try InstanceOptions.parse(required)
        func problems(_ value: String) throws -> [OptionProblem] {
            try withFile(#"{"\#(option)": "\#(value)"}"#) { path in
                guard case .failure(let invalid) = options.check(environment: ["MILLRACE_CONFIG": path]) else {
                    return []
                }
                return invalid.problems
            }
        }
        for value in good {
            #expect(try problems(value) == [], "\(option) \(value)")
        }
        for value in bad {
            #expect(try problems(value).count == 1, "\(option) \(value)")
        }
    }

    @Test("settings that librdkafka refuses are reported with the others, with their origin, without their value")
    func refusedSettings() throws {
        let lines = try problems(
            [
                "--threads", "0", "--kafka", "sasl.pasword=secret-1", "--consumer", "fetch.min.bytes=secret-2",
                "--producer", "linger.ms=-5", "--admin", "socket.timeout.ms=1000",
            ],
            environment: ["MILLRACE_KAFKA_SECURITY_PROTOCOL": "secret-3"],
            file:
                #"{"consumer": {"partition.assignment.strategy": "secret-4"}, "kafka": {"statistics.interval.ms": -1}}"#
        )
        #expect(lines.count == 7)
        #expect(!lines.joined().contains("secret"))
        let expected = [
            ("--threads: ", "whole number"), ("--kafka: ", "sasl.pasword"), ("--consumer: ", "fetch.min.bytes"),
            ("--producer: ", "linger.ms"), ("MILLRACE_KAFKA_SECURITY_PROTOCOL: ", "security.protocol"),
            ("FILE: consumer.partition.assignment.strategy: ", "set by the application itself"),
            ("FILE: kafka.statistics.interval.ms: ", "statistics.interval.ms"),
        ]
        for (origin, part) in expected {
            let isThere = lines.contains { $0.hasPrefix(origin) && $0.contains(part) }
            #expect(isThere, "\(origin)\(part) is not among \(lines)")
        }
    }

    @Test("options that exclude each other are reported")
    func combinations() throws {
        let lines = try problems(["--commit-interval-ms", "30000"])
        #expect(lines == ["commit interval: 30000 ms is not below the transaction timeout of 10000 ms"])
        #expect(try problems(["--commit-interval-ms", "30000", "--guarantee", "at-least-once"]) == [])
    }

    @Test("wrong options exit with the status of a usage error")
    func exitStatus() throws {
        let options = try InstanceOptions.parse(["--threads", "0"])
        let error = #expect(throws: ValidationError.self) { try options.resolve(environment: [:]) }
        if let error {
            #expect(InstanceOptions.exitCode(for: error).rawValue == 64)
            #expect(InstanceOptions.fullMessage(for: error).contains("3 options are wrong:\n  missing"))
        }
    }
}
