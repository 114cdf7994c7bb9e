package import ArgumentParser
import MillraceCommandLine
import MillraceOperations

/// `changes STORE`: the committed changes of a store, as they happen.
package struct ChangesVerb: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "changes", abstract: "Follows the committed changes of a store, until interrupted.",
        discussion: """
            Those of a key come in order, and each comes once. A deletion has the value null. If the instance stops or the \
            connection breaks, the last line on standard error names the place from which to go on, at any instance.

            \(ExitStatus.ofServers)
            """)

    @Argument(help: "The store.") var store: String
    @Option(help: "Where to begin: earliest, latest, or the id of a change, after which to go on.") var from = "latest"
    @Option(help: "The most changes to print.") var max: Int?
    @OptionGroup(title: "Connection") var connection: ServerConnectionOptions
    @Flag(help: "One line of JSON for each change.") var json = false

    package init() {}

    package func validate() throws {
        if let max, max < 1 { throw ValidationError("--max must be at least 1") }
    }

    package func run() async throws {
        try await reportingAsync(json: json) {
            let server = try connection.connection()
            var events = ServerSentEvents()
            var count = 0
            var place: String?
            do {
                try await server.lines(
                    "/stores/\(ServerConnection.encoded(store))/changes", [("from", from)],
                    accept: "text/event-stream"
                ) { line in
                    guard let event = events.take(line) else { return true }
                    place = event.id ?? place
                    switch event.name {
                    case "change":
                        printLine(json ? Self.json(event) : Self.text(event))
                        count += 1
                    case "error", "end": throw Self.end(event)
                    default: break
                    }
                    return max.map { count < $0 } ?? true
                }
                if max.map({ count >= $0 }) ?? false { return }
                throw OperationError(
                    .unreachable, "the instance has closed the connection", code: "connection_closed")
            } catch var error as OperationError {
                if let place { error.description += "; go on with --from \(place)" }
                throw error
            }
        }
    }

    private static func end(_ event: ServerSentEvents.Event) -> OperationError {
        let said = JSONMembers(event.data)
        return OperationError(
            event.name == "end" ? .busy : said?.text("code") == "position_gone" ? .missing : .failed,
            said?.text("message") ?? "the stream has ended", code: said?.text("code"))
    }

    private static func text(_ event: ServerSentEvents.Event) -> String {
        let change = JSONMembers(event.data)
        let window = change?.object("window").map { window in
            let end = window.integer("endMs").map { " – \(timeText(ms: $0))" } ?? ""
            return "  \(window.integer("startMs").map { timeText(ms: $0) } ?? "")\(end)"
        }
        return "\(change?["partition"] ?? ""):\(change?["offset"] ?? "")  "
            + "\(change?.integer("timestampMs").map { timeText(ms: $0) } ?? "-")  "
            + "\(change?["key"] ?? "-")\(window ?? "")  \(oneLine(change?["value"] ?? "-", 160))"
    }

    private static func json(_ event: ServerSentEvents.Event) -> String {
        guard let id = event.id, event.data.hasSuffix("}") else { return event.data }
        return event.data.dropLast() + ", \"id\": \(JSONFragment.string(id).text)}"
    }
}
