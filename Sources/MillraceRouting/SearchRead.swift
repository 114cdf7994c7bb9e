package import Millrace

/// A search of all partitions of an index, wherever they are: the decisions, without a clock and without I/O, as of ``PartitionRead``.
///
/// It is a ``BatchRead`` of partitions. Each instance is asked once for all of its partitions, and those that could not be searched are
/// asked for again, until the time is over. So each partition is in the answer once, as of one commit.
package struct SearchRead<Part: Sendable, Failure: RoutingFailure>: Sendable {
    package typealias Batch = BatchRead<Part, Failure>

    package enum Action: Sendable {
        /// Look up the number of the store's partitions; go on with `counted`.
        case countPartitions
        /// Look up the owners of these partitions by this instance's knowledge of the moment; go on with `located`.
        case locate([Int32])
        /// Search each group where it is, all at the same time; go on with `answered`.
        case search([Group])
        /// Wait; go on with `waited`.
        case wait(Duration)
        case finish(Result<Answer, Failure>)
    }

    /// Partitions that are searched together.
    package struct Group: Sendable {
        package var place: Batch.Place
        package var partitions: [Int32]
        fileprivate var batch: Batch.Group
    }

    package struct Answer: Sendable {
        /// The parts of the partitions, in their order.
        package var parts: [Part]
        package var position: Position
    }

    private let only: [Int32]?
    private let isForwarded: Bool
    private let acceptsStale: Bool
    private var partitions: [Int32] = []
    private var batch: Batch?
    private var patience = Patience(upTo: .milliseconds(20))

    /// - Parameters:
    ///   - only: the only partitions to search; `nil` for all.
    ///   - isForwarded: whether another instance has forwarded the search to this one.
    ///   - acceptsStale: whether standbys may answer.
    package init(only: [Int32]? = nil, isForwarded: Bool, acceptsStale: Bool) {
        self.only = only
        self.isForwarded = isForwarded
        self.acceptsStale = acceptsStale
    }

    /// Begins the search.
    package func begin() -> Action { .countPartitions }

    /// Ends a wait.
    package mutating func waited() -> Action {
        guard batch != nil else { return .countPartitions }
        return perform { $0.waited() }
    }

    /// Goes on with the number of partitions, which is not known before the first assignment.
    ///
    /// - Parameters:
    ///   - unknown: the failure of a search of a partition that the store does not have.
    ///   - rest: the time that is left.
    package mutating func counted(
        _ count: Result<Int, Failure>, unknown: (Int32) -> Failure, rest: Duration
    ) -> Action {
        switch count {
        case .failure(let failure):
            guard let pause = patience.next(after: failure, isForwarded: isForwarded, within: rest) else {
                return .finish(.failure(failure))
            }
            return .wait(pause)
        case .success(let count):
            let all = 0..<Int32(clamping: count)
            partitions = only.map { Array(Set($0)).sorted() } ?? Array(all)
            if let other = partitions.first(where: { !all.contains($0) }) {
                return .finish(.failure(unknown(other)))
            }
            batch = Batch(count: partitions.count, isForwarded: isForwarded, acceptsStale: acceptsStale)
            return perform { $0.begin() }
        }
    }

    /// Goes on with the owners of the partitions.
    ///
    /// - Parameters:
    ///   - owners: the owner of each partition that was looked up, in the same order.
    ///   - rest: the time that is left.
    package mutating func located(_ owners: [Result<KeyMetadata, Failure>], rest: Duration) -> Action {
        perform { $0.located(owners, rest: rest) }
    }

    /// Goes on with the outcome of all groups, in any order.
    ///
    /// - Parameters:
    ///   - results: the part of each of a group's partitions, in their order, and the position of the commits that were searched.
    ///   - rest: the time that is left.
    package mutating func answered(
        _ results: [(Group, Result<(parts: [Part], position: Position), Failure>)], rest: Duration
    ) -> Action {
        let answers = results.map { group, result in
            (group.batch, result.map { Batch.Answer(entries: $0.parts, position: $0.position) })
        }
        return perform { $0.answered(answers, rest: rest) }
    }

    private mutating func perform(_ step: (inout Batch) -> Batch.Action) -> Action {
        guard var batch else { return .countPartitions }
        let action = step(&batch)
        self.batch = batch
        switch action {
        case .locate(let open): return .locate(open.map { partitions[$0] })
        case .read(let groups):
            return .search(
                groups.map { group in
                    Group(place: group.place, partitions: group.keys.map { partitions[$0] }, batch: group)
                })
        case .wait(let pause): return .wait(pause)
        case .finish(let result):
            return .finish(
                result.map { Answer(parts: $0.entries.compactMap { $0 }, position: $0.position) })
        }
    }
}
