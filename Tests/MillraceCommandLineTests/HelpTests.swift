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
        let help = Command.helpMessage(columns: 400)
        for option in InstanceOption.all + [InstanceOption.config] {
            let lines = help.split(separator: "\n").filter { $0.hasPrefix("  \(option.flag) <") }
            #expect(lines.count == 1, "\(option.flag)")
            #expect(lines.first?.contains("; \(option.environmentName))") == true, "\(option.flag)")
            #expect(lines.first?.contains("(default: ") == true || lines.first?.contains("(required; ") == true)
        }
        for scope in ClientScope.allCases {
            #expect(help.contains("  \(scope.flag) <NAME=VALUE>"))
        }
    }

    @Test("the help knows no option that the other layers do not")
    func noOtherOption() {
        let flags = InstanceOptions.helpMessage(columns: 400).split(separator: "\n").compactMap { line in
            line.hasPrefix("  --") ? line.dropFirst(2).split(separator: " ").first.map(String.init) : nil
        }
        let known = InstanceOption.all.map(\.flag) + [InstanceOption.config.flag] + ClientScope.allCases.map(\.flag)
        #expect(Set(flags) == Set(known))
        #expect(flags.count == known.count)
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
