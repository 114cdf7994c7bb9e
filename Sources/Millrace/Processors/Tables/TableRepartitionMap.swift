extension ProcessorElement {
    /// Regroups a table: sends the old pair to be subtracted and the new one to be added, each under its new key.
    ///
    /// If both have the same key, they are sent as one change (KIP-904); otherwise the old pair is sent first. A pair whose
    /// key or value is null is not sent. Kafka: `KTableRepartitionMap`.
    @inlinable
    static func tableRepartitionMap<Key, Value, NewKey: Equatable & SendableMetatype, NewValue>(
        name: String, _ selector: @escaping @Sendable (Key, Value) throws -> (NewKey?, NewValue?)
    ) -> ProcessorElement {
        ProcessorElement(name: name) { node in
            let forward = try node.forward(Record<NewKey, Change<NewValue>>.self)
            let (drops, name, isOfVersions) = (node.drops, node.name, node.isOfVersions)
            func pair(_ key: Key, _ value: Value?) throws -> (key: NewKey, value: NewValue)? {
                guard let value else { return nil }
                let (newKey, newValue) = try selector(key, value)
                guard let newKey, let newValue else { return nil }
                return (newKey, newValue)
            }
            return TypedReceiver<Key, Change<Value>>(at: node) { record in
                guard let key = record.key, let change = record.value else { return drops.drop(.nullKey, at: name) }
                // The aggregate is made of the latest values only.
                if isOfVersions, !change.isLatest { return }
                let new = try pair(key, change.newValue)
                let old = try pair(key, change.oldValue)
                if let old, let new, old.key == new.key {
                    let change = Change(newValue: new.value, oldValue: old.value)
                    return try forward(record.with(key: new.key).with(value: change))
                }
                if let old {
                    try forward(record.with(key: old.key).with(value: Change(newValue: nil, oldValue: old.value)))
                }
                if let new {
                    try forward(record.with(key: new.key).with(value: Change(newValue: new.value, oldValue: nil)))
                }
            }
        }
    }
}
