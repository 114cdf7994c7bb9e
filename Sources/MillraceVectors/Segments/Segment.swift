/// A part of an index that does not change any more: rows with their keys and a graph over them, in a mapped file or in memory.
///
/// The rows are those that were alive when the segment was made. Which of them have died since is kept apart (``DeathTimes``).
final class Segment: Sendable {
    /// The file's name; empty for a segment in memory.
    let name: String
    let graph: NeighborGraph
    /// The search in two phases, for a format whose graphs only preselect.
    let rescored: RescoredGraph?
    let deaths: DeathTimes
    let attributes: SegmentAttributes
    private let region: FileRegion
    // The keys lie in the region.
    nonisolated(unsafe) private let keys: SegmentKeys

    /// Opens a segment and checks everything in it.
    ///
    /// - Throws: `FileProblem` of kind `.damaged` if anything is not as it was written; `VectorProblem` with code `.outOfMemory`.
    init(_ region: FileRegion, named name: String, format: IndexFormat) throws {
        let header = try SegmentHeader(reading: region.bytes, format: format, path: name)
        for section in SegmentHeader.Section.allCases {
            guard Checksum.crc32c(of: header.sections(of: region.bytes)[section]) == header[section].checksum else {
                throw FileProblem.damaged(name, "the checksum of the section \(section) is wrong")
            }
        }
        let sections = header.sections(of: region.bytes)
        guard
            let keys = SegmentKeys(
                count: header.count, seed: header.seed, offsets: sections[.keyOffsets], bytes: sections[.keyBytes],
                table: sections[.keyTable])
        else { throw FileProblem.damaged(name, "the sections of keys have wrong sizes") }
        guard
            let attributes = SegmentAttributes(
                sections[.attributes], rowCount: header.count, schema: format.attributes)
        else { throw FileProblem.damaged(name, "the attributes are damaged, or others than the index's") }
        do {
            (graph, rescored) = try Self.graph(in: sections, header, format: format, owner: region)
        } catch {
            throw error.code == .damaged ? FileProblem.damaged(name, error.message) : error
        }
        self.name = name
        self.region = region
        self.keys = keys
        self.attributes = attributes
        deaths = DeathTimes(capacity: header.count)
    }

    private static func graph(
        in sections: SegmentHeader.Sections, _ header: SegmentHeader, format: IndexFormat, owner: FileRegion
    ) throws(VectorProblem) -> (NeighborGraph, RescoredGraph?) {
        let graph = try NeighborGraph(
            rows: VectorRows(
                borrowing: sections[.graphRows], count: header.count, format: format.graph, owner: owner),
            sections: GraphSections(
                nodeCount: header.count, links: header.links, entry: header.entry, baseOffsets: sections[.baseOffsets],
                baseLinks: sections[.baseLinks], upperNodes: sections[.upperNodes],
                upperOffsets: sections[.upperOffsets], upperLinks: sections[.upperLinks], twins: sections[.twins]),
            owner: owner)
        guard let full = format.full else { return (graph, nil) }
        let rows = try VectorRows(borrowing: sections[.fullRows], count: header.count, format: full, owner: owner)
        return (graph, try RescoredGraph(graph: graph, fullRows: rows))
    }

    var count: Int { graph.count }
    var sizeInBytes: Int { region.bytes.count }

    /// The rows whose distances count.
    var exactRows: VectorRows { rescored?.fullRows ?? graph.rows }

    /// Returns the row of a key, dead or alive; `nil` if there is none.
    func row(of key: UnsafeRawBufferPointer) -> Int? { keys.row(of: key) }

    /// Calls a closure with the key of a row.
    func withKey<Result>(_ row: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(region) { try body(keys.key(row)) }
    }
}
