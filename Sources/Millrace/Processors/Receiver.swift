/// A function that takes a record to the next operator.
@usableFromInline
package typealias Forward<Key, Value> = (Record<Key, Value>) throws -> Void

/// The entrance of an instantiated node, without its types.
///
/// The plan is untyped data; this box carries a typed function through it. It is opened once, when a task is
/// instantiated, never for a record.
@usableFromInline
package class Receiver {
    @usableFromInline init() {}

    /// The function inside, for records of these types.
    @usableFromInline
    func open<Key, Value>(node: String, as type: Record<Key, Value>.Type) throws -> Forward<Key, Value> {
        guard let typed = self as? TypedReceiver<Key, Value> else {
            throw StreamsError(
                .invalidTopology, "forwards \(Record<Key, Value>.self), which what follows does not take", node: node)
        }
        return typed.receive
    }
}

/// The entrance of an instantiated node for records of one type.
@usableFromInline
final class TypedReceiver<Key, Value>: Receiver {
    @usableFromInline let receive: Forward<Key, Value>

    @usableFromInline
    init(_ receive: @escaping Forward<Key, Value>) {
        self.receive = receive
    }
}

/// What a source gives a task for one of its partitions: first decode a record, then, when its turn has come, process it.
///
/// The two steps are apart because a task chooses among its partitions by the timestamp of the next record of each, and
/// that timestamp may be in the value.
@usableFromInline
package struct SourceReader {
    /// Decodes a record and keeps it; returns its timestamp in milliseconds, or nothing where it was dropped.
    package let decode: (_ record: borrowing RawRecord, _ partitionTimeMs: Int64) throws -> Int64?
    /// Pushes the record that was decoded last into the topology.
    package let process: () throws -> Void

    @usableFromInline
    init(
        decode: @escaping (_ record: borrowing RawRecord, _ partitionTimeMs: Int64) throws -> Int64?,
        process: @escaping () throws -> Void
    ) {
        self.decode = decode
        self.process = process
    }
}
