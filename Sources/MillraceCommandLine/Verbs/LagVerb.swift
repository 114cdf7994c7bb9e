package import ArgumentParser
import KafkaClient
import Millrace
import MillraceOperations
import MillraceRuntime

/// `lag`: how far the application is behind.
package struct LagVerb<Program: ProgramArguments>: ParsableCommand {
    package static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "lag", abstract: "Shows how far the application is behind, by partition.",
            discussion: lagDiscussion)
    }

    @OptionGroup var program: Program
    @Flag(help: "One line of JSON for each partition.") var json = false

    package init() {}

    package func run() throws {
        try reporting(json: json) {
            let options = try program.options(defaults: [:])
            let topics = try program.makeTopology(options).sourceTopics
            try printLag(
                of: options.configuration.applicationID, topics, ClusterConnection(options.configuration), json: json)
        }
    }
}

/// `lag GROUP`, without a topology.
package struct GroupLagVerb: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "lag", abstract: "Shows how far an application, or any group, is behind, by partition.",
        discussion: lagDiscussion)

    @Argument(help: "The application's id, or the group's name.") var group: String
    @OptionGroup var cluster: ClusterOptions
    @Flag(help: "One line of JSON for each partition.") var json = false

    package init() {}

    package func run() throws {
        try reporting(json: json) { try printLag(of: group, [], cluster.connection(), json: json) }
    }
}

private let lagDiscussion = """
    Records: the offsets between the committed one and the end. Seconds: how long ago the first record that is not committed was \
    written, by its timestamp.

    \(ExitStatus.discussion)
    """

private func printLag(of group: String, _ topics: [String], _ connection: ClusterConnection, json: Bool) throws {
    let bar = ProgressBar("reading the lag of \(group)", json: json)
    defer { bar.clear() }
    let lags = try Lag(connection).measure(group: group, topics: topics) { bar.show($0, of: $1) }
    bar.clear()
    if json {
        for lag in lags {
            printLine(
                JSONFragment.members([
                    "topic": .string(lag.partition.topic), "partition": .number(Int64(lag.partition.partition)),
                    "committed": .optional(lag.committed), "end": .number(lag.end), "records": .number(lag.records),
                    "seconds": .double(lag.seconds),
                ]).text)
        }
        return
    }
    let rows = lags.map { lag in
        let tenths = Int64(min(lag.seconds * 10, 1e15).rounded())
        return [
            "\(lag.partition)", lag.committed.map { "\($0)" } ?? "-", "\(lag.end)", "\(lag.records)",
            "\(tenths / 10).\(tenths % 10)",
        ]
    }
    for line in table(["PARTITION", "COMMITTED", "END", "RECORDS", "SECONDS"], rows) { printLine(line) }
}
