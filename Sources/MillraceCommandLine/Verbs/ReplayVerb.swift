package import ArgumentParser
import KafkaClient
import MillraceOperations
import MillraceRuntime

/// `replay`: a slice of the log, run again in memory.
package struct ReplayVerb<Program: ProgramArguments>: ParsableCommand {
    package static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "replay", abstract: "Runs a slice of the log through the topology and shows what it does.",
            discussion: """
                The slice is processed in this process, with stores in memory; nothing is written to the cluster. For each record \
                the changes of the stores and the results are printed, with --key only those of one key. What cannot be known is \
                said on standard error: records that have been deleted, state from before the slice.

                \(ExitStatus.discussion)
                """)
    }

    @OptionGroup var program: Program
    @Option(parsing: .unconditional, help: "Where the slice begins: \(LogLocation.syntax).") var from = "beginning"
    @Option(parsing: .unconditional, help: "Where it ends; what is there is not part of it.") var to = "end"
    @Option(help: "Show only this key, written as dlq show and tail print it, or as 0x… in hexadecimal.") var key:
        String?
    @Flag(help: "One line of JSON for each record.") var json = false

    package init() {}

    package func run() throws {
        try reporting(json: json) {
            let options = try program.options(defaults: [:])
            var replay = Replay(
                try program.makeTopology(options), applicationID: options.configuration.applicationID,
                ClusterConnection(options.configuration))
            replay.from = try place(from, option: "--from")
            replay.to = try place(to, option: "--to")
            replay.key = key
            let bar = ProgressBar("replaying", json: json)
            defer { bar.clear() }
            let summary = try replay.run(
                notice: { complain("note: \($0)") }, progress: { bar.show($0, of: $1) },
                each: { step in printLine(json ? Self.json(step).text : Self.text(step)) })
            bar.clear()
            complain(
                [
                    counted(summary.records, "record"), counted(summary.changes, "change"),
                    counted(summary.outputs, "result"), counted(summary.errors, "error"),
                ].joined(separator: ", "))
        }
    }

    private static func text(_ step: Replay.Step) -> String {
        var lines = [
            "\(step.input.topicPartition)@\(step.input.offset)  \(timeText(ms: step.input.timestampMs))  "
                + "\(step.key.text)  \(oneLine(step.value.text, 160))"
        ]
        for change in step.changes {
            let before = change.before.map { "\($0.text) → " } ?? ""
            lines.append("    store \(change.store)  \(change.key.text)  \(before)\(change.value.text)")
        }
        for output in step.outputs {
            lines.append(
                "    to \(output.topic)-\(output.partition)  \(output.key.text)  \(oneLine(output.value.text, 160))")
        }
        lines += step.errors.map { "    error  \(oneLine($0, 400))" }
        return lines.joined(separator: "\n")
    }

    private static func json(_ step: Replay.Step) -> JSONFragment {
        let changes = step.changes.map { change in
            JSONFragment.members([
                "store": .string(change.store), "partition": .number(Int64(change.partition)), "key": change.key,
                "before": change.before ?? .null, "value": change.value, "timestampMs": .number(change.timestampMs),
            ])
        }
        let outputs = step.outputs.map { output in
            JSONFragment.members([
                "topic": .string(output.topic), "partition": .number(Int64(output.partition)), "key": output.key,
                "value": output.value, "timestampMs": .number(output.timestampMs),
            ])
        }
        return .members([
            "input": .members([
                "topic": .string(step.input.topicPartition.topic),
                "partition": .number(Int64(step.input.topicPartition.partition)),
                "offset": .number(step.input.offset), "timestampMs": .number(step.input.timestampMs), "key": step.key,
                "value": step.value,
            ]), "changes": .array(changes), "outputs": .array(outputs),
            "errors": .array(step.errors.map(JSONFragment.string)),
        ])
    }
}
