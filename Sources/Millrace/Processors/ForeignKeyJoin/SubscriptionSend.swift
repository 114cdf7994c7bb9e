extension ProcessorElement {
    /// Sends the subscriptions of a table's changes to the partitions of their foreign keys.
    ///
    /// Where the foreign key has changed, the old one is told to forget the subscription. Without a foreign key an inner
    /// join drops the change; a left join asks nobody in particular, and is answered with null. Kafka:
    /// `SubscriptionSendProcessorSupplier`.
    @inlinable
    static func subscriptionSend<Key, Value, ForeignKey>(
        name: String, value: Serde<Value>, foreignKey serde: Serde<ForeignKey>, keepsUnmatched: Bool, problem: String?,
        _ foreignKey: @escaping @Sendable (Key, Value) throws -> ForeignKey?
    ) -> ProcessorElement {
        ProcessorElement(name: name, problem: problem) { node in
            let forward = try node.forward(Record<ForeignKey, Subscription<Key>>.self)
            let (context, name, isOfVersions) = (node.context, node.name, node.isOfVersions)
            var valueBytes: [UInt8] = []
            var oldBytes: [UInt8] = []
            var newBytes: [UInt8] = []
            return TypedReceiver<Key, Change<Value>> { record in
                guard let key = record.key, let change = record.value else { return context.drop(.nullKey, at: name) }
                if isOfVersions, !change.isLatest { return context.drop(.outOfOrder, at: name) }
                let old: ForeignKey?
                let new: ForeignKey?
                do {
                    old = try change.oldValue.flatMap { try foreignKey(key, $0) }
                    new = try change.newValue.flatMap { try foreignKey(key, $0) }
                } catch {
                    return try context.processingFailed(error, at: name)
                }
                var hash: ValueHash?
                if let newValue = change.newValue {
                    valueBytes.removeAll(keepingCapacity: true)
                    try value.serialize(newValue, into: &valueBytes)
                    hash = valueBytes.withUnsafeBytes { ValueHash(of: $0) }
                }
                func send(to foreignKey: ForeignKey?, _ instruction: Subscription<Key>.Instruction) throws {
                    let subscription = Subscription(
                        hash: hash, instruction: instruction, primaryKey: key, primaryPartition: context.partition)
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
                    if let old, try hasMoved(from: old) { try send(to: old, .deleteKeyAndPropagate) }
                    return try send(to: new, .propagateNullIfNoValue)
                }
                let lacksKey = (change.oldValue != nil && old == nil) || (change.newValue != nil && new == nil)
                if lacksKey { return context.drop(.nullForeignKey, at: name) }
                switch (old, new) {
                case (let old?, let new?):
                    if try hasMoved(from: old) { try send(to: old, .deleteKeyNoPropagate) }
                    // Whatever the join had for the old foreign key is to be replaced, if only by null.
                    try send(to: new, .propagateNullIfNoValue)
                case (let old?, nil): try send(to: old, .deleteKeyAndPropagate)
                case (nil, let new?): try send(to: new, .propagateOnlyIfValue)
                case (nil, nil): break
                }
            }
        }
    }
}
