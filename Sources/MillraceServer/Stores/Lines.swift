import HTTPTypes
import Millrace
import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Entries as lines, one JSON value on each, which instances send each other and clients can ask for (NDJSON). The last line says
/// how far they go: `{"end": {"position": "…", "page": "…"}}`.
struct EntryLines: Sendable {
    /// The lines of the entries, as JSON.
    var entries: [String]
    var position: Position
    /// The token of the next page; `nil` if there is none.
    var page: String?

    static let mediaType = "application/x-ndjson"

    init(entries: [String], position: Position, page: String? = nil) {
        self.entries = entries
        self.position = position
        self.page = page
    }

    /// Reads the lines of another instance.
    ///
    /// - Throws: `Failure` with 503 if they are not complete.
    init(_ body: ByteBuffer) throws(Failure) {
        var lines = String(buffer: body).split(separator: "\n").map(String.init)
        guard let last = lines.popLast(), let end = Self.end(last) else {
            throw Failure(.serviceUnavailable, "owner_unavailable", "another instance's answer has no end")
        }
        self.init(entries: lines, position: end.position, page: end.page)
    }

    /// All lines as text.
    var text: String { entries.map { $0 + "\n" }.joined() + endLine + "\n" }

    var endLine: String {
        JSON.object([
            (
                "end",
                JSON.object([("position", JSON.quoted(position.description)), ("page", page.map(JSON.quoted))])
            )
        ])
    }

    /// All entries as one JSON object.
    var object: String {
        JSON.object([
            ("entries", JSON.array(entries)), ("position", JSON.quoted(position.description)),
            ("page", page.map(JSON.quoted)),
        ])
    }

    private static func end(_ line: String) -> (position: Position, page: String?)? {
        guard let end = try? JSONDecoder().decode(End.self, from: Data(line.utf8)),
            let position = Position(end.end.position)
        else { return nil }
        return (position, end.end.page)
    }

    private struct End: Decodable {
        struct Place: Decodable {
            var position: String
            var page: String?
        }
        var end: Place
    }
}
