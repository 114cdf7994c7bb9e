package import ArgumentParser
import MillraceCommandLine
import MillraceOperations

/// `threads`: adds worker threads to a running instance, and removes them.
package struct ThreadsVerb: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "threads", abstract: "Adds a worker thread to an instance, or removes one.",
        subcommands: [Add.self, Remove.self])

    package init() {}

    /// `threads add`
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Starts one more worker thread.",
            discussion: """
                The instance that is asked gets it. More threads than there are tasks have nothing to do. The next start of the \
                instance begins with its own setting again.

                \(ExitStatus.ofServers)
                """)

        @OptionGroup var arguments: ThreadArguments

        func run() async throws {
            try await reportingAsync(json: arguments.json) { try await arguments.post("/threads/add", "added") }
        }
    }

    /// `threads remove`
    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Removes a worker thread; its tasks move to others.",
            discussion: """
                It commits and leaves the group first, and the command waits for that. The last thread cannot be removed.

                \(ExitStatus.ofServers)
                """)

        @OptionGroup var arguments: ThreadArguments
        @Option(help: "The number of the thread; the highest by default.") var thread: Int?

        func run() async throws {
            try await reportingAsync(json: arguments.json) {
                try await arguments.post("/threads/remove", "removed", [("thread", thread.map(String.init))])
            }
        }
    }
}

/// The arguments of both.
struct ThreadArguments: ParsableArguments {
    @OptionGroup(title: "Connection") var connection: ServerConnectionOptions
    @Option(help: ArgumentHelp("The instance; the one that is asked by default.", valueName: "HOST:PORT"))
    var instance: String?
    @Flag(help: "The result as one line of JSON.") var json = false

    /// - Parameter done: what has been done to the thread, for people.
    func post(_ path: String, _ done: String, _ query: [(String, String?)] = []) async throws {
        // An instance may take its whole time limit for closing.
        let report = try await connection.connection(json: json).post(
            path, query + [("instance", instance)], within: .seconds(120), as: InstancesReport<Resized>.self)
        for instance in report.instances { printLine(json ? instance.json.text : instance.line(done)) }
    }

    private struct Resized: Decodable {
        var address: String?
        var thread: Int
        var threads: [Int]

        func line(_ done: String) -> String {
            let all = threads.map(String.init).joined(separator: ", ")
            return "\(address ?? "this instance"): thread \(thread) \(done); threads now: \(all)"
        }

        var json: JSONFragment {
            .members([
                "address": .optional(address), "thread": .number(Int64(thread)),
                "threads": .array(threads.map { .number(Int64($0)) }),
            ])
        }
    }
}
