package import ArgumentParser
import KafkaClient
import MillraceOperations

/// `tail TOPIC`: the records of a topic.
package struct TailVerb<Cluster: ClusterArguments>: ParsableCommand {
    package static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "tail", abstract: "Prints the records of a topic, decoded where the topology knows it.",
            discussion: """
                Changelogs, repartition topics, inputs and outputs of the topology are shown as JSON by their serdes, other topics \
                as text, or in hexadecimal where they are no text. Only committed records are read.

                \(ExitStatus.discussion)
                """)
    }

    @Argument(help: "The topic.") var topic: String
    @OptionGroup var cluster: Cluster
    @Option(
        parsing: .unconditional,
        help: "Where to begin: \(LogLocation.syntax). By default --last records before the end of each partition.")
    var from: String?
    @Option(parsing: .unconditional, help: "Where to end; what is there is not printed.") var to = "end"
    @Option(parsing: .unconditional, help: "How many records of the end of each partition, without --from.")
    var last: Int64 = 10
    @Option(parsing: .unconditional, help: "The most records to print.") var max: Int?
    @Flag(name: .shortAndLong, help: "Go on with the records that will be written, until interrupted.") var follow =
        false
    @Flag(help: "One line of JSON for each record.") var json = false

    package init() {}

    package func validate() throws {
        if last < 0 { throw ValidationError("--last must not be negative") }
        if let max, max < 0 { throw ValidationError("--max must not be negative") }
    }

    package func run() throws {
        try reporting(json: json) {
            let connection = try cluster.connection()
            let decoder = try decoder()
            let bar = ProgressBar("reading \(topic)", json: json)
            defer { bar.clear() }
            let tail = try Tail(
                topic, from: from.map { try place($0, option: "--from") }, to: place(to, option: "--to"), last: last,
                follows: follow, connection)
            // The topic may be silent for long from here on.
            if follow { bar.clear() }
            var count = 0
            try tail.visit(progress: { bar.show($0, of: $1) }) { record in
                if let max, count >= max { return false }
                count += 1
                printLine(json ? Self.json(record, decoder).text : Self.text(record, decoder))
                return max.map { count < $0 } ?? true
            }
        }
    }

    private func decoder() throws -> TopicDecoder {
        let found = try cluster.topologies().lazy
            .compactMap { TopicDecoder(topic, of: $0.topology, applicationID: $0.applicationID) }.first
        if let found, !json { complain("\(topic): \(found.role)") }
        return found ?? .plain
    }

    private static func text(_ record: LogRecord, _ decoder: TopicDecoder) -> String {
        "\(record.topicPartition.partition):\(record.offset)  \(timeText(ms: record.timestampMs))  "
            + "\(decoder.keyJSON(record.key).text)  \(decoder.valueJSON(record.value).text)"
    }

    private static func json(_ record: LogRecord, _ decoder: TopicDecoder) -> JSONFragment {
        .members([
            "partition": .number(Int64(record.topicPartition.partition)), "offset": .number(record.offset),
            "timestampMs": .number(record.timestampMs), "key": decoder.keyJSON(record.key),
            "value": decoder.valueJSON(record.value),
            "headers": .array(
                record.headers.map { .members(["name": .string($0.name), "value": .bytes($0.value)]) }),
        ])
    }
}
