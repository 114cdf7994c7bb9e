extension ProcessorElement {
    /// Keeps the subscriptions to the foreign keys of a partition, and hands them on to be answered. Kafka:
    /// `SubscriptionReceiveProcessorSupplier`.
    ///
    /// - Parameter store: the store of the subscriptions, by combined key.
    @inlinable
    static func subscriptionReceive<Key, ForeignKey>(
        name: String, store: StorePlan, key: Serde<Key>, foreignKey serde: Serde<ForeignKey>
    ) -> ProcessorElement {
        ProcessorElement(name: name, store: store) { node in
            let forward = try node.forward(Record<ForeignKey, Subscription<Key>>.self)
            let subscriptions: TimestampedKeyValueStore<[UInt8], Subscription<Key>> = try node.timestampedStore(
                key: .bytes, value: .subscription(of: key))
            let (drops, name) = (node.drops, node.name)
            return TypedReceiver<ForeignKey, Subscription<Key>>(at: node) { record in
                guard let subscription = record.value else { return drops.drop(.nullValue, at: name) }
                guard let foreignKey = record.key else {
                    guard subscription.instruction == .propagateNullIfNoValue else {
                        return drops.drop(.nullForeignKey, at: name)
                    }
                    return try forward(record)
                }
                var combinedKey = try CombinedKey.prefix(foreignKey, serde)
                try key.serialize(subscription.primaryKey, into: &combinedKey)
                try subscriptions.put(
                    combinedKey, subscription.instruction.isDeletion ? nil : subscription,
                    timestampMs: record.timestampMs)
                try forward(record)
            }
        }
    }
}
