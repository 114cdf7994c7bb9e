public import MillraceVectors
import NIOCore

/// The form in which Redis has embeddings: a hash for each, with the vector as FLOAT32 in little-endian order, as indexes of RediSearch
/// and valkey-search read it.
public struct RedisVectorLayout: Sendable, Hashable {
    /// The beginning of the hashes' keys; "embedding:" by default.
    public var prefix = "embedding:"
    /// The field of the vector; "embedding" by default.
    public var vectorField = "embedding"
    /// The field of the version, a whole number; "version" by default.
    public var versionField = "version"
    /// Whether namespaces are part of the hashes' keys: the prefix, the namespace with `%` and `:` as `%25` and `%3A`, a colon, the key.
    /// `false` by default: the prefix and the key, and no namespace but the empty one.
    public var hasNamespaces = false

    /// Makes a layout.
    ///
    /// - Parameter prefix: the beginning of the hashes' keys; "embedding:" by default.
    public init(prefix: String = "embedding:") { self.prefix = prefix }

    /// Returns the key of the hash of an embedding.
    ///
    /// - Parameter key: the embedding's name.
    /// - Returns: the key; `nil` for a namespace that the layout has no room for.
    public func hashKey(of key: EmbeddingKey) -> String? {
        guard hasNamespaces else { return key.namespace.isEmpty ? prefix + key.key : nil }
        var namespace = ""
        for character in key.namespace.unicodeScalars {
            switch character {
            case "%": namespace += "%25"
            case ":": namespace += "%3A"
            default: namespace.unicodeScalars.append(character)
            }
        }
        return "\(prefix)\(namespace):\(key.key)"
    }

    /// The bytes of a vector.
    static func bytes(of vector: [Float]) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(vector.count * 4)
        for component in vector { buffer.writeInteger(component.bitPattern, endianness: .little) }
        return buffer
    }

    /// The vector of bytes; `nil` if they are none.
    static func vector(of bytes: ByteBuffer) -> [Float]? {
        guard bytes.readableBytes > 0, bytes.readableBytes.isMultiple(of: 4) else { return nil }
        var bytes = bytes
        var vector: [Float] = []
        vector.reserveCapacity(bytes.readableBytes / 4)
        while let pattern = bytes.readInteger(endianness: .little, as: UInt32.self) {
            vector.append(Float(bitPattern: pattern))
        }
        return vector
    }
}
