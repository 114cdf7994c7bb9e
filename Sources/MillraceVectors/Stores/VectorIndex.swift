public import Millrace

/// An index of the vectors in a store's values. It finds the entries whose vectors are most similar to a given one.
///
/// ```swift
/// let similarCases = VectorIndex<String, Case>("similar-cases", of: \.embedding, dimensions: 384)
/// builder.table("cases", key: .string, value: .json(Case.self), into: .store("cases").indexed(by: similarCases))
/// ```
///
/// ```swift
/// let cases = try application.store(.vectors(similarCases))
/// let nearest = try cases.search(near: embedding, count: 10) { key, value in value.isOpen }
/// ```
///
/// One declaration serves the topology and its readers. The index is derived from the store, partition by partition, and follows its
/// commits: a search finds what is committed, each entry with its present vector only. Kafka Streams has no equivalent.
public struct VectorIndex<Key, Value>: Sendable {
    /// The name of the index.
    public let name: String
    /// The number of components of every vector.
    public let dimensions: Int
    /// The measure of how near two vectors are.
    public let metric: VectorMetric
    /// The form in which graphs keep the components.
    public let element: VectorElement
    /// The attributes by which searches are filtered without reading values.
    public let attributes: [VectorAttribute<Value>]
    private let vector: @Sendable (Value) throws -> [Float]

    /// Declares an index.
    ///
    /// A value whose vector cannot be indexed goes to the processing handler, and into neither store nor index: one with another number of
    /// components, one with an infinite component or one that is not a number, and under `cosine` one of zeros only.
    ///
    /// - Parameters:
    ///   - name: letters, digits, `.`, `_` and `-`; no other index of the topology may have it.
    ///   - vector: returns the vector of a value; throws if it has none.
    ///   - dimensions: the number of components, from 1 to 65,536.
    ///   - metric: the measure of nearness; the cosine by default.
    ///   - element: the form of the components in graphs; `.float32` by default. `.int8` takes a quarter of the memory and is corrected with
    ///     the full vectors, which stay on disk.
    ///   - attributes: the properties by which searches are filtered, at most 64; none by default. If they are changed, the index is made
    ///     anew.
    public init(
        _ name: String, of vector: @escaping @Sendable (Value) throws -> [Float], dimensions: Int,
        metric: VectorMetric = .cosine, element: VectorElement = .float32, attributes: [VectorAttribute<Value>] = []
    ) {
        self.name = name
        self.dimensions = dimensions
        self.metric = metric
        self.element = element
        self.attributes = attributes
        self.vector = vector
    }

    /// Declares an index of a property.
    ///
    /// - Parameters:
    ///   - name: letters, digits, `.`, `_` and `-`; no other index of the topology may have it.
    ///   - property: the vector of a value.
    ///   - dimensions: the number of components, from 1 to 65,536.
    ///   - metric: the measure of nearness; the cosine by default.
    ///   - element: the form of the components in graphs; `.float32` by default.
    ///   - attributes: the properties by which searches are filtered, at most 64; none by default. If they are changed, the index is made
    ///     anew.
    public init(
        _ name: String, of property: any KeyPath<Value, [Float]> & Sendable, dimensions: Int,
        metric: VectorMetric = .cosine, element: VectorElement = .float32, attributes: [VectorAttribute<Value>] = []
    ) {
        self.init(
            name, of: { $0[keyPath: property] }, dimensions: dimensions, metric: metric, element: element,
            attributes: attributes)
    }

    func format() throws(VectorProblem) -> IndexFormat {
        let schema = try AttributeSchema(attributes.map { .init(name: $0.name, kind: $0.kind) })
        return try IndexFormat(dimensions: dimensions, metric: metric, element: element, attributes: schema)
    }

    func vector(of value: Value) throws -> [Float] { try vector(value) }

    func attributes(of value: Value) throws -> AttributeRow { try attributes.map { try $0.stored(of: value) } }

    /// The same declaration for keys as bytes.
    private var withKeyBytes: VectorIndex<[UInt8], Value> {
        VectorIndex<[UInt8], Value>(
            name, of: vector, dimensions: dimensions, metric: metric, element: element, attributes: attributes)
    }

    private var kind: String {
        let vectors = "\(dimensions), \(metric.rawValue), \(element.rawValue)"
        let attributes = attributes.map { "\($0.name) \($0.kind)" }.joined(separator: ", ")
        return attributes.isEmpty ? "vectors (\(vectors))" : "vectors (\(vectors); \(attributes))"
    }

    /// The description of the index for a store.
    public var supplier: StoreIndexSupplier<Value> {
        StoreIndexSupplier(
            name, kind: kind, access: VectorIndexAccess(withKeyBytes),
            check: { value in
                _ = try format().exact.row(of: vector(value))
                _ = try attributes(of: value)
            },
            make: { context, value in try VectorStoreIndex(self, value, in: context) })
    }
}

extension Materialized {
    /// Adds an index of the values' vectors.
    ///
    /// ```swift
    /// builder.table("cases", key: .string, value: .json(Case.self), into: .store("cases").indexed(by: similarCases))
    /// ```
    ///
    /// - Parameter index: the declaration of the index.
    public func indexed(by index: VectorIndex<Key, Value>) -> Materialized { indexed(by: index.supplier) }
}

extension StoreBuilder {
    /// Adds an index of the values' vectors.
    ///
    /// ```swift
    /// let drafts = Stores.keyValue("drafts", key: .string, value: .json(Case.self)).indexed(by: similarCases)
    /// ```
    ///
    /// - Parameter index: the declaration of the index.
    public func indexed<Key, Value>(by index: VectorIndex<Key, Value>) -> StoreBuilder
    where Store == KeyValueStore<Key, Value> {
        indexed(by: index.supplier)
    }

    /// Adds an index of the values' vectors.
    ///
    /// ```swift
    /// let drafts = Stores.timestampedKeyValue("drafts", key: .string, value: .json(Case.self)).indexed(by: similarCases)
    /// ```
    ///
    /// - Parameter index: the declaration of the index.
    public func indexed<Key, Value>(by index: VectorIndex<Key, Value>) -> StoreBuilder
    where Store == TimestampedKeyValueStore<Key, Value> {
        indexed(by: index.supplier)
    }
}
