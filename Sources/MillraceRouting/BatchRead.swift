package import Millrace

/// A read of several keys, wherever their partitions are: the decisions, without a clock and without I/O, as of ``PartitionRead``.
///
/// Each instance is asked once for all of its keys, and what could not be read is asked for again, until the time is over. All keys
/// of a partition are always asked for together, so that they are of one commit.
package struct BatchRead<Entry: Sendable, Failure: RoutingFailure>: Sendable {
    package enum Action: Sendable {
        /// Look up the owners of these keys by this instance's knowledge of the moment; go on with `located`.
        case locate([Int])
        /// Read each group where it is, all at the same time; go on with `answered`.
        case read([Group])
        /// Wait; go on with `waited`.
        case wait(Duration)
        case finish(Result<Answer, Failure>)
    }

    /// Keys that are read together.
    package struct Group: Sendable {
        package var place: Place
        /// The places of the keys in the batch, in rising order.
        package var keys: [Int]
    }

    package enum Place: Hashable, Sendable {
        case here
        case instance(InstanceAddress)
    }

    /// The entries that were found, in the order of the keys; `nil` where there is none.
    package struct Answer: Sendable {
        package var entries: [Entry?]
        package var position: Position

        package init(entries: [Entry?], position: Position) {
            self.entries = entries
            self.position = position
        }
    }

    private let isForwarded: Bool
    private let acceptsStale: Bool
    private var answer: Answer
    /// The keys that have not been read yet, in rising order.
    private var open: [Int]
    /// Keys whose owner is not known at the moment.
    private var unknown: [Int] = []
    private var failure: Failure?
    private var round = 0
    private var patience = Patience(upTo: .milliseconds(100))

    /// - Parameters:
    ///   - count: the number of keys.
    ///   - isForwarded: whether another instance has forwarded the read to this one.
    ///   - acceptsStale: whether standbys may answer.
    package init(count: Int, isForwarded: Bool, acceptsStale: Bool) {
        self.isForwarded = isForwarded
        self.acceptsStale = acceptsStale
        open = Array(0..<count)
        answer = Answer(entries: Array(repeating: nil, count: count), position: Position())
    }

    /// Begins the read.
    package mutating func begin() -> Action {
        if open.isEmpty { return .finish(.success(answer)) }
        return isForwarded ? .read([Group(place: .here, keys: open)]) : .locate(open)
    }

    /// Ends a wait.
    package mutating func waited() -> Action { begin() }

    /// Goes on with the owners of the keys.
    ///
    /// - Parameters:
    ///   - owners: the owner of each key that was looked up, in the same order. The first one of each partition counts: the keys of
    ///     a partition stay together even if the partition moves while owners are looked up.
    ///   - rest: the time that is left.
    package mutating func located(_ owners: [Result<KeyMetadata, Failure>], rest: Duration) -> Action {
        var places: [Place] = []
        var keys: [[Int]] = []
        // The group of each partition; `nil` if nobody knows where the partition is.
        var groupOfPartition: [Int32: Int?] = [:]
        (unknown, failure) = ([], nil)
        for (index, key) in open.enumerated() where index < owners.count {
            switch owners[index] {
            case .failure(let failure):
                if failure.course != .temporary { return .finish(.failure(failure)) }
                unknown.append(key)
                self.failure = failure
            case .success(let owner):
                if let known = groupOfPartition[owner.partition] {
                    if let known { keys[known].append(key) } else { unknown.append(key) }
                    continue
                }
                let place = place(of: owner)
                let group = place.map { place in places.firstIndex(of: place) ?? places.count }
                groupOfPartition[owner.partition] = .some(group)
                guard let place, let group else {
                    unknown.append(key)
                    failure = Failure(unavailable: "owner_unknown", "partitions of some keys are being moved")
                    continue
                }
                if group == places.count {
                    places.append(place)
                    keys.append([])
                }
                keys[group].append(key)
            }
        }
        if places.isEmpty { return next(rest: rest) }
        return .read(places.indices.map { Group(place: places[$0], keys: keys[$0]) })
    }

    /// Goes on with the outcome of all groups, in any order.
    ///
    /// - Parameter rest: the time that is left.
    package mutating func answered(_ results: [(Group, Result<Answer, Failure>)], rest: Duration) -> Action {
        open = unknown
        unknown = []
        for (group, result) in results {
            switch result {
            case .success(let found):
                for (index, key) in group.keys.enumerated() where index < found.entries.count {
                    answer.entries[key] = found.entries[index]
                }
                answer.position.merge(found.position)
            case .failure(let failure):
                guard failure.course == .temporary else { return .finish(.failure(failure)) }
                self.failure = failure
                open += group.keys
            }
        }
        open.sort()
        return next(rest: rest)
    }

    private mutating func next(rest: Duration) -> Action {
        if open.isEmpty { return .finish(.success(answer)) }
        round += 1
        guard !isForwarded, let pause = patience.next(within: rest) else {
            return .finish(
                .failure(failure ?? Failure(unavailable: "owner_unknown", "partitions of some keys are being moved")))
        }
        return .wait(pause)
    }

    /// The instance to ask; `nil` if nobody knows one. If stale answers are accepted, owner and standbys take turns.
    private func place(of owner: KeyMetadata) -> Place? {
        if owner.isHere { return .here }
        let places = (owner.address.map { [$0] } ?? []) + (acceptsStale ? owner.standbyAddresses : [])
        return places.isEmpty ? nil : .instance(places[round % places.count])
    }
}
