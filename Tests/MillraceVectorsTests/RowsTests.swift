import MillraceVectors
import Testing

@Suite("Rows in memory")
struct RowsTests {
    /// Memory that begins at a multiple of 64 bytes.
    private final class Section {
        let bytes: UnsafeMutableRawBufferPointer
        init(sizeInBytes: Int) {
            bytes = .allocate(byteCount: sizeInBytes, alignment: 64)
            bytes.initializeMemory(as: UInt8.self, repeating: 0)
        }
        deinit { bytes.deallocate() }
    }

    @Test("rows stay as they were while more are added, over many chunks")
    func growing() throws {
        let format = try RowFormat(dimensions: 1_000, metric: .euclidean)
        let growing = GrowingRows(format: format, expectedCount: 1)
        var views: [VectorRows] = []
        for number in 0..<600 {
            #expect(try growing.append([Float](repeating: Float(number), count: 1_000)) == number)
            views.append(growing.rows)
        }
        for (index, view) in views.enumerated() {
            #expect(view.count == index + 1)
            #expect(try view.vector(index).allSatisfy { $0 == Float(index) })
            #expect(try view.vector(0).allSatisfy { $0 == 0 })
        }
        #expect(growing.allocatedSizeInBytes >= 600 * format.strideInBytes)
    }

    @Test("a view outlives the rows that it was taken of")
    func outlives() throws {
        let format = try RowFormat(dimensions: 2, metric: .euclidean)
        let view = try {
            let growing = GrowingRows(format: format)
            try growing.append([3, 4])
            return growing.rows
        }()
        #expect(try view.vector(0) == [3, 4])
    }

    @Test("a row that is not there is refused", arguments: [-1, 1, Int.max, .min])
    func missing(index: Int) throws {
        let growing = GrowingRows(format: try RowFormat(dimensions: 2, metric: .euclidean))
        try growing.append([1, 2])
        #expect(throws: VectorProblem.self) { try growing.rows.vector(index) }
        #expect(throws: VectorProblem.self) { try growing.rows.withRow(index) { $0.count } }
    }

    @Test("a row can be copied from rows of the same format", arguments: VectorElement.allCases)
    func copies(element: VectorElement) throws {
        let format = try RowFormat(dimensions: 3, metric: .dotProduct, element: element)
        let (one, other) = (GrowingRows(format: format), GrowingRows(format: format))
        try one.append([1, -2, 3])
        let size = format.sizeInBytes
        _ = try one.rows.withRow(0) { row in Result { try other.append(row: row) } }.get()
        #expect(try other.rows.vector(0) == one.rows.vector(0))
        #expect(throws: VectorProblem.self) {
            try [UInt8](repeating: 0, count: size - 1).withUnsafeBytes { try other.append(row: $0) }
        }
        #expect(other.count == 1)
    }

    @Test("borrowed rows are read where they lie", arguments: VectorElement.allCases)
    func borrowed(element: VectorElement) throws {
        let format = try RowFormat(dimensions: 5, metric: .euclidean, element: element)
        let section = Section(sizeInBytes: 10 * format.strideInBytes)
        let growing = GrowingRows(format: format)
        for number in 0..<10 {
            let vector = (0..<5).map { Float(number * $0 - 7) }
            try growing.append(vector)
            let row = UnsafeMutableRawBufferPointer(rebasing: section.bytes[(number * format.strideInBytes)...])
            try vector.withUnsafeBufferPointer { try format.encode($0, into: row) }
        }
        let rows = try VectorRows(
            borrowing: UnsafeRawBufferPointer(section.bytes), count: 10, format: format, owner: section)
        let query = try PreparedQuery([1, 2, 3, 4, 5], format: format)
        #expect(
            try ExactScan.nearest(query, rows: rows, count: 4)
                == ExactScan.nearest(query, rows: growing.rows, count: 4))
    }

    @Test("a section that is too short, or begins between cache lines, is refused")
    func refused() throws {
        let format = try RowFormat(dimensions: 16, metric: .cosine)
        let section = Section(sizeInBytes: 640)
        let bytes = UnsafeRawBufferPointer(section.bytes)
        let cases: [(UnsafeRawBufferPointer, Int)] = [
            (bytes, 11), (bytes, -1), (bytes, .max), (bytes, Int(Int32.max)),
            (UnsafeRawBufferPointer(rebasing: bytes[8...]), 1),
            (UnsafeRawBufferPointer(start: nil, count: 0), 1),
        ]
        for (bytes, count) in cases {
            #expect(throws: VectorProblem.self) {
                try VectorRows(borrowing: bytes, count: count, format: format, owner: section)
            }
        }
        #expect(try VectorRows(borrowing: bytes, count: 10, format: format, owner: section).count == 10)
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        #expect(try VectorRows(borrowing: none, count: 0, format: format, owner: section).count == 0)
    }

    @Test("rows that hold anything at all can be scanned", arguments: VectorElement.allCases)
    func anything(element: VectorElement) throws {
        let format = try RowFormat(dimensions: 9, metric: .dotProduct, element: element)
        let section = Section(sizeInBytes: 64 * format.strideInBytes)
        for index in section.bytes.indices {
            section.bytes[index] = index % 3 == 0 ? 0xff : UInt8(truncatingIfNeeded: index)
        }
        let rows = try VectorRows(
            borrowing: UnsafeRawBufferPointer(section.bytes), count: 64, format: format, owner: section)
        let query = try PreparedQuery([Float](repeating: 1, count: 9), format: format)
        let found = try ExactScan.nearest(query, rows: rows, count: 64)
        #expect(Set(found.map(\.row)).count == 64)
        #expect(found.allSatisfy { !$0.distance.isNaN })
        _ = try GraphBuilder.graph(of: rows).search(query, count: 5)
    }
}
