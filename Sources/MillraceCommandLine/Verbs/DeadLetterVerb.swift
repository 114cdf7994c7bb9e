package import ArgumentParser
import KafkaClient
import Millrace
import MillraceOperations

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// `dlq`: what could not be processed.
package struct DeadLetterVerb<Cluster: ClusterArguments>: ParsableCommand {
    package static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "dlq", abstract: "Lists, shows, retries and drops dead letters.",
            discussion: """
                A dead letter is a record that an instance could not read, process or write, in the topic that its error handling \
                names. It has an id, PARTITION:OFFSET. What was done with each letter is noted in the topic <topic>-handled.

                \(ExitStatus.discussion)
                """,
            subcommands: [List.self, Show.self, Retry.self, Drop.self])
    }

    package init() {}

    /// The options that choose letters.
    struct Choice: ParsableArguments {
        @Option(help: "Only letters whose error has this in its type or words.") var error: String?
        @Option(help: "Only letters of operators with this in their names.") var `operator`: String?
        @Option(help: "Only letters of records from topics with this in their names.") var source: String?
        @Option(
            parsing: .unconditional,
            help: "Only records with timestamps from here on: a time, or a time before now such as -10m.")
        var from: String?
        @Option(parsing: .unconditional, help: "Only records with timestamps before this.") var to: String?

        func filter() throws -> DeadLetterFilter {
            var filter = DeadLetterFilter()
            filter.error = error
            filter.operatorName = `operator`
            filter.source = source
            filter.fromMs = try from.map { try time($0, "--from") }
            filter.toMs = try to.map { try time($0, "--to") }
            return filter
        }

        private func time(_ text: String, _ option: String) throws -> Int64 {
            guard case .time(let ms) = try place(text, option: option) else {
                throw ValidationError("\(option) takes a time here, such as 2026-11-29T12:00:00Z or -10m, not \(text)")
            }
            return ms
        }
    }

    struct List: ParsableCommand {
        static var configuration: CommandConfiguration {
            CommandConfiguration(commandName: "list", abstract: "Lists the letters that wait.")
        }
        @Argument(help: "The topic of dead letters.") var topic: String
        @OptionGroup var cluster: Cluster
        @OptionGroup var choice: Choice
        @Flag(help: "Those too that were retried or dropped.") var all = false
        @Option(help: "The most letters to list.") var max: Int?
        @Flag(help: "One line of JSON for each letter.") var json = false

        func run() throws {
            try reporting(json: json) {
                let bar = ProgressBar("reading \(topic)", json: json)
                defer { bar.clear() }
                var filter = try choice.filter()
                filter.includesHandled = all
                let letters = try DeadLetterTopic(topic, cluster.connection())
                let presentation = LetterPresentation(try cluster.topologies())
                var rows: [[String]] = []
                var count = 0
                try letters.visit(filter, progress: { bar.show($0, of: $1) }) { letter in
                    if let max, count >= max { return false }
                    count += 1
                    if json { printLine(presentation.json(letter).text) } else { rows.append(presentation.row(letter)) }
                    return true
                }
                bar.clear()
                if json { return }
                if rows.isEmpty { return complain("no dead letters wait in \(topic)") }
                for line in table(LetterPresentation.titles, rows) { printLine(line) }
            }
        }
    }

    struct Show: ParsableCommand {
        static var configuration: CommandConfiguration {
            CommandConfiguration(
                commandName: "show", abstract: "Shows one letter: key, value, headers, the error with its stack.")
        }
        @Argument(help: "The topic of dead letters.") var topic: String
        @Argument(help: "The letter's id, PARTITION:OFFSET.") var id: String
        @OptionGroup var cluster: Cluster
        @Flag(help: "As JSON.") var json = false

        func run() throws {
            try reporting(json: json) {
                let bar = ProgressBar("reading \(topic)", json: json)
                defer { bar.clear() }
                let letters = try DeadLetterTopic(topic, cluster.connection())
                let letter = try letters.letter(letterID(id))
                let presentation = LetterPresentation(try cluster.topologies())
                printLine(json ? presentation.json(letter).text : presentation.text(letter))
            }
        }
    }

    struct Retry: ParsableCommand {
        static var configuration: CommandConfiguration {
            CommandConfiguration(
                commandName: "retry", abstract: "Writes letters back to where they came from, each exactly once.",
                discussion: """
                    The record and the note that it was retried are written in one transaction. So the command can be interrupted \
                    at any time and given again: what was written is not written again.
                    """)
        }
        @Argument(help: "The topic of dead letters.") var topic: String
        @Argument(help: "The letters' ids, PARTITION:OFFSET.") var ids: [String] = []
        @OptionGroup var cluster: Cluster
        @Flag(help: "All letters that wait and match the filters.") var all = false
        @OptionGroup var choice: Choice
        @Option(
            help: ArgumentHelp(
                "A file with the value to write instead of the letter's own; for one letter.", valueName: "FILE"),
            completion: .file())
        var value: String?
        @Flag(help: "The result as JSON.") var json = false

        func validate() throws {
            try checkLetters(ids, all: all)
            if value != nil, ids.count != 1 { throw ValidationError("--value is for one letter: give its id") }
        }

        func run() throws {
            try reporting(json: json) {
                var bytes: [UInt8]?
                if let value {
                    guard let data = try? Data(contentsOf: URL(filePath: value)) else {
                        throw OperationError(.missing, "the file \(value) cannot be read")
                    }
                    bytes = Array(data)
                }
                let bar = ProgressBar("retrying", json: json)
                defer { bar.clear() }
                let (ids, filter) = (try all ? nil : ids.map(letterID), try choice.filter())
                let letters = try DeadLetterTopic(topic, cluster.connection())
                let outcome = try letters.retry(
                    ids, filter, value: bytes, progress: { bar.show($0, of: $1) })
                bar.clear()
                try report(outcome, "retried", json: json)
            }
        }
    }

    struct Drop: ParsableCommand {
        static var configuration: CommandConfiguration {
            CommandConfiguration(
                commandName: "drop", abstract: "Notes of letters that they are not to be retried.",
                discussion: "The records stay in the topic as long as its settings say; dlq list no longer shows them.")
        }
        @Argument(help: "The topic of dead letters.") var topic: String
        @Argument(help: "The letters' ids, PARTITION:OFFSET.") var ids: [String] = []
        @OptionGroup var cluster: Cluster
        @Flag(help: "All letters that wait and match the filters.") var all = false
        @OptionGroup var choice: Choice
        @Flag(help: "The result as JSON.") var json = false

        func validate() throws { try checkLetters(ids, all: all) }

        func run() throws {
            try reporting(json: json) {
                let bar = ProgressBar("dropping", json: json)
                defer { bar.clear() }
                let (ids, filter) = (try all ? nil : ids.map(letterID), try choice.filter())
                let letters = try DeadLetterTopic(topic, cluster.connection())
                let outcome = try letters.drop(ids, filter, progress: { bar.show($0, of: $1) })
                bar.clear()
                try report(outcome, "dropped", json: json)
            }
        }
    }
}

