extension IndexCore {
    /// Empties the index and fills it from entries with attributes.
    ///
    /// - Parameter entries: calls its argument with the key, the vector and the attributes of each entry, in the order of the format's
    ///   schema, until that returns `false`.
    package func rebuildAttributed(
        from entries:
            @escaping @Sendable (
                _ body: (_ key: UnsafeRawBufferPointer, _ vector: [Float], _ attributes: [AttributeValue?]) throws ->
                    Bool
            ) throws -> Void
    ) throws {
        try rebuildAll { body in
            try entries { key, vector, attributes in
                try body(key, vector, attributes.map { $0.flatMap(StoredAttribute.init) })
            }
        }
    }
}
