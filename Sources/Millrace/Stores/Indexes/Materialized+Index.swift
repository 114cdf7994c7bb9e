extension Materialized {
    /// Adds an index, which finds entries of the store in another way than by their keys.
    ///
    /// ```swift
    /// builder.table("notes", key: .string, value: .string, into: .store("notes").indexed(by: words))
    /// ```
    ///
    /// The store needs no other settings for it. A store with windows, sessions or versions cannot have one.
    ///
    /// - Parameter index: the description of the index.
    public func indexed(by index: StoreIndexSupplier<Value>) -> Materialized {
        var copy = self
        copy.indexes.append(index)
        return copy
    }
}

extension StoreBuilder {
    /// Adds an index, which finds entries of the store in another way than by their keys.
    ///
    /// ```swift
    /// let drafts = Stores.keyValue("drafts", key: .string, value: .string).indexed(by: words)
    /// ```
    ///
    /// - Parameter index: the description of the index.
    public func indexed<Key, Value>(by index: StoreIndexSupplier<Value>) -> StoreBuilder
    where Store == KeyValueStore<Key, Value> {
        adding(index)
    }

    /// Adds an index, which finds entries of the store in another way than by their keys.
    ///
    /// ```swift
    /// let drafts = Stores.timestampedKeyValue("drafts", key: .string, value: .string).indexed(by: words)
    /// ```
    ///
    /// - Parameter index: the description of the index.
    public func indexed<Key, Value>(by index: StoreIndexSupplier<Value>) -> StoreBuilder
    where Store == TimestampedKeyValueStore<Key, Value> {
        adding(index)
    }

    private func adding<Value>(_ index: StoreIndexSupplier<Value>) -> StoreBuilder {
        changing { plan in plan.indexes.append(index.plan(plan.serdes?.value(as: Value.self) ?? .missing)) }
    }
}
