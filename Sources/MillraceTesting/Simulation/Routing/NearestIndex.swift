package import Millrace

/// A kind of index for simulations of searches: it finds the entries whose numbers are nearest to a number. The number of an entry is
/// computed from the bytes of its value, so any table can have such an index.
package enum NearestIndex {
    static let kind = "nearest numbers"

    /// Describes an index.
    package static func supplier<Value>(_ name: String, of type: Value.Type = Value.self) -> StoreIndexSupplier<Value> {
        StoreIndexSupplier(name, kind: kind, access: Access<Value>()) { _, _ in
            Index(key: { Array($0) }, value: { number(of: $0) })
        }
    }

    /// Searches one partition of an index, as a server does that does not know the kind.
    ///
    /// - Returns: the entries that were found, the best first.
    static func search(
        _ store: QueryableBytesStore, _ index: StoreIndexPlan, number: Int, count: Int
    ) throws -> [StoreEntry] {
        guard let access = index.access else { return [] }
        return try search(store, index.name, access, number: number, count: count)
    }

    private static func search<Access: StoreIndexAccess>(
        _ store: QueryableBytesStore, _ name: String, _ access: Access, number: Int, count: Int
    ) throws -> [StoreEntry] {
        guard let search = Search(number: number) as? Access.Search else { return [] }
        try access.check(search)
        return try access.matches(
            of: search, count: count, in: store.index(named: name, value: Access.Value.self, view: Access.View.self)
        ).matches.compactMap { try store.get($0.key) }
    }

    /// Returns the entries that are nearest to a number, by comparing all of them.
    static func nearest(_ entries: [StoreEntry], to number: Int, count: Int) -> [StoreEntry] {
        let ranked = entries.map { (distance: abs(self.number(of: $0.value) - number), entry: $0) }
        let sorted = ranked.sorted { first, second in
            first.distance == second.distance
                ? first.entry.key.lexicographicallyPrecedes(second.entry.key) : first.distance < second.distance
        }
        return sorted.prefix(count).map(\.entry)
    }

    /// The number of a value, from 0 to 999.
    static func number(of value: some Sequence<UInt8>) -> Int {
        Int(value.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 } % 1_000)
    }

    /// The numbers of the entries by their keys.
    typealias Index = EntryMapIndex<[UInt8], Int>
    typealias View = Index.View

    /// A search as instances pass it on.
    struct Search: Codable, Sendable {
        var number: Int?
    }

    struct Access<Value>: StoreIndexAccess {
        var properties: [StoreIndexProperty] { [] }
        var searchMembers: [String] { ["number"] }

        func figures(of view: View) -> StoreIndexFigures {
            var figures = StoreIndexFigures()
            figures.entryCount = view.entries.count
            return figures
        }

        func example(of value: Value) throws -> Search {
            throw StoreIndexRequestProblem("the number of a value follows from its bytes")
        }

        func search(_ search: Search, like example: Search) -> Search { example }

        func check(_ search: Search) throws {
            if search.number == nil { throw StoreIndexRequestProblem("the number is missing") }
        }

        func matches(
            of search: Search, count: Int, in index: QueryableIndex<[UInt8], Value, View>
        ) throws -> StoreIndexMatches {
            let number = search.number ?? 0
            let found = try index.partitions().flatMap { partition in
                partition.view.entries.map { key, own in
                    StoreIndexMatches.Match(key: key, score: Double(own), rank: Double(abs(own - number)))
                }
            }
            return StoreIndexMatches(found.best(count), isIndexComplete: true)
        }
    }
}

extension [StoreIndexMatches.Match] {
    /// The best matches, the best first; of equally good ones those with lower keys.
    func best(_ count: Int) -> [StoreIndexMatches.Match] {
        let sorted = sorted { first, second in
            first.rank == second.rank ? first.key.lexicographicallyPrecedes(second.key) : first.rank < second.rank
        }
        return Array(sorted.prefix(count))
    }
}
