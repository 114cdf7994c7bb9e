import Foundation
import TestSupport
import Testing

@testable import MillraceVectors

/// The table of sizes in docs/vectors.md, beside segments of each format.
@Suite("The size of a vector")
struct SegmentSizeTests {
    private static let dimensions = [128, 384, 1_536]
    /// What the table counts for links, of 100,000 vectors that have 18.6 links each on the average.
    private static let linkSize = 48
    /// What the table counts for keys of 8 bytes.
    private static let keySize = 26

    /// The table's sizes in graphs and in files, by element and number of dimensions.
    private static func table() throws -> [String: [(graph: Int, file: Int)]] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/vectors.md"), encoding: .utf8)
        let section = try #require(page.split(separator: "### The size of a vector").last)
        var rows: [String: [(graph: Int, file: Int)]] = [:]
        for match in String(section).matches(of: /\n\| `\.(\w+)` \|([^\n]+)\|/) {
            let cells = match.2.split(separator: "|").map { cell in
                cell.split(separator: "/").compactMap { Int($0.filter(\.isNumber)) }
            }
            rows[String(match.1)] = cells.compactMap { $0.count == 2 ? ($0[0], $0[1]) : nil }
        }
        return rows
    }

    @Test("is in segments as the table says", arguments: VectorElement.allCases)
    func sizes(element: VectorElement) throws {
        let sizes = try #require(Self.table()[element.rawValue])
        #expect(sizes.count == Self.dimensions.count)
        for (dimensions, size) in zip(Self.dimensions, sizes) {
            let segment = try segment(of: 150, dimensions: dimensions, element: element)
            let graphRow = segment.graph.rows.format.strideInBytes
            let fullRow = segment.rescored?.fullRows.format.strideInBytes ?? 0
            #expect(size.graph == graphRow + Self.linkSize)
            #expect(size.file == graphRow + Self.linkSize + fullRow + Self.keySize)
            let keys = (segment.count + 1) * 8 + segment.count * 8 + SegmentKeys.tableCount(for: segment.count) * 4
            let parts = segment.count * (graphRow + fullRow) + segment.graph.linkSizeInBytes + keys
            let padding = segment.sizeInBytes - SegmentHeader.sizeInBytes - parts
            #expect((0..<64 * SegmentHeader.Section.allCases.count).contains(padding))
        }
    }

    @Test("has links and keys as the table says")
    func linksAndKeys() throws {
        let segment = try segment(of: 2_000, dimensions: 4, element: .float32)
        let sections = segment.graph.sections
        let offsets = sections.baseOffsets.bindMemory(to: UInt32.self)
        let linkCount = try #require(offsets.last.map(Int.init))
        func size(count: Int, linkCount: Int) -> Int {
            let width = PackedLayer.width(nodeCount: count)
            return (count + 1) * 4 + PackedLayer.wordCount(linkCount: linkCount, width: width) * 4
        }
        #expect(sections.baseOffsets.count + sections.baseLinks.count == size(count: 2_000, linkCount: linkCount))
        // One of 16 nodes is on an upper layer too, and has a list of 16 links on each.
        let upper = 100_000 / 16 * 8 + 100_000 / 15 * 64
        #expect((size(count: 100_000, linkCount: 1_860_000) + upper) / 100_000 == Self.linkSize)
        #expect((100_001 * 8 + 100_000 * 8 + SegmentKeys.tableCount(for: 100_000) * 4) / 100_000 == Self.keySize)
    }

    /// Returns a segment of vectors with keys of 8 bytes.
    private func segment(of count: Int, dimensions: Int, element: VectorElement) throws -> Segment {
        let index = try IndexCore(IndexFormat(dimensions: dimensions, metric: .cosine, element: element))
        try index.rebuild { body in
            var numbers = SeededNumbers(seed: 71)
            for row in 0..<count {
                let key = withUnsafeBytes(of: UInt64(row).bigEndian) { Array($0) }
                let vector = (0..<dimensions).map { _ in Float.random(in: -1...1, using: &numbers) }
                if try !key.withUnsafeBytes({ try body($0, vector) }) { return }
            }
        }
        let segments = try index.commit(at: "1").segments
        #expect(segments.count == 1)
        return try #require(segments.first)
    }
}
