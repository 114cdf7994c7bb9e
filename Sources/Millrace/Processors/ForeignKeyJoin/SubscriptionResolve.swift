extension ProcessorElement {
    /// Joins each answer with the present left value. An answer to an outdated value is dropped, since another one will
    /// follow.
    ///
    /// Kafka: `ResponseJoinProcessorSupplier`.
    ///
    /// - Parameters:
    ///   - table: the left table's node, and `view` the way to its values.
    ///   - keepsUnmatched: whether a left value has a result if its foreign key has no value.
    @inlinable
    static func subscriptionResolve<Key, Value, Other, Result>(
        name: String, table: Int, view: TableView<Key, Value>, value serde: Serde<Value>, keepsUnmatched: Bool,
        _ joiner: @escaping @Sendable (Value, Other?) throws -> Result?
    ) -> ProcessorElement {
        ProcessorElement(name: name, lookups: [table]) { node in
            let forward = try node.forward(Record<Key, Result>.self)
            let get = try view.makeGetter(node)
            let (drops, name) = (node.drops, node.name)
            var valueBytes: [UInt8] = []
            return TypedReceiver<Key, SubscriptionResponse<Other>>(at: node) { record in
                guard let key = record.key, let response = record.value else {
                    return drops.drop(.nullKeyOrValue, at: name)
                }
                let found = try get(key, nil)
                var hash: ValueHash?
                if let found {
                    valueBytes.removeAll(keepingCapacity: true)
                    try serde.serialize(found.value, into: &valueBytes)
                    hash = valueBytes.withUnsafeBytes { ValueHash(of: $0) }
                }
                guard hash == response.hash else { return drops.drop(.staleResponse, at: name) }
                var result: Result?
                if let found, response.foreignValue != nil || keepsUnmatched {
                    result = try joiner(found.value, response.foreignValue)
                }
                try forward(record.with(value: result))
            }
        }
    }
}
