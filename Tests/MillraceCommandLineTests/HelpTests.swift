import ArgumentParser
import Testing

@testable import MillraceCommandLine

@Suite struct HelpTests {
    /// A user's command with options of its own.
    struct Command: ParsableCommand {
        static let configuration = CommandConfiguration(discussion: InstanceOptions.discussion)
        @Option var seconds = 10
        @OptionGroup var instance: InstanceOptions
    }

    @Test("the help tells each option with its default and its name in the environment")
    func everyOption() {
        let entries = entries(of: Command.helpMessage(columns: 200))
        for option in InstanceOption.all + [InstanceOption.config] {
            let text = entries[option.flag, default: ""]
            #expect(text.hasSuffix("; \(option.environmentName))"), "\(option.flag)")
            #expect(text.contains("(default: ") || text.contains("(required; "), "\(option.flag)")
        }
        for scope in ClientScope.allCases {
            #expect(entries[scope.flag, default: ""].hasSuffix("(default: none; \(scope.environmentPrefix)…)"))
        }
    }

    @Test("the help knows no option that the other layers do not, but for the flag that deletes things")
    func noOtherOption() {
        let flags = entries(of: InstanceOptions.helpMessage(columns: 200)).keys
        let known =
            InstanceOption.all.map(\.flag) + [InstanceOption.config.flag, "--reset"] + ClientScope.allCases.map(\.flag)
        #expect(Set(flags) == Set(known))
    }

    /// What the help says of each flag, on one line.
    private func entries(of help: String) -> [String: String] {
        var entries: [String: String] = [:]
        var flag: String?
        for line in help.split(separator: "\n", omittingEmptySubsequences: false) {
            let words = line.split(separator: " ")
            if line.hasPrefix("  --"), let name = words.first {
                flag = String(name)
            } else if words.isEmpty {
                flag = nil
            }
            if let flag {
                entries[flag, default: ""] += (entries[flag] == nil ? "" : " ") + words.joined(separator: " ")
            }
        }
        return entries
    }

    @Test("the help is grouped, with an example and the exit statuses")
    func groups() {
        let help = Command.helpMessage(columns: 100)
        let titles = ["APPLICATION", "PROCESSING", "STATE", "ERRORS", "KAFKA CLIENTS", "RUNNING"]
        for title in titles + ["EXAMPLE", "EXIT STATUS"] {
            #expect(help.contains("\(title)"), "\(title)")
        }
    }

    @Test("names in the environment are those that the environment's provider looks up")
    func environmentNames() {
        #expect(InstanceOption.commitIntervalMs.environmentName == "MILLRACE_COMMIT_INTERVAL_MS")
        #expect(InstanceOption.config.environmentName == "MILLRACE_CONFIG")
    }

    @Test("a command takes the options among its own")
    func embedded() throws {
        let command = try Command.parse(["--seconds", "3", "--application-id", "a", "--bootstrap-servers", "h:1"])
        #expect(command.seconds == 3)
        #expect(try command.instance.resolve(environment: [:]).applicationID == "a")
    }
}
