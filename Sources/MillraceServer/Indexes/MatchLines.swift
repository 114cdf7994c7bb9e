import HTTPTypes
import Millrace
import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A found entry with what merging needs to know of it.
struct RankedMatch: Sendable {
    /// The lower, the better.
    var rank: Double
    /// The bytes of the key in hexadecimal, which order as the bytes do.
    var key: String
    /// The entry and its score as JSON.
    var json: String

    func isBetter(than other: RankedMatch) -> Bool { rank == other.rank ? key < other.key : rank < other.rank }
}

/// Found entries of some partitions, as instances send them to each other: a line `[rank, "key", {…}]` for each, the best first, and
/// a last line `{"end": {"position": "…", "isIndexComplete": true}}`.
struct MatchLines: Sendable {
    var matches: [RankedMatch]
    var position: Position
    var isIndexComplete: Bool

    init(_ matches: [RankedMatch], position: Position, isIndexComplete: Bool) {
        self.matches = matches
        self.position = position
        self.isIndexComplete = isIndexComplete
    }

    /// Reads the lines of another instance.
    ///
    /// - Throws: `Failure` with 503 if they are not complete.
    init(_ body: ByteBuffer) throws(Failure) {
        var lines = String(buffer: body).split(separator: "\n")
        guard let last = lines.popLast(), let end = try? JSONDecoder().decode(End.self, from: Data(last.utf8)).end,
            let position = Position(end.position)
        else { throw Self.incomplete }
        var matches: [RankedMatch] = []
        for line in lines {
            guard let match = Self.match(line) else { throw Self.incomplete }
            matches.append(match)
        }
        self.init(matches, position: position, isIndexComplete: end.isIndexComplete)
    }

    private static var incomplete: Failure {
        Failure(.serviceUnavailable, "owner_unavailable", "another instance's answer to a search is not complete")
    }

    private static func match(_ line: Substring) -> RankedMatch? {
        guard line.utf8.first == UInt8(ascii: "["), line.utf8.last == UInt8(ascii: "]") else { return nil }
        let parts = line.utf8.dropFirst().dropLast()
            .split(separator: UInt8(ascii: ","), maxSplits: 2, omittingEmptySubsequences: false).map(Substring.init)
        guard parts.count == 3, let rank = Double(parts[0]), parts[1].count >= 2 else { return nil }
        return RankedMatch(rank: rank, key: String(parts[1].dropFirst().dropLast()), json: String(parts[2]))
    }

    private struct End: Decodable {
        struct Place: Decodable {
            var position: String
            var isIndexComplete: Bool
        }
        var end: Place
    }

    /// All lines as text.
    var text: String {
        let end = JSON.object([
            (
                "end",
                JSON.object([
                    ("position", JSON.quoted(position.description)), ("isIndexComplete", "\(isIndexComplete)"),
                ])
            )
        ])
        return matches.map { "[\($0.rank),\"\($0.key)\",\($0.json)]\n" }.joined() + end + "\n"
    }

    /// Returns the answer to a client that has asked for some number of entries.
    func object(asked count: Int) -> String {
        JSON.object([
            ("matches", JSON.array(matches.map(\.json))), ("isComplete", "\(matches.count >= count)"),
            ("isIndexComplete", "\(isIndexComplete)"),
            ("position", JSON.quoted(position.description)),
        ])
    }

    /// Returns the best matches of several parts.
    static func merged(_ parts: [[RankedMatch]], count: Int) -> [RankedMatch] {
        Array(parts.flatMap { $0 }.sorted { $0.isBetter(than: $1) }.prefix(count))
    }
}
