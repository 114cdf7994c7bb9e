/// A function that looks up the value of a key in a table: the present one or, in a versioned table, that of a moment. Other
/// tables know the present value only. Kafka: `KTableValueGetter`.
@usableFromInline
package typealias ValueGetter<Key, Value> = (_ key: Key, _ asOfMs: Int64?) throws -> ValueAndTimestamp<Value>?

/// The way to look up a table's values: in its store or, if it has none, by computing them from the tables it is made of.
///
/// Kafka: `KTableValueGetterSupplier`. Each operator adds its own way of computing.
@usableFromInline
struct TableView<Key, Value>: Sendable {
    /// Makes the getter for a node that reads the table.
    @usableFromInline let makeGetter: @Sendable (_ reader: NodeInstance) throws -> ValueGetter<Key, Value>

    @usableFromInline
    init(makeGetter: @escaping @Sendable (_ reader: NodeInstance) throws -> ValueGetter<Key, Value>) {
        self.makeGetter = makeGetter
    }

    /// The values in a store.
    @inlinable
    static func store(_ name: String, key: Serde<Key>, value: Serde<Value>) -> TableView {
        TableView { reader in
            let connected = try reader.connectedStore(named: name)
            guard let bytes = connected.versions else {
                let store = TimestampedKeyValueStore(try connected.map(named: name), key: key, value: value)
                return { key, _ in try store.get(key) }
            }
            let versions = VersionedKeyValueStore(bytes, key: key, value: value)
            return { key, asOfMs in
                guard let asOfMs else { return try versions.get(key) }
                return try versions.get(key, asOfMs: asOfMs)
            }
        }
    }

    /// The values in a global table's store, which every node can read.
    @inlinable
    static func globalStore(_ name: String, key: Serde<Key>, value: Serde<Value>) -> TableView {
        TableView { reader in
            let store = TimestampedKeyValueStore(
                try reader.stores.store(named: name, for: reader.name).map(named: name), key: key, value: value)
            return { key, _ in try store.get(key) }
        }
    }
}
