import Millrace
import MillraceRuntime
import NIOHTTP1

/// A scan of a store over all its partitions, one after the other, wherever they are.
struct Scan: Sendable {
    let owners: Owners
    var store: String
    var range: StoreRange
    var terms: Owners.Terms
    /// The scan as other instances and page tokens know it: parameters in a fixed order.
    var parameters: [(String, String)]
    var isRaw: Bool

    /// The identity of this scan.
    var identity: [String] { [store] + parameters.flatMap { [$0, $1] } }

    /// Reads a page.
    ///
    /// - Parameters:
    ///   - start: where to begin.
    ///   - only: the only partition to read; all by default.
    ///   - limit: how many entries at most.
    func page(from start: PageToken, only: Int32?, limit: Int) async throws -> EntryLines {
        let count = Int32(clamping: try await partitionCount())
        guard start.partition < count, only ?? 0 < count else {
            throw Failure.badRequest("the store has \(count) partitions", code: "partition_unknown")
        }
        var lines = EntryLines(entries: [], position: Position())
        var (partition, place) = (start.partition, start.place)
        while true {
            let part = try await read(partition, after: place, limit: limit - lines.entries.count)
            lines.entries += part.entries
            lines.position.merge(part.position)
            if let next = part.next {
                lines.page = PageToken(partition: partition, place: next).text(of: identity)
                return lines
            }
            partition += 1
            place = nil
            if only != nil || partition >= count { return lines }
            if lines.entries.count >= limit {
                lines.page = PageToken(partition: partition).text(of: identity)
                return lines
            }
        }
    }

    /// Waits until the number of partitions is known, which it is not before the first assignment.
    private func partitionCount() async throws -> Int {
        while true {
            do {
                return try owners.partitionCount(of: store)
            } catch let error as StreamsError where error.code == .storeUnavailable {
                guard terms.rest > .zero, !terms.isForwarded else { throw error }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    private struct Part: Sendable {
        var entries: [String]
        var position: Position
        var next: [UInt8]?
    }

    private func read(_ partition: Int32, after place: [UInt8]?, limit: Int) async throws -> Part {
        try await owners.read(terms) {
            try owners.application.metadata(ofPartition: partition, in: store)
        } here: { readsStale in
            let local = try owners.stores.handle(store, partition: partition, readsStale: readsStale)
            let found = try await local.read(reaching: terms.atLeast, within: terms.rest) { [range, isRaw] store in
                let page = try store.page(range, after: place, limit: limit)
                return (page.entries.map { isRaw ? $0.rawJSON : store.json(of: $0) }, page.next)
            }
            return Part(entries: found.value.0, position: found.position, next: found.value.1)
        } there: { address in
            let token = PageToken(partition: partition, place: place)
            let query =
                parameters + [
                    ("partition", "\(partition)"), ("limit", "\(limit)"), ("page", token.text(of: identity)),
                    ("timeout", "\(Double(terms.rest.nanoseconds) / 1e9)"),
                ]
            let text = query.map { "\($0)=\(PercentCoding.encode($1.utf8))" }.joined(separator: "&")
            let answer = try await owners.peers.ask(
                address, target: "/stores/\(PercentCoding.encode(store.utf8))/entries?\(text)",
                accept: EntryLines.mediaType, authorization: terms.authorization,
                within: terms.rest + .milliseconds(500))
            try answer.requireSuccess()
            let lines = try EntryLines(answer.body)
            return Part(
                entries: lines.entries, position: lines.position,
                next: try lines.page.map { text throws(Failure) in try PageToken(text, of: identity) }?.place)
        }
    }
}

extension StoreEntry {
    /// The entry as JSON whose key and value are bytes.
    var rawJSON: String {
        func base64(_ bytes: [UInt8]) -> String { AnySerde.bytes.json(of: bytes) }
        var members: [(String, String?)] = [("key", base64(key))]
        if let window {
            members.append(
                ("window", JSON.object([("startMs", "\(window.startMs)"), ("endMs", "\(window.endMs)")])))
        }
        return JSON.object(
            members + [
                ("value", base64(value)), ("timestampMs", timestampMs.map(String.init)),
                ("validToMs", validToMs.map(String.init)),
            ])
    }
}

extension AnySerde {
    fileprivate static let bytes = Serde<[UInt8]>.bytes.erased
}
