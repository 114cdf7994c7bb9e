import Millrace
import MillraceEngine
import MillraceRouting

/// A read of the stores of one instance.
struct LocalRead: Hashable {
    enum Kind: Hashable {
        case key([UInt8])
        case batch([[UInt8]])
        case page(after: [UInt8]?, limit: Int)
        case search(SimulatedSearch)
    }

    var store: String
    /// The partition to read; `nil` for all that are here.
    var partition: Int32?
    var kind: Kind
    var readsStale: Bool
    var atLeast: Position
}

/// The stores of an instance as its server reads them: what `MillraceServer` does around the decisions of `MillraceRouting`.
///
/// A planted fault overrides what it gets wrong.
class ServedStores {
    let localStores: LocalStores

    required init(_ localStores: LocalStores) { self.localStores = localStores }

    func partitionCount(of store: String) throws -> Int { try localStores.partitionCount(of: store) }

    func owner(ofKey key: [UInt8], in store: String) throws -> KeyMetadata {
        try localStores.metadata(ofKeyBytes: key, in: store)
    }

    func owner(ofPartition partition: Int32, in store: String) throws -> KeyMetadata {
        try localStores.metadata(ofPartition: partition, in: store)
    }

    /// Returns a request as it is passed on to another instance.
    func forwarded(_ request: RoutedRequest) -> RoutedRequest { request }

    /// Whether answers on a connection that reads share have the order of the requests.
    var keepsOrderOfAnswers: Bool { true }

    /// Returns the time for which a read waits for its partitions and its position.
    func limit(of read: LocalRead, within rest: Duration) -> Duration {
        // A partition may move on while others are waited for.
        switch read.kind {
        case .batch, .search: read.atLeast.isEmpty ? min(rest, .milliseconds(250)) : rest
        case .key, .page: rest
        }
    }

    /// Returns a number that changes when a read that failed may be tried again.
    func changeCount(for read: LocalRead) throws -> UInt64 { try handle(read).changeCount }

    /// Checks that a read may be tried.
    func check(_ read: LocalRead) throws { try handle(read).check(read.atLeast) }

    func read(_ read: LocalRead) throws -> RoutedAnswer {
        let found = try handle(read).readPinned(reaching: read.atLeast) {
            store -> (entries: [[StoreEntry]], next: [UInt8]?) in
            switch read.kind {
            case .key(let key): return ([try Self.entries(of: key, in: store)], nil)
            case .batch(let keys): return (try store.get(keys).map { $0.map { [$0] } ?? [] }, nil)
            case .page(let place, let limit):
                let page = try store.page(StoreRange(), after: place, limit: limit)
                return ([page.entries], page.next)
            case .search(let search):
                let index = try localStores.index(named: search.index).plan
                return ([try NearestIndex.search(store, index, number: search.number, count: search.count)], nil)
            }
        }
        let next = found.value.next.flatMap { place in
            read.partition.map { ScanPlace(partition: $0, place: place) }
        }
        return RoutedAnswer(entries: found.value.entries, position: found.position, next: next)
    }

    private func handle(_ read: LocalRead) throws -> QueryableBytesStore {
        var query = StoreQuery.bytes(read.store)
        if let partition = read.partition { query = query.partition(partition) }
        return try localStores.view(read.readsStale ? query.enableStaleStores() : query)
    }

    private static func entries(of key: [UInt8], in store: QueryableBytesStore) throws -> [StoreEntry] {
        switch store.kind {
        case .window, .timestampedWindow: try store.windows(of: key)
        case .session: try store.sessions(of: key)
        default: try store.get(key).map { [$0] } ?? []
        }
    }
}
