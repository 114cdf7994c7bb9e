/// The entrance of the next operator, to be called with a record.
///
/// It is a struct around a closure, so that it can be in arrays and pass through unspecialised code unchanged: the compiler
/// wraps closures themselves again each time, and each wrapping is a call for every record. For the same reason the caller
/// catches an operator's errors here, rather than in a closure around the operator's own.
@usableFromInline
package struct Forward<Key, Value> {
    @usableFromInline let receive: (Record<Key, Value>) throws -> Void
    /// The handling of the operator's errors; `nil` if other code handles them.
    @usableFromInline let errors: OperatorErrors?
    /// Counts the records; of no node for an entrance of several nodes, each of which counts.
    @usableFromInline let counter: RecordCounter
    @usableFromInline let records: UnsafeMutablePointer<Int>

    @inlinable
    init(
        errors: OperatorErrors? = nil, counter: RecordCounter = RecordCounter(nodes: []),
        _ receive: @escaping (Record<Key, Value>) throws -> Void
    ) {
        self.receive = receive
        self.errors = errors
        self.counter = counter
        records = counter.records
    }

    /// Returns the same entrance for a node upstream that hands its records on unchanged, and counts them for that node too.
    @inlinable
    func entered(through node: NodeInstance) -> Forward {
        let entrance = Forward(
            errors: errors, counter: node.counts.counter(of: [node.name] + counter.nodes), receive)
        return node.observer.map { node.observed(entrance, by: $0, nil) } ?? entrance
    }

    /// Hands a record to the operator.
    ///
    /// It also returns if the operator has thrown and the processing handler continues without the record.
    @inlinable
    func callAsFunction(_ record: Record<Key, Value>) throws {
        records.pointee &+= 1
        do { try receive(record) } catch {
            guard let errors else { throw error }
            try errors.handle(error)
        }
    }
}

/// The handling of an operator's errors while it processes a record: errors of its closures and serdes go to the processing
/// handler. Errors of the operators downstream have already been to a handler and pass. Kafka: `ProcessorNode.process`
/// (KIP-1033).
@usableFromInline
final class OperatorErrors {
    private let userCode: any UserCodeCalls
    private let node: String

    @usableFromInline
    init(of node: NodeInstance) {
        userCode = node.userCode
        self.node = node.name
    }

    @usableFromInline
    @inline(never)
    func handle(_ error: any Error) throws {
        try userCode.failed(error, in: .processing, at: node, reading: nil)
    }
}

/// The entrance of an instantiated node, without its types.
///
/// The plan is untyped data, and this box carries a typed function through it. It is opened once, when a task is
/// instantiated, never for a record.
@usableFromInline
package class Receiver {
    @usableFromInline init() {}

    /// Returns the entrance of the node for records of these types.
    @inlinable
    func open<Key, Value>(node: String, as type: Record<Key, Value>.Type) throws -> Forward<Key, Value> {
        guard let typed = self as? TypedReceiver<Key, Value> else {
            throw StreamsError(
                .invalidTopology, "forwards \(Record<Key, Value>.self), which what follows does not take", node: node)
        }
        return typed.forward
    }
}

/// The entrance of an instantiated node for records of one type.
@usableFromInline
final class TypedReceiver<Key, Value>: Receiver {
    @usableFromInline let forward: Forward<Key, Value>

    /// Makes the entrance of a node that processes its records. The node's errors go to the processing handler.
    ///
    /// - Parameter silence: the meaning of the node's handing on nothing, for an observer.
    @inlinable
    init(
        at node: NodeInstance, silence: ((Record<Key, Value>) -> Silence)? = nil,
        _ receive: @escaping (Record<Key, Value>) throws -> Void
    ) {
        let entrance = Forward(
            errors: OperatorErrors(of: node), counter: node.counts.counter(of: [node.name]), receive)
        forward = node.observer.map { node.observed(entrance, by: $0, silence) } ?? entrance
    }

    /// Makes the entrance of a node that hands its records on unchanged.
    @inlinable
    init(passing node: NodeInstance) throws {
        forward = try node.forward(Record<Key, Value>.self).entered(through: node)
    }
}

/// One value that closures share, without the check for overlapping accesses that a captured variable has, which takes 20 ns
/// each.
@usableFromInline
final class Cell<Value> {
    @usableFromInline let value: UnsafeMutablePointer<Value>

    @usableFromInline
    init(_ initial: Value) {
        value = .allocate(capacity: 1)
        value.initialize(to: initial)
    }

    deinit {
        value.deinitialize(count: 1)
        value.deallocate()
    }
}
