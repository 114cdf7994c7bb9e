import CVectorKernels

/// A vector in the form in which it is compared with rows of one format. It is immutable, so searches of several threads may share it.
// The memory is written by the initialiser only.
package final class PreparedQuery: @unchecked Sendable {
    /// The format of the rows that it can be compared with.
    package let format: RowFormat
    private let memory: UnsafeMutableRawPointer
    private let sizeInBytes: Int

    /// Checks and converts a vector.
    ///
    /// - Parameters:
    ///   - vector: The components; they are normalised and quantised as rows are.
    ///   - format: The format of the rows.
    /// - Throws: `wrongDimensions`, `notFinite`, `zeroVector` or `tooLarge`.
    package convenience init(_ vector: [Float], format: RowFormat) throws(VectorProblem) {
        self.init(unfilledFor: format)
        var problem: VectorProblem?
        vector.withUnsafeBufferPointer { vector in
            do throws(VectorProblem) { try encode(vector) } catch { problem = error }
        }
        if let problem { throw problem }
    }

    /// Makes room for a query; ``encode(_:)`` or ``pointer(toRow:)`` fills it.
    init(unfilledFor format: RowFormat) {
        self.format = format
        sizeInBytes = Self.queryFormat(of: format).strideInBytes
        memory = .allocate(byteCount: sizeInBytes, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: sizeInBytes)
    }

    deinit { memory.deallocate() }

    /// What a kernel gets.
    var pointer: UnsafeRawPointer { UnsafeRawPointer(memory) }

    /// The format of the query itself: halves are compared with floats, everything else with its like.
    private static func queryFormat(of format: RowFormat) -> RowFormat {
        format.element == .float16 ? format.with(element: .float32) : format
    }

    private func encode(_ vector: UnsafeBufferPointer<Float>) throws(VectorProblem) {
        try Self.queryFormat(of: format).encode(
            vector, into: UnsafeMutableRawBufferPointer(start: memory, count: sizeInBytes))
    }

    /// Returns what a kernel gets to compare a row with others: the row itself, or its vector in this query's memory, until the next
    /// call. Only for a query that no other thread has seen.
    @inline(__always)
    func pointer(toRow row: UnsafeRawPointer) -> UnsafeRawPointer {
        guard format.element == .float16 else { return row }
        let floats = memory.assumingMemoryBound(to: Float.self)
        format.kernels.functions.pointee.floats_of_halves(
            row.assumingMemoryBound(to: UInt16.self), floats, format.dimensions)
        return UnsafeRawPointer(floats)
    }
}
