import Millrace
import MillraceEngine
import MillraceRouting

/// A store as clients of any instance may find it: the answers that are right.
struct RoutedStore {
    let name: String
    /// Its keys at any time, in the order of their bytes, and one that it never has.
    let keys: [[UInt8]]
    /// Whether it has at most one entry of each key.
    let isKeyed: Bool
    /// The name of its index of the kind `NearestIndex`; `nil` if it has none.
    let searchedIndex: String?
    private let histories: [StoreHistories.History]
    private let partitioningSuffixCount: Int

    /// Makes the model of a store; `nil` if clients cannot know its keys' partitions.
    init?(_ plan: StorePlan, _ histories: StoreHistories) {
        if plan.kind.isCustom { return nil }
        name = plan.name
        searchedIndex = plan.indexes.first { $0.kind == NearestIndex.kind }?.name
        switch StoreDescription.Kind(plan.kind) {
        case .keyValue, .timestampedKeyValue, .versionedKeyValue: isKeyed = true
        default: isKeyed = false
        }
        partitioningSuffixCount = plan.serdes?.key.partitioningSuffixCount ?? 0
        self.histories = histories.partitions.filter { $0.store == plan.name }.compactMap { histories[$0] }
        var keys: Set<[UInt8]> = [Array("no key of the store".utf8)]
        for (number, history) in self.histories.enumerated() {
            let present = Set(history.contents.flatMap { $0.entries.map(\.key) })
            for key in present {
                guard
                    Self.partition(of: key, partitioningSuffixCount, count: self.histories.count) == Int32(number)
                else { return nil }
            }
            keys.formUnion(present)
        }
        self.keys = keys.sorted { $0.lexicographicallyPrecedes($1) }
    }

    var partitionCount: Int32 { Int32(histories.count) }

    /// The topic partitions that its tasks read.
    var inputs: [TopicPartition] { histories.map(\.input) }

    /// The position of everything that is ever written.
    var end: Position { Position(Dictionary(uniqueKeysWithValues: histories.map { ($0.input, $0.end) })) }

    func partition(of key: [UInt8]) -> Int32 {
        Self.partition(of: key, partitioningSuffixCount, count: histories.count)
    }

    private static func partition(of key: [UInt8], _ suffixCount: Int, count: Int) -> Int32 {
        key.dropLast(suffixCount).withUnsafeBytes { KafkaPartitioner.partition(for: $0, count: Int32(count)) }
    }

    // MARK: Checks

    /// Returns what is wrong with an answer; `nil` if it is right.
    func problem(of answer: RoutedAnswer, to request: RoutedRequest) -> String? {
        switch request.kind {
        case .key(let key): problem(of: answer, to: [key], request)
        case .batch(let keys): problem(of: answer, to: keys, request)
        case .page(let start, _, let limit): problem(of: answer, from: start, limit: limit, request)
        case .search(let search, _): problem(of: answer, to: search, request)
        }
    }

    /// Compares what was found with the nearest of all entries that there were at the answer's position.
    private func problem(of answer: RoutedAnswer, to search: SimulatedSearch, _ request: RoutedRequest) -> String? {
        let found = answer.entries.first ?? []
        var all: [StoreEntry] = []
        for (partition, history) in histories.enumerated() {
            let (offset, required) = (answer.position[history.input], request.atLeast[history.input])
            if offset < required { return "partition \(partition) was searched at \(offset), before \(required)" }
            // Standbys do not know their position.
            if request.acceptsStale, offset == 0 {
                let unknown = found.first { entry in
                    self.partition(of: entry.key) == partition
                        && !history.contents.contains { $0.entries.contains(entry) }
                }
                if let unknown { return "partition \(partition) never had \(unknown.text)" }
                return nil
            }
            guard let contents = history.contents(at: offset) else {
                return "partition \(partition) was searched at \(offset), beyond its input"
            }
            all += contents.entries
        }
        let expected = NearestIndex.nearest(all, to: search.number, count: search.count)
        if found == expected { return nil }
        let (one, other) = (StoreContents.entries(found), StoreContents.entries(expected))
        return "a search at \(answer.position) has found “\(one)” instead of “\(other)”"
    }

    private func problem(of answer: RoutedAnswer, to keys: [[UInt8]], _ request: RoutedRequest) -> String? {
        guard answer.entries.count == keys.count else { return "\(answer.entries.count) answers to \(keys.count) keys" }
        for (key, found) in zip(keys, answer.entries) {
            let problem = problem(of: partition(of: key), answer, request, found) { $0.key == key }
            if let problem { return problem }
        }
        return nil
    }

    private func problem(
        of answer: RoutedAnswer, from start: ScanPlace, limit: Int, _ request: RoutedRequest
    ) -> String? {
        let found = answer.entries.flatMap { $0 }
        if found.count > limit { return "\(found.count) entries instead of at most \(limit)" }
        let last = answer.next.map { $0.place == nil ? $0.partition - 1 : $0.partition } ?? partitionCount - 1
        guard last < partitionCount else { return "the page ends in partition \(last), which the store does not have" }
        var ordered: [StoreEntry] = []
        for partition in stride(from: start.partition, through: last, by: 1) {
            let lower = partition == start.partition ? start.place : nil
            let upper = partition == answer.next?.partition ? answer.next?.place : nil
            let part = found.filter { self.partition(of: $0.key) == partition }
            ordered += part
            let problem = problem(of: partition, answer, request, part) { entry in
                (lower?.lexicographicallyPrecedes(entry.key) ?? true)
                    && !(upper?.lexicographicallyPrecedes(entry.key) ?? false)
            }
            if let problem { return problem }
        }
        return ordered == found ? nil : "a page has entries of partitions that it is not about, or not in their order"
    }

    /// Compares what was found in a partition with what it had at the position of the answer.
    ///
    /// - Parameter isAsked: whether an entry of the partition was asked for.
    private func problem(
        of partition: Int32, _ answer: RoutedAnswer, _ request: RoutedRequest, _ found: [StoreEntry],
        isAsked: (StoreEntry) -> Bool
    ) -> String? {
        let history = histories[Int(partition)]
        let (offset, required) = (answer.position[history.input], request.atLeast[history.input])
        if offset < required { return "partition \(partition) was read at \(offset), before \(required)" }
        // Standbys do not know their position, nor do they have everything of one moment.
        if request.acceptsStale, offset == 0 {
            let unknown = found.first { entry in !history.contents.contains { $0.entries.contains(entry) } }
            return unknown.map { "partition \(partition) never had \($0.text)" }
        }
        guard let contents = history.contents(at: offset) else {
            return "partition \(partition) was read at \(offset), beyond its input"
        }
        let expected = contents.entries.filter(isAsked)
        if found == expected { return nil }
        let (one, other) = (StoreContents.entries(found), StoreContents.entries(expected))
        return "partition \(partition) was read at \(offset) as “\(one)” instead of “\(other)”"
    }
}
