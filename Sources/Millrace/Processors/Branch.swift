extension ProcessorElement {
    /// Hands each record to the child whose predicate is the first to be true, or to the child after the last predicate's.
    ///
    /// If no predicate is true and there is no such child, the record is not forwarded. Kafka: `KStreamBranch`.
    @inlinable
    static func branch<Key, Value>(
        name: String, _ predicates: [@Sendable (Record<Key, Value>) throws -> Bool]
    ) -> ProcessorElement {
        ProcessorElement(name: name) { node in
            let targets = try node.forwards(Record<Key, Value>.self)
            return TypedReceiver<Key, Value>(at: node, silence: { _ in .noBranch }) { record in
                let chosen = try predicates.firstIndex { try $0(record) } ?? predicates.count
                if chosen < targets.count { try targets[chosen](record) }
            }
        }
    }
}
