package import Millrace

/// A place in a scan: a partition, and the last key that was visited in it.
package struct ScanPlace: Sendable, Hashable {
    package var partition: Int32
    /// The place in the partition; `nil` for its beginning.
    package var place: [UInt8]?

    package init(partition: Int32, place: [UInt8]? = nil) {
        self.partition = partition
        self.place = place
    }
}

/// A page of a scan over all partitions of a store, one after the other, wherever they are: the decisions, without a clock and
/// without I/O, as of ``PartitionRead``.
package struct ScanRead<Entry: Sendable, Failure: RoutingFailure>: Sendable {
    package enum Action: Sendable {
        /// Look up the number of the store's partitions; go on with `counted`.
        case countPartitions
        /// Wait; go on with `waited`.
        case wait(Duration)
        /// Read some entries of a partition, wherever it is; go on with `answered`.
        case read(ScanPlace, limit: Int)
        case finish(Result<Page, Failure>)
    }

    /// Entries of one partition, of one commit.
    package struct Part: Sendable {
        package var entries: [Entry]
        package var position: Position
        /// The place of the last entry; `nil` if the partition has no more.
        package var next: [UInt8]?

        package init(entries: [Entry], position: Position, next: [UInt8]?) {
            self.entries = entries
            self.position = position
            self.next = next
        }
    }

    package struct Page: Sendable {
        package var entries: [Entry] = []
        package var position = Position()
        /// The place at which the next page begins; `nil` if there is none.
        package var next: ScanPlace?
    }

    private let only: Int32?
    private let limit: Int
    private let isForwarded: Bool
    private var place: ScanPlace
    private var count: Int32 = 0
    private var page = Page()
    private var patience = Patience(upTo: .milliseconds(20))

    /// - Parameters:
    ///   - start: where to begin.
    ///   - only: the only partition to read; all by default.
    ///   - limit: how many entries at most.
    ///   - isForwarded: whether another instance has forwarded the read to this one.
    package init(from start: ScanPlace, only: Int32? = nil, limit: Int, isForwarded: Bool) {
        self.only = only
        self.limit = limit
        self.isForwarded = isForwarded
        place = start
    }

    /// Begins the page.
    package func begin() -> Action { .countPartitions }

    /// Ends a wait.
    package func waited() -> Action { .countPartitions }

    /// Goes on with the number of partitions, which is not known before the first assignment.
    ///
    /// - Parameters:
    ///   - unknown: the failure of a scan of a partition that the store does not have.
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
            self.count = Int32(clamping: count)
            guard place.partition < self.count, only ?? 0 < self.count else {
                return .finish(.failure(unknown(self.count)))
            }
            return .read(place, limit: limit)
        }
    }

    /// Goes on with entries of the partition.
    package mutating func answered(_ part: Result<Part, Failure>) -> Action {
        switch part {
        case .failure(let failure): return .finish(.failure(failure))
        case .success(let part):
            page.entries += part.entries
            page.position.merge(part.position)
            if let next = part.next {
                place.place = next
                return finish(at: place)
            }
            if only != nil || place.partition + 1 >= count { return finish(at: nil) }
            place = ScanPlace(partition: place.partition + 1)
            if page.entries.count >= limit { return finish(at: place) }
            return .read(place, limit: limit - page.entries.count)
        }
    }

    private mutating func finish(at next: ScanPlace?) -> Action {
        page.next = next
        return .finish(.success(page))
    }
}
