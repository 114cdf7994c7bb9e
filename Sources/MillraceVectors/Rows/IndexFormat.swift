/// The forms in which an index keeps its vectors: one in which its graphs compare them, and, if that one only preselects, a fuller
/// one for the final order.
package struct IndexFormat: Sendable {
    /// The rows of graphs.
    package let graph: RowFormat
    /// The full rows of an index whose graphs only preselect; `nil` if the graphs' rows decide.
    package let full: RowFormat?
    /// The attributes beside the vectors.
    package let attributes: AttributeSchema

    /// - Parameters:
    ///   - dimensions: the number of components, within `RowFormat.possibleDimensions`.
    ///   - metric: the measure of nearness.
    ///   - element: the form of the components in graphs.
    ///   - attributes: the attributes beside the vectors; none by default.
    /// - Throws: `VectorProblem` with code `.invalidFormat`.
    package init(
        dimensions: Int, metric: VectorMetric, element: VectorElement, attributes: AttributeSchema = .none
    ) throws(VectorProblem) {
        self.attributes = attributes
        graph = try RowFormat(dimensions: dimensions, metric: metric, element: element)
        full = element == .int8 || element == .binary ? graph.with(element: .float32) : nil
    }

    /// The format in bytes, to be compared with that of files.
    var bytes: [UInt8] {
        var encoder = ByteEncoder()
        encoder.append(UInt32(graph.dimensions))
        encoder.append(graph.metric.rawValue.utf8)
        encoder.append(graph.element.rawValue.utf8)
        encoder.append(attributes.bytes)
        return encoder.bytes
    }

    /// Checks an entry and converts it.
    ///
    /// - Throws: `VectorProblem` if it cannot be indexed.
    func entry(of vector: [Float], _ attributes: AttributeRow) throws(VectorProblem) -> IndexEntry {
        try self.attributes.check(attributes)
        return IndexEntry(row: try exact.row(of: vector), attributes: attributes)
    }

    /// The rows whose distances count.
    package var exact: RowFormat { full ?? graph }
}
