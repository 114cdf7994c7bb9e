package import ArgumentParser
import MillraceCommandLine
import MillraceOperations

/// `changes STORE`: the committed changes of a store, as they happen.
package struct ChangesVerb: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "changes", abstract: "Follows the committed changes of a store, until interrupted.",
        discussion: """
            Those of a key come in order, and each comes once. A deletion has the value null. If the instance stops or the \
            connection breaks, the command connects again and goes on after the last change. If it cannot, the last line on \
            standard error names the place from which to go on, at any instance.

            \(ExitStatus.ofServers)
            """)

    @Argument(help: "The store.", completion: StoreCompletion.kind) var store: String
    @Option(
        help: "Where to begin: earliest, latest, or the id of a change, after which to go on.",
        completion: .list(["earliest", "latest"]))
    var from = "latest"
    @Option(help: "The most changes to print.") var max: Int?
    @Option(
        help: ArgumentHelp(
            "How long to try to connect again; 0 ends the command at once. (default: 30)", valueName: "SECONDS"))
    var reconnectTimeout: Double?
    @OptionGroup(title: "Connection") var connection: ServerConnectionOptions
    @Flag(help: "One line of JSON for each change.") var json = false

    package init() {}

    package func validate() throws {
        if let max, max < 1 { throw ValidationError("--max must be at least 1") }
        if let reconnectTimeout, !(0...86_400).contains(reconnectTimeout) {
            throw ValidationError("--reconnect-timeout must be from 0 to 86400")
        }
    }

    package func run() async throws {
        try await reportingAsync(json: json) {
            let server = try connection.connection(json: json)
            var reading = Reading()
            while true {
                do { return try await follow(server, &reading) } catch var error as OperationError {
                    guard let place = reading.place else { throw error }
                    if let pause = reading.pause(after: error, within: .seconds(reconnectTimeout ?? 30)) {
                        if reading.attempts == 1 { complain("note: \(error.description); connecting again") }
                        try await Task.sleep(for: pause)
                    } else {
                        if error.kind != .missing { error.description += "; go on with --from \(place)" }
                        throw error
                    }
                }
            }
        }
    }

    /// Prints changes from where the reading has got to. Returns after the last one that is wanted.
    private func follow(_ server: ServerConnection, _ reading: inout Reading) async throws {
        var events = ServerSentEvents()
        try await server.lines(
            "/stores/\(ServerConnection.encoded(store))/changes", [("from", reading.place ?? from)],
            accept: "text/event-stream"
        ) { line in
            guard let event = events.take(line) else { return true }
            if event.name == "error" || event.name == "end" { throw Self.end(event) }
            reading.take(event)
            guard event.name == "change" else { return true }
            printLine(json ? Self.json(event) : Self.text(event))
            reading.count += 1
            return max.map { reading.count < $0 } ?? true
        }
        if max.map({ reading.count >= $0 }) ?? false { return }
        throw server.closed()
    }

    /// The changes that have been read, over all connections.
    private struct Reading {
        /// The id of the last event; nil before the first connection.
        var place: String?
        var count = 0
        /// The attempts to connect since the last event.
        var attempts = 0
        private var lost: ContinuousClock.Instant?

        mutating func take(_ event: ServerSentEvents.Event) {
            place = event.id ?? place
            (attempts, lost) = (0, nil)
        }

        /// Returns the time to wait before the next attempt; nil if there is to be none.
        mutating func pause(after error: OperationError, within limit: Duration) -> Duration? {
            guard error.kind == .busy || error.kind == .unreachable else { return nil }
            let now = ContinuousClock.now
            let start = lost ?? now
            lost = start
            guard start.duration(to: now) < limit else { return nil }
            attempts += 1
            return min(.milliseconds(100 << min(attempts, 4)), .seconds(1))
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
