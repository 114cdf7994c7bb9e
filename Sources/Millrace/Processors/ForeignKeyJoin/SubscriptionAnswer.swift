extension ProcessorElement {
    /// Answers each subscription with the present value of its foreign key, if its instruction asks for an answer.
    ///
    /// The answer's timestamp is the later of the two. Kafka: `SubscriptionJoinProcessorSupplier`.
    ///
    /// - Parameters:
    ///   - table: the right table's node, and `view` the way to its values.
    @inlinable
    static func subscriptionAnswer<Key, ForeignKey, Other>(
        name: String, table: Int, view: TableView<ForeignKey, Other>, _ type: Key.Type
    ) -> ProcessorElement {
        ProcessorElement(name: name, lookups: [table]) { node in
            let forward = try node.forward(Record<Key, SubscriptionResponse<Other>>.self)
            let get = try view.makeGetter(node)
            let (drops, name) = (node.drops, node.name)
            return TypedReceiver<ForeignKey, Subscription<Key>>(at: node, silence: { _ in .noMatch }) { record in
                guard let subscription = record.value else { return drops.drop(.nullValue, at: name) }
                let found = try record.key.flatMap { try get($0, nil) }
                var foreignValue: Other?
                switch subscription.instruction {
                case .deleteKeyNoPropagate: return
                case .deleteKeyAndPropagate: foreignValue = nil
                case .propagateNullIfNoValue: foreignValue = found?.value
                case .propagateOnlyIfValue:
                    guard let found else { return }
                    foreignValue = found.value
                }
                let response = SubscriptionResponse(
                    hash: subscription.hash, foreignValue: foreignValue,
                    primaryPartition: subscription.primaryPartition)
                try forward(
                    Record(
                        key: subscription.primaryKey, value: response,
                        timestampMs: max(record.timestampMs, found?.timestampMs ?? record.timestampMs),
                        headers: record.headers))
            }
        }
    }
}
