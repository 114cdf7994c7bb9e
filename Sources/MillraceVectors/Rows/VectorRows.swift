import CVectorKernels

/// Rows that can be read: those of a ``GrowingRows`` up to some moment, or rows that lie in foreign memory such as a mapped file.
///
/// The rows never change, so any number of threads may read them. The value keeps the owner of the memory alive.
// Everything that the pointers lead to is written before the value is made, and never changed while `owner` lives.
package struct VectorRows: @unchecked Sendable {
    package let format: RowFormat
    /// The number of rows; they are numbered from 0.
    package let count: Int

    let table: UnsafePointer<millrace_rows>
    let owner: AnyObject

    /// The most rows that there can be. Half of what a UInt32 counts: searches need one bit, links one value that means none.
    package static let largestCount = Int(Int32.max) - 1

    init(format: RowFormat, count: Int, table: UnsafePointer<millrace_rows>, owner: AnyObject) {
        self.format = format
        self.count = count
        self.table = table
        self.owner = owner
    }

    /// Borrows rows that lie one after the other, each ``RowFormat/strideInBytes`` from the one before.
    ///
    /// What the rows hold is not checked: whatever it is, only distances come out wrong.
    ///
    /// - Parameters:
    ///   - section: The rows, at a multiple of 64 bytes. The bytes must not change while the value or a copy of it exists.
    ///   - count: How many rows there are.
    ///   - format: The format of the rows.
    ///   - owner: Whoever keeps the memory; the rows retain it.
    /// - Throws: `damaged` if the section is too short or begins elsewhere; `invalidRow` if there are too many.
    package init(
        borrowing section: UnsafeRawBufferPointer, count: Int, format: RowFormat, owner: AnyObject
    ) throws(VectorProblem) {
        guard (0...Self.largestCount).contains(count) else {
            throw VectorProblem(.invalidRow, "\(count) rows are too many, or less than none")
        }
        let (size, overflow) = count.multipliedReportingOverflow(by: format.strideInBytes)
        guard !overflow, section.count >= size else {
            throw VectorProblem(
                .damaged, "\(count) rows of \(format.strideInBytes) bytes do not fit into \(section.count) bytes")
        }
        guard Int(bitPattern: section.baseAddress) % 64 == 0 else {
            throw VectorProblem(.damaged, "the rows do not begin at a multiple of 64 bytes")
        }
        let borrowed = BorrowedRows(section: section, format: format, owner: owner)
        self.init(format: format, count: count, table: UnsafePointer(borrowed.table), owner: borrowed)
    }

    /// The first of the rows.
    func prefix(_ count: Int) -> VectorRows {
        VectorRows(format: format, count: min(count, self.count), table: table, owner: owner)
    }

    /// The first byte of a row that must be there.
    @inline(__always)
    func unsafeRow(_ index: Int) -> UnsafeRawPointer {
        let table = table.pointee
        let chunk = table.chunks[index >> Int(table.shift)]
        let offset = (index & (1 << Int(table.shift) - 1)) * Int(table.stride)
        return UnsafeRawPointer(chunk) + offset
    }

    /// Calls a closure with the bytes of a row.
    ///
    /// - Parameters:
    ///   - index: The number of the row.
    ///   - body: Gets the row, which is valid during the call only.
    /// - Returns: What the closure returns.
    /// - Throws: `invalidRow` if there is no such row.
    package func withRow<Result>(
        _ index: Int, _ body: (UnsafeRawBufferPointer) -> Result
    ) throws(VectorProblem) -> Result {
        guard (0..<count).contains(index) else {
            throw VectorProblem(.invalidRow, "there is no row \(index) among \(count)")
        }
        return withExtendedLifetime(owner) {
            body(UnsafeRawBufferPointer(start: unsafeRow(index), count: format.strideInBytes))
        }
    }

    /// Returns the vector of a row.
    ///
    /// - Parameter index: The number of the row.
    /// - Throws: `invalidRow` if there is no such row.
    package func vector(_ index: Int) throws(VectorProblem) -> [Float] {
        let vector = try withRow(index) { row in try? format.vector(of: row) }
        guard let vector else { throw VectorProblem(.invalidRow, "row \(index) is too short") }
        return vector
    }
}

/// The table for rows in foreign memory: one chunk.
// Written by the initialiser only.
private final class BorrowedRows: @unchecked Sendable {
    let table: UnsafeMutablePointer<millrace_rows>
    private let chunks: UnsafeMutablePointer<UnsafePointer<UInt8>>
    private let owner: AnyObject

    init(section: UnsafeRawBufferPointer, format: RowFormat, owner: AnyObject) {
        self.owner = owner
        chunks = .allocate(capacity: 1)
        // A section without memory has no rows, and what stands for its chunk is never read.
        let base = section.baseAddress ?? UnsafeRawPointer(chunks)
        chunks.initialize(to: base.assumingMemoryBound(to: UInt8.self))
        table = .allocate(capacity: 1)
        table.initialize(
            to: millrace_rows(
                chunks: chunks, stride: UInt64(format.strideInBytes), dimensions: UInt32(format.dimensions), shift: 32))
    }

    deinit {
        table.deallocate()
        chunks.deallocate()
    }
}
