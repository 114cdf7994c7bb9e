import MillraceConnect
import PostgresClient

/// Records that become rows by the same statements.
///
/// A record's line is made when it is sent for the first time, if not before, so the server works on the first lines while the last ones
/// are made.
final class SinkBatch {
    /// The bytes of the records that become rows at once: they bound the memory, and the time of a statement.
    static let limitInBytes = 4 << 20

    private let records: ArraySlice<SinkRecord>
    private var lines: SinkLines
    /// The places of the lines that are made; `nil` for records that cannot be rows.
    private var places: [Range<Int>?] = []
    /// The records that the target does not take.
    private(set) var refused: [RefusedSinkRecord] = []

    init(_ records: ArraySlice<SinkRecord>, _ table: SinkTable, _ configuration: PostgresSinkConfiguration) {
        self.records = records
        lines = SinkLines(table, configuration)
        places.reserveCapacity(records.count)
    }

    var indices: Range<Int> { records.indices }

    /// The records that the target has not refused.
    var taken: [SinkRecord] {
        if refused.isEmpty { return Array(records) }
        let out = Set(refused.map(\.record))
        return records.filter { !out.contains($0) }
    }

    /// Returns whether there are tombstones in a part of the batch.
    func hasDeleted(in range: Range<Int>) -> Bool { records[range].contains { $0.value == nil } }

    /// Returns whether there are rows in a part of the batch.
    func hasRows(in range: Range<Int>) -> Bool { records[range].contains { $0.value != nil } }

    /// Makes all lines.
    func makeLines() { if let last = indices.last { _ = place(of: last) } }

    /// Refuses records that the server has refused.
    func refuse(_ range: Range<Int>, reason: String) {
        // Those that cannot be rows are refused already.
        for index in range where place(of: index) != nil {
            refused.append(RefusedSinkRecord(records[index], reason: reason))
        }
    }

    private func place(of index: Int) -> Range<Int>? {
        while places.count <= index - records.startIndex {
            let next = records.startIndex + places.count
            do throws(SinkRefusal) {
                places.append(try lines.append(key: records[next].key, value: records[next].value))
            } catch {
                places.append(nil)
                refused.append(RefusedSinkRecord(records[next], reason: error.reason))
            }
        }
        return places[index - records.startIndex]
    }

    /// Sends the lines of a part of the batch.
    ///
    /// - Parameter isStaging: whether the lines also say which rows are deleted, and their order.
    /// - Throws: `PostgresError`.
    func send(_ range: Range<Int>, to input: CopyInput, isStaging: Bool) throws {
        var piece: [UInt8] = []
        piece.reserveCapacity(72 << 10)
        for index in range {
            guard let place = place(of: index) else { continue }
            piece.append(contentsOf: lines.bytes[place])
            if isStaging {
                piece.append(contentsOf: (records[index].value == nil ? "\tt\t" : "\tf\t").utf8)
                piece.append(contentsOf: String(index).utf8)
            }
            piece.append(0x0A)
            if piece.count >= 64 << 10 {
                try piece.withUnsafeBytes { try input.write($0) }
                piece.removeAll(keepingCapacity: true)
            }
        }
        try piece.withUnsafeBytes { try input.write($0) }
    }
}

extension ArraySlice<SinkRecord> {
    /// Returns the parts with at most so many bytes of keys and values each; a record that is larger is a part of its own.
    func parts(upToBytes limit: Int) -> [ArraySlice<SinkRecord>] {
        var parts: [ArraySlice<SinkRecord>] = []
        var (start, size) = (startIndex, 0)
        for index in indices {
            let own = (self[index].key?.count ?? 0) + (self[index].value?.count ?? 0)
            if size + own > limit, index > start {
                parts.append(self[start..<index])
                (start, size) = (index, 0)
            }
            size += own
        }
        if start < endIndex { parts.append(self[start...]) }
        return parts
    }
}
