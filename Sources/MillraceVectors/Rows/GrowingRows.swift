import CVectorKernels

/// Rows in memory of one's own, to which more can be added.
///
/// They lie in chunks of about 2 MiB that never move. So what ``rows`` returned stays valid while more are added, also on other
/// threads. One thread at a time adds; handing ``rows`` to other threads is the caller's matter.
package final class GrowingRows {
    package let format: RowFormat
    /// The number of rows.
    package private(set) var count = 0

    private let memory: RowMemory
    private let rowsPerChunk: Int

    private static let chunkSizeInBytes = 2 << 20

    /// Makes a store without rows.
    ///
    /// - Parameters:
    ///   - format: The format of the rows.
    ///   - expectedCount: How many rows there will be at most, if that is known: few rows get smaller chunks, many get larger ones.
    package init(format: RowFormat, expectedCount: Int? = nil) {
        self.format = format
        let expectedSize = (expectedCount ?? .max).multipliedReportingOverflow(by: format.strideInBytes)
        var size = Self.chunkSizeInBytes
        if !expectedSize.overflow {
            while size > 64 << 10, size / 2 >= expectedSize.partialValue { size /= 2 }
            while size < 64 << 20, size < expectedSize.partialValue / 16 { size *= 2 }
        }
        // The largest power of two whose rows fit.
        var shift = 0
        while shift < 30, format.strideInBytes << (shift + 1) <= size { shift += 1 }
        rowsPerChunk = 1 << shift
        memory = RowMemory(format: format, shift: shift)
    }

    /// Adds the row of a vector.
    ///
    /// - Parameter vector: The components.
    /// - Returns: The number of the row.
    /// - Throws: `wrongDimensions`, `notFinite`, `zeroVector`, `tooLarge`, `invalidRow` if there are too many rows, or
    ///   `outOfMemory`; the rows are then as before.
    @discardableResult
    package func append(_ vector: [Float]) throws(VectorProblem) -> Int {
        let place = try nextRow()
        var problem: VectorProblem?
        vector.withUnsafeBufferPointer { vector in
            do throws(VectorProblem) { try format.encode(vector, into: place) } catch { problem = error }
        }
        if let problem { throw problem }
        count += 1
        return count - 1
    }

    /// Adds a row that is encoded already, such as one of other rows of the same format.
    ///
    /// - Parameter row: At least ``RowFormat/sizeInBytes`` bytes.
    /// - Returns: The number of the row.
    /// - Throws: `invalidFormat` if the row is too short, `invalidRow` if there are too many rows, or `outOfMemory`.
    @discardableResult
    package func append(row: UnsafeRawBufferPointer) throws(VectorProblem) -> Int {
        guard row.count >= format.sizeInBytes else {
            throw VectorProblem(.invalidFormat, "a row has \(format.sizeInBytes) bytes, not \(row.count)")
        }
        try nextRow().copyMemory(from: UnsafeRawBufferPointer(rebasing: row[..<format.sizeInBytes]))
        count += 1
        return count - 1
    }

    /// The rows so far.
    package var rows: VectorRows {
        VectorRows(format: format, count: count, table: memory.table, owner: memory)
    }

    /// The memory of the rows, in bytes.
    package var allocatedSizeInBytes: Int { memory.chunkCount * rowsPerChunk * format.strideInBytes }

    /// The place of the next row, whose chunk is allocated if it is the first.
    private func nextRow() throws(VectorProblem) -> UnsafeMutableRawBufferPointer {
        guard count < VectorRows.largestCount else {
            throw VectorProblem(.invalidRow, "there cannot be more than \(VectorRows.largestCount) rows")
        }
        let (chunk, index) = (count / rowsPerChunk, count % rowsPerChunk)
        if chunk == memory.chunkCount { try memory.addChunk(sizeInBytes: rowsPerChunk * format.strideInBytes) }
        return UnsafeMutableRawBufferPointer(
            start: memory.chunk(chunk) + index * format.strideInBytes, count: format.strideInBytes)
    }
}

/// The chunks of rows. Views retain it, and read whichever table was the current one when they were made.
// Only one thread adds chunks. Others read entries of tables that were written before they got them.
private final class RowMemory: @unchecked Sendable {
    private(set) var table: UnsafePointer<millrace_rows>
    private(set) var chunkCount = 0
    private var capacity = 0
    private var chunks: UnsafeMutablePointer<UnsafePointer<UInt8>>
    private let format: RowFormat
    private let shift: Int
    /// All tables that there have been, and all chunks, for the end.
    private var tables: [(UnsafeMutablePointer<millrace_rows>, UnsafeMutablePointer<UnsafePointer<UInt8>>)] = []
    private var allocations: [UnsafeMutableRawPointer] = []

    init(format: RowFormat, shift: Int) {
        self.format = format
        self.shift = shift
        capacity = 16
        chunks = .allocate(capacity: capacity)
        let table = Self.makeTable(of: chunks, format: format, shift: shift)
        tables = [(table, chunks)]
        self.table = UnsafePointer(table)
    }

    deinit {
        for (table, chunks) in tables {
            table.deallocate()
            chunks.deallocate()
        }
        for allocation in allocations { millrace_free(allocation) }
    }

    private static func makeTable(
        of chunks: UnsafeMutablePointer<UnsafePointer<UInt8>>, format: RowFormat, shift: Int
    ) -> UnsafeMutablePointer<millrace_rows> {
        let table = UnsafeMutablePointer<millrace_rows>.allocate(capacity: 1)
        table.initialize(
            to: millrace_rows(
                chunks: chunks, stride: UInt64(format.strideInBytes), dimensions: UInt32(format.dimensions),
                shift: UInt32(shift)))
        return table
    }

    func chunk(_ index: Int) -> UnsafeMutableRawPointer { allocations[index] }

    func addChunk(sizeInBytes: Int) throws(VectorProblem) {
        guard let allocation = millrace_allocate(sizeInBytes) else {
            throw VectorProblem(.outOfMemory, "there is no memory for \(sizeInBytes) bytes of rows")
        }
        if chunkCount == capacity {
            // Tables double, so those before take as much memory as the last one.
            let larger = UnsafeMutablePointer<UnsafePointer<UInt8>>.allocate(capacity: capacity * 2)
            larger.initialize(from: chunks, count: chunkCount)
            (chunks, capacity) = (larger, capacity * 2)
            let table = Self.makeTable(of: chunks, format: format, shift: shift)
            tables.append((table, chunks))
            self.table = UnsafePointer(table)
        }
        allocations.append(allocation)
        (chunks + chunkCount).initialize(to: UnsafePointer(allocation.assumingMemoryBound(to: UInt8.self)))
        chunkCount += 1
    }
}
