import Millrace
import MillraceRouting
import MillraceRuntime
import NIOHTTP1

/// A scan of a store over all its partitions, one after the other, wherever they are.
struct Scan: Sendable {
    let owners: Owners
    var store: String
    var range: StoreRange
    var terms: Owners.Terms
    /// The scan as other instances and page tokens know it: parameters in a fixed order. The position that has to be reached is not
    /// among them, because it may rise from page to page.
    var parameters: [(String, String)]
    var isRaw: Bool

    /// The identity of this scan.
    var identity: [String] { [store] + parameters.flatMap { [$0, $1] } }

    private typealias Read = ScanRead<String, Failure>

    /// Reads a page: performs what `ScanRead` decides.
    ///
    /// - Parameters:
    ///   - start: where to begin.
    ///   - only: the only partition to read; all by default.
    ///   - limit: how many entries at most.
    func page(from start: ScanPlace, only: Int32?, limit: Int) async throws -> EntryLines {
        var read = Read(from: start, only: only, limit: limit, isForwarded: terms.isForwarded)
        var action = read.begin()
        while true {
            switch action {
            case .countPartitions:
                let count = Result { try owners.partitionCount(of: store) }.mapError { Failure($0) }
                action = read.counted(
                    count, unknown: { .badRequest("the store has \($0) partitions", code: "partition_unknown") },
                    rest: terms.rest)
            case .wait(let pause):
                try await Task.sleep(for: pause)
                action = read.waited()
            case .read(let place, let limit):
                action = read.answered(await Failure.result { try await part(at: place, limit: limit) })
            case .finish(let result):
                let page = try result.get()
                return EntryLines(
                    entries: page.entries, position: page.position,
                    page: page.next.map { $0.text(of: identity) })
            }
        }
    }

    private func part(at place: ScanPlace, limit: Int) async throws -> Read.Part {
        try await owners.read(terms) {
            try owners.application.metadata(ofPartition: place.partition, in: store)
        } here: { readsStale, time in
            let local = try owners.stores.handle(store, partition: place.partition, readsStale: readsStale)
            let found = try await local.read(reaching: terms.atLeast, within: time) { [range, isRaw] store in
                let page = try store.page(range, after: place.place, limit: limit)
                return (page.entries.map { isRaw ? $0.rawJSON : store.json(of: $0) }, page.next)
            }
            return Read.Part(entries: found.value.0, position: found.position, next: found.value.1)
        } there: { address in
            var query =
                parameters + [
                    ("partition", "\(place.partition)"), ("limit", "\(limit)"),
                    ("page", place.text(of: identity)), ("timeout", "\(Double(terms.rest.nanoseconds) / 1e9)"),
                ]
            if !terms.atLeast.isEmpty { query.append(("at-least", terms.atLeast.description)) }
            let text = query.map { "\($0)=\(PercentCoding.encode($1.utf8))" }.joined(separator: "&")
            let answer = try await owners.peers.ask(
                address, target: "/stores/\(PercentCoding.encode(store.utf8))/entries?\(text)",
                accept: EntryLines.mediaType, authorization: terms.authorization,
                within: terms.patience)
            try answer.requireSuccess()
            let lines = try EntryLines(answer.body)
            return Read.Part(
                entries: lines.entries, position: lines.position,
                next: try lines.page.map { text throws(Failure) in try ScanPlace(text, of: identity) }?.place)
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
