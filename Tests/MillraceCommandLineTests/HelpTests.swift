import ArgumentParser
import MillraceRuntime
import Testing

@testable import MillraceCommandLine

@Suite struct HelpTests {
    /// A user's command with options of the user.
    struct Command: ParsableCommand {
        static let configuration = CommandConfiguration(discussion: InstanceOptions.discussion)
        @Option var seconds = 10
        @OptionGroup var instance: InstanceOptions
    }

    @Test("the help lists each option with its default and its name in the environment")
    func everyOption() {
        let entries = helpEntries(of: Command.helpMessage(columns: 200))
        for name in ResolvedInstanceOptions.settings.map(\.name) + [RunningOptions.configName] {
            let text = entries[OptionNames.flag(of: name), default: ""]
            #expect(text.hasSuffix("; \(OptionNames.environmentName(of: name)))"), "\(name)")
            #expect(text.contains("(default: ") || text.contains("(required; "), "\(name)")
        }
        for scope in ClientScope.allCases {
            #expect(entries[scope.flag, default: ""].hasSuffix("(default: none; \(scope.environmentPrefix)…)"))
        }
    }

    @Test("the help lists only options that the other layers have, except for the flag that deletes things")
    func noOtherOption() {
        let flags = helpEntries(of: InstanceOptions.helpMessage(columns: 200)).keys
        let known =
            ResolvedInstanceOptions.settings.map(\.flag) + ["--config", "--reset"] + ClientScope.allCases.map(\.flag)
        #expect(Set(flags) == Set(known))
    }

    @Test("the help is grouped, with an example and the exit statuses")
    func groups() {
        let help = Command.helpMessage(columns: 100)
        let titles = ["APPLICATION", "PROCESSING", "STATE", "ERRORS", "KAFKA CLIENTS", "RUNNING"]
        for title in titles + ["EXAMPLE", "EXIT STATUS"] {
            #expect(help.contains("\(title)"), "\(title)")
        }
    }

    @Test("the help's environment names are those that the environment's provider looks up")
    func environmentNames() {
        let names = ResolvedInstanceOptions.settings.map(\.environmentName)
        #expect(names.contains("MILLRACE_COMMIT_INTERVAL_MS"))
        #expect(OptionNames.environmentName(of: RunningOptions.configName) == "MILLRACE_CONFIG")
    }

    @Test("the help of an option has its value's name, its summary, its default and its name in the environment")
    func entry() {
        let entries = helpEntries(of: Command.helpMessage(columns: 200))
        #expect(
            entries["--max-buffered-bytes"]
                == "--max-buffered-bytes <BYTES> Bytes read ahead for each partition. (default: 16MiB; MILLRACE_MAX_BUFFERED_BYTES)"
        )
        #expect(
            entries["--commit-interval-ms"]
                == "--commit-interval-ms <MS> Milliseconds between commits. (default: 100 with exactly-once, else 30000; MILLRACE_COMMIT_INTERVAL_MS)"
        )
        #expect(
            entries["--application-id"]
                == "--application-id <NAME> Names the application: its consumer group, and the prefix of its internal topics. (required; MILLRACE_APPLICATION_ID)"
        )
        #expect(entries["--replication-factor", default: ""].contains("(default: -1; "))
        #expect(entries["--log-level", default: ""].contains("(default: info; "))
    }

    @Test("a command can have the options beside others")
    func embedded() throws {
        let command = try Command.parse(["--seconds", "3", "--application-id", "a", "--bootstrap-servers", "h:1"])
        #expect(command.seconds == 3)
        #expect(try command.instance.resolve(environment: [:]).configuration.applicationID == "a")
    }
}
