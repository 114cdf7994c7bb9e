import PostgresClient
import Testing

@testable import MillracePostgres

/// A mistake that the reader of a slot could make.
struct SlotFault: CustomTestStringConvertible, Sendable {
    let testDescription: String
    var wrapStream: @Sendable (any SlotStream) -> any SlotStream = { $0 }
    var wrapTable: @Sendable (any TableKnowledge) -> any TableKnowledge = { $0 }
    var change: @Sendable (inout SlotPosition) -> Void = { _ in }

    static let all = [
        SlotFault(
            testDescription: "a keepalive is answered with what Kafka has not committed",
            wrapStream: { HastyStream($0) }),
        SlotFault(
            testDescription: "an unknown unchanged column is written as null", wrapStream: { ForgetfulStream($0) }),
        SlotFault(
            testDescription: "what is written of a transaction is forgotten",
            change: { ($0.commit, $0.skip) = (nil, 0) }),
        SlotFault(
            testDescription: "a part of a transaction counts as the whole",
            change: { position in
                if let commit = position.commit { position.lsn = LogSequenceNumber(rawValue: commit.rawValue + 8) }
            }),
    ]
}

/// Answers keepalives at once.
private final class HastyStream: SlotStream {
    private let inner: any SlotStream

    init(_ inner: any SlotStream) { self.inner = inner }

    func next(withinMs milliseconds: Int) throws -> ReplicationStream.Event? {
        let event = try inner.next(withinMs: milliseconds)
        if case .keepalive(let reached, _)? = event { try inner.confirm(reached) }
        return event
    }

    func confirm(_ position: LogSequenceNumber) throws { try inner.confirm(position) }
}

/// Takes values that are left out for null.
private final class ForgetfulStream: SlotStream {
    private let inner: any SlotStream

    init(_ inner: any SlotStream) { self.inner = inner }

    func next(withinMs milliseconds: Int) throws -> ReplicationStream.Event? {
        let event = try inner.next(withinMs: milliseconds)
        guard case .message(.update(let relation, let old, var row), let position)? = event else { return event }
        for index in row.values.indices where row.isUnchanged(index) { row.values[index] = .null }
        return .message(.update(relation: relation, old: old, row), at: position)
    }

    func confirm(_ position: LogSequenceNumber) throws { try inner.confirm(position) }
}
