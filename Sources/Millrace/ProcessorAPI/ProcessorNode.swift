/// A user's processor that runs in a task: its context works through it, and it handles the processor's errors.
///
/// Opaque; it is public only because contexts hold it. It belongs to its task's thread.
public final class ProcessorNode {
    /// The processor's name in the topology's description.
    @usableFromInline let name: String
    @usableFromInline package let task: any ProcessorTask
    let storeNames: [String]
    private let children: [(name: String, receiver: Receiver)]
    /// The timestamp of what is being processed: the record's, or the punctuation's.
    @usableFromInline package var timestampMs: Int64 = 0
    /// An error of an operator downstream. Its handler has already decided on it, and it is passed upstream past the
    /// processor.
    @usableFromInline var failureDownstream: (any Error)?

    @usableFromInline
    init(_ node: NodeInstance) {
        name = node.name
        task = node.processorTask
        storeNames = node.storeNames
        children = Array(zip(node.childNames, node.children))
    }

    /// Calls the user's code with a time. An error of an operator downstream is passed upstream, even if the user's code
    /// catches it or throws another one: the record must not be committed.
    @inlinable
    func call(timestampMs: Int64, _ body: () throws -> Void) throws {
        let previous = self.timestampMs
        self.timestampMs = timestampMs
        defer { self.timestampMs = previous }
        let result = Result(catching: body)
        if let failure = failureDownstream.take() { throw failure }
        try result.get()
    }

    /// Hands a record on and remembers an error, to distinguish it from the processor's own.
    ///
    /// - Throws: `StreamsError` with code `.invalidTimestamp` if the record's timestamp is negative, which is the
    ///   processor's own error.
    @inlinable
    func forward<Key, Value>(_ record: Record<Key, Value>, to target: Forward<Key, Value>) throws {
        try checkTimestamp(record.timestampMs, node: name)
        do { try target(record) } catch {
            failureDownstream = error
            throw error
        }
    }

    /// Returns the entrance of all children. If they do not all take the same types, records can be handed to single
    /// children only.
    @usableFromInline
    func all<Key, Value>(_ type: Record<Key, Value>.Type) throws -> Forward<Key, Value> {
        if children.count == 1 { return try children[0].receiver.open(node: name, as: type) }
        var targets: [Forward<Key, Value>] = []
        for child in children {
            guard let target = try? child.receiver.open(node: name, as: type) else {
                let error = StreamsError(
                    .invalidTopology,
                    "\(child.name) takes other records than \(type); forward to one child by its name", node: name)
                return Forward { _ in throw error }
            }
            targets.append(target)
        }
        return Forward { record in for target in targets { try target(record) } }
    }

    /// Returns the entrance of one child.
    @usableFromInline
    func child<Key, Value>(named child: String, _ type: Record<Key, Value>.Type) throws -> Forward<Key, Value> {
        guard let found = children.first(where: { $0.name == child }) else {
            let names = children.isEmpty ? "nothing" : children.map(\.name).joined(separator: ", ")
            throw StreamsError(
                .invalidTopology, "nothing named \(child) follows; what follows is: \(names)", node: name)
        }
        return try found.receiver.open(node: name, as: type)
    }

    /// Checks that the processor is connected to a store. A global table's store needs no connection.
    ///
    /// - Throws: `StreamsError` with code `.invalidTopology` for a store that the processor is not connected to, as in Kafka.
    package func checkConnection(to store: String) throws {
        if storeNames.contains(store) || task.isGlobalStore(named: store) { return }
        throw StreamsError(
            .invalidTopology,
            "the processor is not connected to the store \(store); name it in stores: where the processor is added",
            node: name)
    }
}
