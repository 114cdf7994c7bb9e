extension ProcessorElement {
    /// Sends a foreign key's new value to all who have subscribed to the key. Kafka: `ForeignTableJoinProcessorSupplier`.
    ///
    /// - Parameters:
    ///   - subscriptions: the node that keeps the subscriptions, and `store` the name of their store.
    @inlinable
    static func subscriptionNotify<Key, ForeignKey, Other>(
        name: String, subscriptions: Int, store: String, key: Serde<Key>, foreignKey serde: Serde<ForeignKey>,
        _ type: Other.Type
    ) -> ProcessorElement {
        ProcessorElement(name: name, lookups: [subscriptions]) { node in
            let forward = try node.forward(Record<Key, SubscriptionResponse<Other>>.self)
            let subscriptions: TimestampedKeyValueStore<[UInt8], Subscription<Key>> = try node.timestampedStore(
                named: store, key: .bytes, value: .subscription(of: key))
            let (drops, name, hasVersionedInput) = (node.drops, node.name, node.hasVersionedInput)
            return TypedReceiver<ForeignKey, Change<Other>>(at: node, silence: { _ in .noMatch }) { record in
                guard let foreignKey = record.key, let change = record.value else {
                    return drops.drop(.nullKey, at: name)
                }
                if hasVersionedInput, !change.isLatest { return drops.drop(.outOfOrder, at: name) }
                let prefix = try CombinedKey.prefix(foreignKey, serde)
                // The operators downstream only send, so nothing changes the store during the scan.
                try subscriptions.scan(bytesFrom: prefix, to: CombinedKey.end(of: prefix)) { _, stored in
                    let response = SubscriptionResponse(
                        hash: stored.value.hash, foreignValue: change.newValue,
                        primaryPartition: stored.value.primaryPartition)
                    try forward(record.with(key: stored.value.primaryKey).with(value: response))
                    return true
                }
            }
        }
    }
}
