extension NodeInstance {
    /// Returns the ordered store with a given name to which this node is connected.
    ///
    /// - Throws: `StreamsError` with code `.invalidTopology` for a store that it is not connected to, as in Kafka, or that
    ///   is not ordered.
    @usableFromInline
    func orderedStore(named storeName: String) throws -> any OrderedBytesStore {
        guard let store = try connectedStore(named: storeName).ordered else {
            throw StreamsError(.invalidTopology, "the store \(storeName) is not ordered", node: name)
        }
        return store
    }

    /// Returns the name of this node's own store.
    @usableFromInline
    func requiredStoreName() throws -> String {
        guard let writtenStoreName else {
            throw StreamsError(.invalidTopology, "the operator writes no store", node: name)
        }
        return writtenStoreName
    }
}
