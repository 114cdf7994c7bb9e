import Millrace
import MillraceRouting

extension PlantedFault {
    /// The faults of reads that go from instance to instance.
    static let ofRouting: [PlantedFault] = [
        staleOwner, positionOfOtherPartition, dropForwardedPosition, batchOfTwoCommits, trustStandbys, firstOwners,
        waitWithoutEnd, waitForNothing, scanFromBeginning, answersOutOfOrder,
        searchOfOnePartition, matchesOfEarlierCommit,
    ]

    package static let staleOwner = PlantedFault(
        "an instance that has lost a partition, or is behind, answers for it all the same",
        serveStores: { StaleOwnerStores($0) })

    package static let positionOfOtherPartition = PlantedFault(
        "an answer carries the position of another partition", serveStores: { OtherPositionStores($0) })

    package static let dropForwardedPosition = PlantedFault(
        "the position that an answer has to contain is lost when a read is passed on to another instance",
        serveStores: { PositionDroppingStores($0) })

    package static let batchOfTwoCommits = PlantedFault(
        "the keys of a batch are read from two commits, with the position of the later one",
        serveStores: { TwoCommitStores($0) })

    package static let trustStandbys = PlantedFault(
        "a standby answers whatever position is asked for", serveStores: { TrustingStores($0) })

    package static let firstOwners = PlantedFault(
        "an instance looks up only once who owns a partition", serveStores: { FirstOwnerStores($0) })

    package static let waitWithoutEnd = PlantedFault(
        "a read waits for its position beyond its deadline", serveStores: { PatientStores($0) })

    package static let waitForNothing = PlantedFault(
        "a read does not wait for its position", serveStores: { ImpatientStores($0) })

    package static let scanFromBeginning = PlantedFault(
        "a scan that is passed on to another instance begins anew there", serveStores: { ForgetfulScanStores($0) })

    package static let answersOutOfOrder = PlantedFault(
        "an owner sends the answers to reads on one connection as they become ready",
        serveStores: { HastyStores($0) })
}

extension PlantedFault {
    package static let searchOfOnePartition = PlantedFault(
        "a search that is passed on to another instance covers only the first of its partitions",
        serveStores: { NarrowSearchStores($0) })

    package static let matchesOfEarlierCommit = PlantedFault(
        "a search finds what an earlier search has found, with the position of the present commit",
        serveStores: { RememberingSearchStores($0) })
}

/// Passes a search on for one partition.
final class NarrowSearchStores: ServedStores {
    override func forwarded(_ request: RoutedRequest) -> RoutedRequest {
        guard case .search(let search, let only) = request.kind else { return request }
        var request = request
        request.kind = .search(search, only: only.map { Array($0.prefix(1)) })
        return request
    }
}

/// Remembers the first matches of each partition.
final class RememberingSearchStores: ServedStores {
    private var first: [Int32: [StoreEntry]] = [:]

    override func read(_ read: LocalRead) throws -> RoutedAnswer {
        var answer = try super.read(read)
        guard case .search(let search) = read.kind, let partition = read.partition else { return answer }
        let known = first[partition, default: []]
        first[partition] = known + answer.entries.joined().filter { entry in !known.contains { $0.key == entry.key } }
        answer.entries = [NearestIndex.nearest(first[partition] ?? [], to: search.number, count: search.count)]
        return answer
    }
}

/// Answers as an owner at any position, and with its last answers where it has no stores any more.
final class StaleOwnerStores: ServedStores {
    private var last: [LocalRead: RoutedAnswer] = [:]

    override func check(_ read: LocalRead) throws {
        if read.readsStale { try super.check(read) }
    }

    override func read(_ read: LocalRead) throws -> RoutedAnswer {
        if read.readsStale { return try super.read(read) }
        var read = read
        read.atLeast = Position()
        do {
            let answer = try super.read(read)
            last[read] = answer
            return answer
        } catch {
            guard let answer = last[read] else { throw error }
            return answer
        }
    }
}

/// Names the offset of another partition that it has read.
final class OtherPositionStores: ServedStores {
    private var read = Position()

    override func read(_ read: LocalRead) throws -> RoutedAnswer {
        var answer = try super.read(read)
        self.read.merge(answer.position)
        answer.position = Position(
            Dictionary(uniqueKeysWithValues: answer.position.offsets.keys.map { ($0, offset(insteadOf: $0)) }))
        return answer
    }

    private func offset(insteadOf partition: TopicPartition) -> Int64 {
        let others = read.offsets.keys.filter { $0.topic == partition.topic && $0 != partition }.sorted()
        return read[others.first { $0 > partition } ?? others.first ?? partition]
    }
}

/// Passes reads on without their positions.
final class PositionDroppingStores: ServedStores {
    override func forwarded(_ request: RoutedRequest) -> RoutedRequest {
        var request = request
        request.atLeast = Position()
        return request
    }
}

/// Keeps what it first read of each key, for all keys of a batch but the first.
final class TwoCommitStores: ServedStores {
    private var kept: [String: [[UInt8]: [StoreEntry]]] = [:]

    override func read(_ read: LocalRead) throws -> RoutedAnswer {
        var answer = try super.read(read)
        guard case .batch(let keys) = read.kind else { return answer }
        for (index, key) in keys.enumerated() {
            let earlier = kept[read.store]?[key]
            kept[read.store, default: [:]][key] = answer.entries[index]
            if index > 0, let earlier { answer.entries[index] = earlier }
        }
        return answer
    }
}

/// Asks no position of standbys.
final class TrustingStores: ServedStores {
    override func check(_ read: LocalRead) throws { try super.check(trusting(read)) }
    override func read(_ read: LocalRead) throws -> RoutedAnswer { try super.read(trusting(read)) }

    private func trusting(_ read: LocalRead) -> LocalRead {
        var read = read
        if read.readsStale { read.atLeast = Position() }
        return read
    }
}

/// Keeps to the first owner that it knew of each partition.
final class FirstOwnerStores: ServedStores {
    private var first: [StorePartition: KeyMetadata] = [:]

    override func owner(ofKey key: [UInt8], in store: String) throws -> KeyMetadata {
        known(try super.owner(ofKey: key, in: store), store)
    }

    override func owner(ofPartition partition: Int32, in store: String) throws -> KeyMetadata {
        known(try super.owner(ofPartition: partition, in: store), store)
    }

    private func known(_ owner: KeyMetadata, _ store: String) -> KeyMetadata {
        let place = StorePartition(store: store, partition: owner.partition)
        first[place] = first[place] ?? owner
        return first[place] ?? owner
    }
}

/// Waits for an hour.
final class PatientStores: ServedStores {
    override func limit(of read: LocalRead, within rest: Duration) -> Duration { .seconds(3_600) }
}

/// Does not wait.
final class ImpatientStores: ServedStores {
    override func limit(of read: LocalRead, within rest: Duration) -> Duration { .zero }
}

/// Forgets the place of a scan that it passes on.
final class ForgetfulScanStores: ServedStores {
    override func forwarded(_ request: RoutedRequest) -> RoutedRequest {
        guard case .page(var start, let only, let limit) = request.kind else { return request }
        var request = request
        start.place = nil
        request.kind = .page(from: start, only: only, limit: limit)
        return request
    }
}

/// Sends each answer when it is ready.
final class HastyStores: ServedStores {
    override var keepsOrderOfAnswers: Bool { false }
}
