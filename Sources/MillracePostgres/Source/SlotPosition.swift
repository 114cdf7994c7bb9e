import MillraceConnect
import PostgresClient

/// The position of a source in a slot.
///
/// Its text: `lsn=0/15E8F48 system=7312… timeline=1 time=1767225600000 tables=16385:9f3c,16390:1a2b`, then for a transaction of which a part
/// is written `commit=0/15E9000 skip=120`, and for a table that is being read first `table=16400 after=x61,x3132`.
struct SlotPosition: Hashable, Sendable {
    /// The table that is being read at the beginning, and the last key that was read.
    struct Snapshot: Hashable, Sendable {
        var table: UInt32
        /// The texts of the key's columns; empty before the first row.
        var after: [String]
    }

    /// The identity of the server's data.
    var system: String
    /// The number of times that the data have changed their server by a failover.
    var timeline: UInt32
    /// The position after the last transaction that is written completely.
    var lsn: LogSequenceNumber
    /// The time at which reading began, in milliseconds since 1 January 1970, UTC.
    var timeMs: Int64
    /// The tables whose first reading is over, with a hash of their keys' columns.
    var tables: [UInt32: UInt32] = [:]
    /// The commit of the next transaction, if a part of it is written.
    var commit: LogSequenceNumber?
    /// The number of that transaction's changes that are written.
    var skip = 0
    var snapshot: Snapshot?

    init(system: String, timeline: UInt32, lsn: LogSequenceNumber, timeMs: Int64) {
        self.system = system
        self.timeline = timeline
        self.lsn = lsn
        self.timeMs = timeMs
    }

    /// Returns the hash by which a changed key is noticed.
    static func hash(ofKey columns: [String]) -> UInt32 {
        var hash: UInt32 = 2_166_136_261
        for byte in columns.joined(separator: "\0").utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        return hash
    }
}

extension SlotPosition {
    /// The position for the topic of positions.
    var source: SourcePosition {
        var parts = ["lsn=\(lsn)", "system=\(system)", "timeline=\(timeline)", "time=\(timeMs)"]
        let done = tables.sorted { $0.key < $1.key }.map { "\($0):\(Self.hexadecimal($1))" }
        parts.append("tables=" + done.joined(separator: ","))
        if let commit { parts += ["commit=\(commit)", "skip=\(skip)"] }
        if let snapshot {
            let texts = snapshot.after.map { text in
                "x" + text.utf8.map { ($0 < 16 ? "0" : "") + Self.hexadecimal(UInt32($0)) }.joined()
            }
            parts += ["table=\(snapshot.table)", "after=\(texts.joined(separator: ","))"]
        }
        return SourcePosition(rawValue: parts.joined(separator: " "))
    }

    private static func hexadecimal(_ number: UInt32) -> String { String(number, radix: 16) }

    /// Reads a position.
    ///
    /// - Throws: `ConnectorError` for a text that is none.
    init(_ position: SourcePosition) throws(ConnectorError) {
        let strange = ConnectorError(
            .permanent,
            "The stored position \"\(position)\" is not one of a PostgreSQL source: give the connector another name.")
        var fields: [Substring: Substring] = [:]
        for part in position.rawValue.split(separator: " ") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { throw strange }
            fields[pair[0]] = pair[1]
        }
        guard let lsn = fields["lsn"].flatMap({ LogSequenceNumber($0) }), let system = fields["system"],
            let timeline = fields["timeline"].flatMap({ UInt32($0) }), let time = fields["time"].flatMap({ Int64($0) })
        else { throw strange }
        self.init(system: String(system), timeline: timeline, lsn: lsn, timeMs: time)
        for table in (fields["tables"] ?? "").split(separator: ",") {
            let pair = table.split(separator: ":")
            guard pair.count == 2, let id = UInt32(pair[0]), let hash = UInt32(pair[1], radix: 16) else {
                throw strange
            }
            tables[id] = hash
        }
        if let commit = fields["commit"] {
            guard let commit = LogSequenceNumber(commit), let skip = fields["skip"].flatMap({ Int($0) }) else {
                throw strange
            }
            (self.commit, self.skip) = (commit, skip)
        }
        if let table = fields["table"] {
            guard let table = UInt32(table), let after = Self.texts(fields["after"] ?? "") else { throw strange }
            snapshot = Snapshot(table: table, after: after)
        }
    }

    /// Reads texts in hexadecimal, each after an `x`, between commas.
    private static func texts(_ text: Substring) -> [String]? {
        if text.isEmpty { return [] }
        var texts: [String] = []
        for piece in text.split(separator: ",", omittingEmptySubsequences: false) {
            let digits = piece.dropFirst().compactMap(\.hexDigitValue)
            guard piece.first == "x", digits.count == piece.count - 1, digits.count % 2 == 0 else { return nil }
            let bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
            texts.append(String(decoding: bytes, as: UTF8.self))
        }
        return texts
    }
}
