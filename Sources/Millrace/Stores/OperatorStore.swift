/// A store as the operators of a task see it, with its type.
@usableFromInline
package enum OperatorStore {
    /// A map from bytes to bytes. If there is a cache, it is the map itself, and can also report its flushes. The indexes of the store
    /// check each value before it is put.
    case keyValue(any KeyValueBytesStore, cache: CachingKeyValueStore? = nil, indexes: [StoreIndexPlan] = [])
    case ordered(any OrderedBytesStore)
    case versioned(any VersionedBytesStore)
    case buffer(any TimeOrderedBuffer)
    /// A custom store, which is not a map.
    case custom(any StateStore)

    /// The store as a map from bytes to bytes; `nil` if it is not one.
    @usableFromInline package var bytes: (any KeyValueBytesStore)? {
        switch self {
        case .keyValue(let store, _, _): store
        case .ordered(let store): store
        case .versioned(let store): store
        case .buffer, .custom: nil
        }
    }

    /// The cache whose flushes an operator forwards; `nil` if changes do not wait, or if the store is not a key-value store.
    @usableFromInline package var cache: CachingKeyValueStore? {
        if case .keyValue(_, let cache, _) = self { cache } else { nil }
    }

    @usableFromInline package var versions: (any VersionedBytesStore)? {
        if case .versioned(let store) = self { store } else { nil }
    }

    @usableFromInline package var ordered: (any OrderedBytesStore)? {
        if case .ordered(let store) = self { store } else { nil }
    }

    package var buffer: (any TimeOrderedBuffer)? {
        if case .buffer(let store) = self { store } else { nil }
    }

    package var custom: (any StateStore)? {
        if case .custom(let store) = self { store } else { nil }
    }

    /// The store as a map from bytes to bytes.
    ///
    /// - Throws: `StreamsError` with code `.illegalState` for a store that is not one.
    @usableFromInline
    package func map(named name: String) throws -> any KeyValueBytesStore {
        if let bytes { return bytes }
        let reason =
            custom == nil ? "a buffer of suppressed results" : "a custom store; reach it by the builder that makes it"
        throw StreamsError(.illegalState, "the store \(name) cannot be used as a key-value store: it is \(reason)")
    }

    /// Returns a serde of the store's values that refuses those which an index of the store cannot take.
    @usableFromInline
    func checking<Value>(_ serde: Serde<Value>) -> Serde<Value> {
        guard case .keyValue(_, _, let indexes) = self else { return serde }
        return indexes.compactMap { $0.check as? ValueCheck<Value> }.reduce(serde) { serde, check in
            serde.checking(check.body)
        }
    }
}
