import HTTPTypes
import Hummingbird
import Millrace
import MillraceRuntime

/// Finds who answers for a partition, and goes on trying until the deadline: through rebalances, restores and restarts.
struct Owners: Sendable {
    let stores: StoreAccess
    let peers: PeerClient

    var application: StreamsApplication { stores.application }

    /// Returns the number of a store's partitions.
    func partitionCount(of store: String) throws -> Int { try application.partitionCount(of: store) }

    /// The terms of a read, besides the key.
    struct Terms: Sendable {
        var isForwarded: Bool
        /// Whether the answer of a standby is good enough.
        var acceptsStale: Bool
        /// The position that has to be reached.
        var atLeast: Position
        var deadline: ContinuousClock.Instant
        var authorization: String?

        /// The time that is left.
        var rest: Duration { max(.zero, ContinuousClock.now.duration(to: deadline)) }
    }

    private static let firstPause = Duration.milliseconds(10)
    private static let longestPause = Duration.milliseconds(200)

    /// Reads a partition where it is.
    ///
    /// - Parameters:
    ///   - find: returns who has it, by this instance's knowledge of the moment.
    ///   - here: reads it here, within the terms' deadline; the flag says whether a standby may be read.
    ///   - there: asks another instance.
    /// - Throws: the last failure, when the deadline has passed; other failures at once.
    func read<Result: Sendable>(
        _ terms: Terms, _ find: () throws -> KeyMetadata,
        here: (_ readsStale: Bool) async throws -> Result, there: (InstanceAddress) async throws -> Result
    ) async throws -> Result {
        var pause = Self.firstPause
        while true {
            do {
                let owner = try find()
                return try await readOnce(terms, owner, here: here, there: there)
            } catch {
                let failure = Failure(error)
                // A forwarded request is tried again by the instance that has sent it, which may know better by then.
                guard failure.isTemporary, terms.rest > pause, !terms.isForwarded else { throw failure }
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, Self.longestPause)
        }
    }

    private func readOnce<Result: Sendable>(
        _ terms: Terms, _ owner: KeyMetadata,
        here: (_ readsStale: Bool) async throws -> Result, there: (InstanceAddress) async throws -> Result
    ) async throws -> Result {
        if owner.isHere || terms.isForwarded { return try await here(terms.acceptsStale) }
        if terms.acceptsStale {
            // A standby here is nearer than the owner.
            do { return try await here(true) } catch let error as StreamsError where error.code == .storeElsewhere {}
        }
        guard let address = owner.address else {
            throw Failure(
                .serviceUnavailable, "owner_unknown",
                "partition \(owner.partition) is another instance's, whose address is not known: is it being moved, or was its "
                    + "instance given no --application-server?")
        }
        do {
            return try await there(address)
        } catch let failure as Failure where failure.isTemporary && terms.acceptsStale {
            for standby in owner.standbyAddresses {
                if let result = try? await there(standby) { return result }
            }
            throw failure
        }
    }
}

extension RouteRequest {
    /// The terms that the parameters of every read set.
    func terms(_ limits: ServerLimits) -> Owners.Terms {
        let atLeast = parameters["at-least"].flatMap { Position($0) } ?? Position()
        let timeout = parameters.number("timeout").map { Duration.seconds($0) } ?? limits.defaultTimeout
        return Owners.Terms(
            isForwarded: isForwarded, acceptsStale: parameters.flag("stale"), atLeast: atLeast,
            deadline: .now.advanced(by: min(timeout, limits.maxTimeout)),
            authorization: head.headerFields[.authorization])
    }
}

extension Parameter {
    /// The parameters of every read.
    static let ofReads: [Parameter] = [
        .query(
            "timeout", .number(0...86_400),
            "Seconds to wait for a partition that is moving, and for the position; longer ones count as the server's limit."
        ),
        .query("at-least", .position, "The position that the answer has to contain."),
        .query("stale", .flag, "Whether a standby may answer, whose state is behind."),
    ]

    static func store(example: String) -> Parameter { .path("store", "The name of the store.", example: example) }
}
