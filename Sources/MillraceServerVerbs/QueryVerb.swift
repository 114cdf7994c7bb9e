package import ArgumentParser
import Foundation
import Millrace
import MillraceCommandLine
import MillraceOperations

/// `query STORE [KEY]`: a key of a store, or a range of keys.
package struct QueryVerb: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Reads a key of a store, or a range, wherever the partitions are.",
        discussion: """
            With a key, its value is printed, or all its windows, sessions or versions; the status is 66 if there is nothing. \
            Without one, the entries of all partitions are listed, or those of a range. Reads see what is committed. A time is \
            milliseconds since 1970, 2026-11-29T12:00:00Z, or before now: -10m.

            \(ExitStatus.ofServers)
            """)

    @Argument(help: "The store.", completion: StoreCompletion.kind) var store: String
    @Argument(help: "The key, as the store's serde reads it; without its window.") var key: String?
    @Option(help: "The first key of a range.") var from: String?
    @Option(help: "The last key of a range, itself included.") var to: String?
    @Option(help: "What the keys of a range begin with.") var prefix: String?
    @Option(help: "The most entries of a range; by default all.") var limit: Int64?
    @Option(help: "The page with which a range goes on, as the query before has named it.") var page: String?
    @Option(help: "The only partition to read.") var partition: Int32?
    @Option(parsing: .unconditional, help: "The earliest start of a window, or end of a session: a time.")
    var windowFrom: String?
    @Option(parsing: .unconditional, help: "The latest start of a window or a session: a time.") var windowTo: String?
    @Option(parsing: .unconditional, help: "The time at which a version has to be valid.") var asOf: String?
    @Flag(help: "All versions of the key, the oldest first.") var versions = false
    @OptionGroup var read: ReadOptions
    @OptionGroup(title: "Connection") var connection: ServerConnectionOptions
    @Flag(help: "One line of JSON for each entry; of a range, the last line says how far they go.") var json = false

    package init() {}

    package func validate() throws {
        if key != nil, from != nil || to != nil || prefix != nil || limit != nil || page != nil {
            throw ValidationError("--from, --to, --prefix, --limit and --page are for ranges: give them without a key")
        }
        if key == nil, versions || asOf != nil { throw ValidationError("--versions and --as-of need a key") }
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
    }

    package func run() async throws {
        try await reportingAsync(json: json) {
            let server = try connection.connection(json: json)
            let query = try query()
            let path = "/stores/\(ServerConnection.encoded(store))/entries"
            if let key {
                let path = "\(path)/\(ServerConnection.encoded(key))"
                try show(String(decoding: await server.get(path, query, within: read.patience), as: UTF8.self))
            } else {
                try await list(server, path, query)
            }
        }
    }

    private func query() throws -> [(String, String?)] {
        [
            ("from", from), ("to", to), ("prefix", prefix), ("limit", limit.map(String.init)), ("page", page),
            ("partition", partition.map(String.init)),
            ("window-from", try windowFrom.map { try Self.ms($0, option: "--window-from") }),
            ("window-to", try windowTo.map { try Self.ms($0, option: "--window-to") }),
            ("as-of", try asOf.map { try Self.ms($0, option: "--as-of") }),
            ("versions", versions ? "true" : nil),
        ] + read.query
    }

    /// Returns the milliseconds of a time that was typed.
    private static func ms(_ text: String, option: String) throws -> String {
        if let ms = Int64(text), ms >= 0 { return "\(ms)" }
        guard case .time(let ms)? = LogLocation(text, nowMs: currentMs()) else {
            throw ValidationError(
                "\(option) takes a time: milliseconds since 1970, 2026-11-29T12:00:00Z or -10m, not \(text)")
        }
        return "\(ms)"
    }

    /// Prints the answer about one key.
    private func show(_ text: String) throws {
        if json { return printLine(text.split(whereSeparator: \.isNewline).joined(separator: " ")) }
        let answer = JSONMembers(text)
        guard let list = answer?["entries"] else {
            for line in EntryTable([text]).lines { printLine(line) }
            return
        }
        let entries = JSONMembers.elements(of: list)
        if entries.isEmpty { return complain("there is nothing under the key") }
        for line in EntryTable(entries).lines { printLine(line) }
        if let next = answer?.integer("nextWindowFromMs") {
            complain("there are more windows: go on with --window-from \(next)")
        }
    }

    /// Prints entries as they arrive, a table for some hundred at a time.
    private func list(_ server: ServerConnection, _ path: String, _ query: [(String, String?)]) async throws {
        let bar = ProgressBar("reading \(store)", json: json)
        defer { bar.clear() }
        var count: Int64 = 0
        var waiting: [String] = []
        var isFirst = true
        var end: JSONMembers?
        func flush() {
            if waiting.isEmpty { return }
            for line in EntryTable(waiting).lines.dropFirst(isFirst ? 0 : 1) { printLine(line) }
            (waiting, isFirst) = ([], false)
        }
        try await server.lines(path, query, accept: "application/x-ndjson") { line in
            if line.isEmpty { return true }
            let members = JSONMembers(line)
            if let error = members?.object("error"), members?["key"] == nil {
                flush()
                throw OperationError(
                    .failed, "the list is not complete: \(error.text("message") ?? "the instance could not go on")",
                    code: error.text("code"))
            }
            if members?["key"] == nil, let last = members?.object("end") { end = last }
            if json { printLine(line) } else if end == nil { waiting.append(line) }
            if waiting.count >= 500 { flush() }
            count += 1
            bar.show(count)
            return true
        }
        flush()
        bar.clear()
        guard let end else {
            var error = server.closed()
            error.description = "the list is not complete: \(error.description)"
            throw error
        }
        if json { return }
        if isFirst { complain("there are no entries") }
        if let page = end.text("page") { complain("there are more entries: go on with --page \(page)") }
    }
}