private func letterID(_ text: String) throws -> DeadLetterID {
    guard let id = DeadLetterID(text) else {
        throw OperationError(.usage, "\(text) is no id of a dead letter: write PARTITION:OFFSET, as in 0:42")
    }
    return id
}

private func checkLetters(_ ids: [String], all: Bool) throws {
    if ids.isEmpty != all { throw ValidationError("give the ids of letters, or --all") }
}

private func report(_ outcome: DeadLetterOutcome, _ done: String, json: Bool) throws {
    if json {
        let problems = outcome.problems.map { problem in
            JSONFragment.members(["id": .string("\(problem.id)"), "reason": .string(problem.reason)])
        }
        printLine(
            JSONFragment.members([
                done: .array(outcome.handled.map { .string("\($0)") }),
                "handledBefore": .array(outcome.handledBefore.map { .string("\($0)") }), "problems": .array(problems),
            ]).text)
    } else {
        printLine("\(done) \(outcome.handled.count)")
        if !outcome.handledBefore.isEmpty {
            printLine("left alone, because they were handled before: \(outcome.handledBefore.count)")
        }
    }
    // For programs they are part of the result.
    if !json { for problem in outcome.problems { complain("\(problem.id) still waits: \(problem.reason)") } }
    if !outcome.problems.isEmpty { throw ExitCode(1) }
}
