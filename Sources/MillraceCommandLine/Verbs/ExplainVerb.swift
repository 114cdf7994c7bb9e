package import ArgumentParser
import MillraceOperations
import MillraceRuntime

/// `explain KEY`: what became of a key's last record, and why.
package struct ExplainVerb<Program: ProgramArguments, Owners: OwnerArguments>: AsyncParsableCommand {
    package static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "explain", abstract: "Says what became of a key's last record, and why.",
            discussion: """
                What the log has of the key's partition, and of all that is read together with it, is run through the topology in \
                this process and in memory; nothing is written to the cluster. What cannot be known is said: records that have \
                been deleted or are too many to be read, state from before --from. \(Owners.discussion) The status is 66 if there is \
                no record of the key.

                \(ExitStatus.discussion)
                """)
    }

    @OptionGroup var program: Program
    @OptionGroup(title: "Connection to the owner") var owners: Owners
    @Argument(help: "The key, as the serde of the topic reads it, or as 0x… in hexadecimal.") var explainedKey: String
    @Option(help: "The topic of the key, if the topology reads several.") var topic: String?
    @Option(help: "The key's partition; by default that of Kafka's default partitioner.") var partition: Int32?
    @Option(parsing: .unconditional, help: "Where to begin: \(LogLocation.syntax).") var from = "beginning"
    @Option(help: "The most records to read, of all partitions together.") var maxRecords = ExplainBounds().records
    @Option(help: "The most bytes of keys, values and headers to read.") var maxBytes = ExplainBounds().sizeInBytes
    @Flag(help: "The answer as one line of JSON.") var json = false

    package init() {}

    package func validate() throws {
        guard maxRecords > 0, maxBytes > 0 else {
            throw ValidationError("--max-records and --max-bytes must be at least 1")
        }
    }

    package func run() async throws {
        try await reportingAsync(json: json) {
            let options = try program.options(defaults: [:])
            var explain = Explain(try program.makeTopology(options), options.configuration)
            explain.topic = topic
            explain.partition = partition
            explain.from = try place(from, option: "--from")
            explain.bounds.records = maxRecords
            explain.bounds.sizeInBytes = maxBytes
            let bar = ProgressBar("replaying", json: json)
            defer { bar.clear() }
            var explanation = try explain.run(key: explainedKey) { bar.show($0, of: $1) }
            bar.clear()
            explanation.take(await owners.pauses(on: explanation.owners))
            printLine(json ? explanation.json.text : Self.text(explanation))
            if explanation.last == nil { throw ExitCode(66) }
        }
    }

    private static func paused(_ reader: Explanation.Reader) -> String {
        reader.pause ?? (reader.isPaused == false ? "no" : "not known")
    }

    private static func text(_ explanation: Explanation) -> String {
        func record(_ name: String, _ input: Explanation.Input?) -> String {
            let text = input.map {
                "offset \($0.offset)  \(timeText(ms: $0.timestampMs))  \(oneLine($0.value.text, 100))"
            }
            return "\(name)  \(text ?? "-")"
        }
        var lines = [
            explanation.summary, "",
            "partition  \(explanation.topic)-\(explanation.partition), task \(explanation.task), "
                + (explanation.owner.map { "owned by \($0)" }
                    ?? (explanation.areOwnersKnown ? "owned by nobody" : "owner not known")),
            "committed  \(explanation.committed.map(String.init) ?? "-") of \(explanation.end)"
                + (explanation.behind.map { ", \(counted($0.records, "record")) behind" } ?? ""),
            "paused     " + paused(explanation.reader),
            record("last     ", explanation.last), record("processed", explanation.processed),
        ]
        lines += explanation.downstream.map { reader in
            "then       \(reader.topic)-\(reader.partition), task \(reader.task), "
                + "\(counted(reader.waitingRecords, "record")) waiting, paused: \(paused(reader))"
        }
        if !explanation.steps.isEmpty { lines.append("") }
        for step in explanation.steps {
            let indent = String(repeating: "  ", count: step.depth)
            lines.append("\(step.isLater ? "later  " : "")\(indent)\(step.node)  \(oneLine(step.value, 60))")
            lines.append("\(step.isLater ? "       " : "")\(indent)  \(oneLine(step.detail, 400))")
        }
        lines += explanation.changes.map { "store \($0.store)  \($0.key.text)  \(oneLine($0.value.text, 100))" }
        lines += explanation.outputs.map {
            "to \($0.topic)-\($0.partition)  \($0.key.text)  \(oneLine($0.value.text, 100))"
        }
        lines += explanation.notes.map { "note: \($0)" }
        return lines.joined(separator: "\n")
    }
}
