import HTTPTypes
import Hummingbird
import Millrace
import MillraceRouting
import MillraceRuntime

/// Reads partitions wherever they are, and goes on trying until the deadline: through rebalances, restores and restarts.
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

        /// The time after which another instance that is asked is given up: a little more than it has.
        var patience: Duration { rest + .milliseconds(500) }

        /// The time for which a partition that is read here is waited for. It may move on while others are waited for.
        var patienceHere: Duration { atLeast.isEmpty ? min(rest, .milliseconds(250)) : rest }

        /// The parameters with which another instance is asked.
        ///
        /// - Parameter others: parameters of this read, encoded.
        func query(_ others: [String] = []) -> String {
            var query = others + ["timeout=\(Double(rest.nanoseconds) / 1e9)"]
            if acceptsStale { query.append("stale=true") }
            if !atLeast.isEmpty { query.append("at-least=\(PercentCoding.encode(atLeast.description.utf8))") }
            return query.joined(separator: "&")
        }
    }

    /// Reads a partition where it is: performs what `PartitionRead` decides.
    ///
    /// - Parameters:
    ///   - find: returns who has it, by this instance's knowledge of the moment.
    ///   - here: reads it here, within a time; the flag says whether a standby may be read.
    ///   - there: asks another instance.
    /// - Throws: the last failure, when the deadline has passed; other failures at once.
    func read<Answer: Sendable>(
        _ terms: Terms, _ find: () throws -> KeyMetadata,
        here: (_ readsStale: Bool, _ limit: Duration) async throws -> Answer,
        there: (InstanceAddress) async throws -> Answer
    ) async throws -> Answer {
        var read = PartitionRead<Answer, Failure>(isForwarded: terms.isForwarded, acceptsStale: terms.acceptsStale)
        var action = read.begin()
        while true {
            switch action {
            case .locate:
                action = read.located(Result { try find() }.mapError { Failure($0) }, rest: terms.rest)
            case .readHere(let readsStale, let waits):
                let answer = await Failure.result { try await here(readsStale, waits ? terms.rest : .zero) }
                action = read.answered(answer, rest: terms.rest)
            case .ask(let address):
                let answer = await Failure.result { try await there(address) }
                action = read.answered(answer, rest: terms.rest)
            case .wait(let pause):
                try await Task.sleep(for: pause)
                action = read.waited()
            case .finish(let result): return try result.get()
            }
        }
    }
}

extension Sequence where Element: Sendable {
    /// Reads groups wherever they are, all at the same time. The outcomes are in no order.
    func answers<Answer: Sendable>(
        _ body: @escaping @Sendable (Element) async throws -> Answer
    ) async -> [(Element, Result<Answer, Failure>)] {
        await withTaskGroup(of: (Element, Result<Answer, Failure>).self) { tasks in
            for group in self { tasks.addTask { (group, await Failure.result { try await body(group) }) } }
            return await tasks.reduce(into: []) { $0.append($1) }
        }
    }
}

extension Failure {
    /// Performs a read; an error becomes a `Failure`.
    static func result<Success>(of body: () async throws -> Success) async -> Result<Success, Failure> {
        do { return .success(try await body()) } catch { return .failure(Failure(error)) }
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
