/// The vector of a key, as a source has it.
public struct Embedding: Sendable, Hashable {
    /// The components.
    public var vector: [Float]
    /// The version of the vector in its source: a higher one is newer. 0, the default, for a source without versions.
    public var version: Int64

    /// Makes an embedding.
    ///
    /// - Parameters:
    ///   - vector: The components.
    ///   - version: The version in the source; 0 by default.
    public init(_ vector: [Float], version: Int64 = 0) {
        self.vector = vector
        self.version = version
    }
}

/// The name of an embedding: a key within a namespace, such as that of a tenant.
public struct EmbeddingKey: Sendable, Hashable, CustomStringConvertible {
    /// The key within the namespace.
    public var key: String
    /// The namespace; the empty text by default.
    public var namespace: String

    /// Makes the name of an embedding.
    ///
    /// - Parameters:
    ///   - key: The key within the namespace.
    ///   - namespace: The namespace; the empty text by default.
    public init(_ key: String, in namespace: String = "") {
        self.key = key
        self.namespace = namespace
    }

    public var description: String { namespace.isEmpty ? key : "\(namespace)/\(key)" }
}
