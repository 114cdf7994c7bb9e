extension ProcessorElement {
    /// Sends the subscriptions of a table's changes to the partitions of their foreign keys.
    ///
    /// If the foreign key has changed, the old one is told to delete the subscription. At most one subscription of a change
    /// asks for an answer: two answers would carry the same hash, and if the older one came last, its result would stay.
    ///
    /// A left join always asks, so that every change has a result; without a foreign key it asks an arbitrary partition,
    /// which answers with null. An inner join asks for a null only if there may be an earlier result to delete.
    ///
    /// Kafka 4.1: `SubscriptionSendProcessorSupplier` (KAFKA-16394, KAFKA-16407, KAFKA-16434, KAFKA-18713).
    @inlinable
    static func subscriptionSend<Key, Value, ForeignKey>(
        name: String, value: Serde<Value>, foreignKey serde: Serde<ForeignKey>, keepsUnmatched: Bool, problem: String?,
        _ foreignKey: @escaping @Sendable (Key, Value) throws -> ForeignKey?
    ) -> ProcessorElement {
        ProcessorElement(name: name, problem: problem) { node in
            let forward = try node.forward(Record<ForeignKey, Subscription<Key>>.self)
            let (drops, name, isOfVersions) = (node.drops, node.name, node.isOfVersions)
            let primaryPartition = node.identity.partition
            var valueBytes: [UInt8] = []
            var oldBytes: [UInt8] = []
            var newBytes: [UInt8] = []
            return TypedReceiver<Key, Change<Value>>(at: node) { record in
                guard let key = record.key, let change = record.value else { return drops.drop(.nullKey, at: name) }
                if isOfVersions, !change.isLatest { return drops.drop(.outOfOrder, at: name) }
                let old = try change.oldValue.flatMap { try foreignKey(key, $0) }
                let new = try change.newValue.flatMap { try foreignKey(key, $0) }
                var hash: ValueHash?
                if let newValue = change.newValue {
                    valueBytes.removeAll(keepingCapacity: true)
                    try value.serialize(newValue, into: &valueBytes)
                    hash = valueBytes.withUnsafeBytes { ValueHash(of: $0) }
                }
                func send(to foreignKey: ForeignKey?, _ instruction: Subscription<Key>.Instruction) throws {
                    let subscription = Subscription(
                        hash: hash, instruction: instruction, primaryKey: key, primaryPartition: primaryPartition)
                    try forward(record.with(key: foreignKey).with(value: subscription))
                }
                func hasMoved(from old: ForeignKey) throws -> Bool {
                    guard let new else { return true }
                    oldBytes.removeAll(keepingCapacity: true)
                    newBytes.removeAll(keepingCapacity: true)
                    try serde.serialize(old, into: &oldBytes)
                    try serde.serialize(new, into: &newBytes)
                    return oldBytes != newBytes
                }
                if keepsUnmatched {
                    if change.oldValue == nil, change.newValue == nil { return }
                    if let old, try hasMoved(from: old) { try send(to: old, .deleteKeyNoPropagate) }
                    return try send(to: new, .propagateNullIfNoValue)
                }
                switch (old, new) {
                case (let old?, let new?) where try hasMoved(from: old):
                    try send(to: old, .deleteKeyNoPropagate)
                    try send(to: new, .propagateNullIfNoValue)
                case (let old?, nil): try send(to: old, .deleteKeyAndPropagate)
                case (_, let new?): try send(to: new, .propagateOnlyIfValue)
                case (nil, nil):
                    if change.oldValue != nil || change.newValue != nil { drops.drop(.nullForeignKey, at: name) }
                }
            }
        }
    }
}
