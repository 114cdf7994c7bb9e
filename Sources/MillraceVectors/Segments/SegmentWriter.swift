/// What a segment is made of.
struct NewSegment {
    var format: IndexFormat
    var graph: NeighborGraph
    var fullRows: VectorRows?
    var keys: NewSegmentKeys
    /// The section of attributes.
    var attributes: [UInt8]

    /// Writes the segment.
    ///
    /// - Parameter makeFile: makes the file for a number of bytes.
    /// - Throws: the file's errors.
    @discardableResult
    func write<File: IndexFile>(to makeFile: (_ sizeInBytes: Int) throws -> File) throws -> File {
        let file = try makeFile(layout.totalSizeInBytes)
        try write(to: file)
        return file
    }

    /// Writes the segment to an empty file.
    ///
    /// - Throws: the file's errors.
    func write(to file: any IndexFile) throws {
        let table = keys.table()
        var header = layout
        try header.bytes.withUnsafeBytes { try file.append($0) }
        for section in SegmentHeader.Section.allCases {
            header[section].checksum = try write(section, table: table, to: file)
            let padding = [UInt8](repeating: 0, count: (64 - header[section].size % 64) % 64)
            try padding.withUnsafeBytes { try file.append($0) }
        }
        try header.bytes.withUnsafeBytes { try file.replaceBeginning(with: $0) }
    }

    private var layout: SegmentHeader {
        let sections = graph.sections
        return SegmentHeader(
            format: format, count: graph.count, links: sections.links, entry: sections.entry, seed: keys.seed,
            sizes: [
                .graphRows: graph.count * format.graph.strideInBytes,
                .fullRows: format.full.map { graph.count * $0.strideInBytes } ?? 0,
                .baseOffsets: sections.baseOffsets.count, .baseLinks: sections.baseLinks.count,
                .upperNodes: sections.upperNodes.count, .upperOffsets: sections.upperOffsets.count,
                .upperLinks: sections.upperLinks.count, .twins: sections.twins.count,
                .keyOffsets: keys.offsets.count * 8, .keyBytes: keys.bytes.count,
                .keyTable: SegmentKeys.tableCount(for: keys.count) * 4, .attributes: attributes.count,
            ])
    }

    /// Writes a section and returns its checksum.
    private func write(_ section: SegmentHeader.Section, table: [UInt32], to file: any IndexFile) throws -> UInt32 {
        switch section {
        case .graphRows: return try write(graph.rows, to: file)
        case .fullRows: return try fullRows.map { try write($0, to: file) } ?? 0
        case .baseOffsets: return try write(graph.sections.baseOffsets, to: file)
        case .baseLinks: return try write(graph.sections.baseLinks, to: file)
        case .upperNodes: return try write(graph.sections.upperNodes, to: file)
        case .upperOffsets: return try write(graph.sections.upperOffsets, to: file)
        case .upperLinks: return try write(graph.sections.upperLinks, to: file)
        case .twins: return try write(graph.sections.twins, to: file)
        case .keyOffsets: return try keys.offsets.withUnsafeBytes { try write($0, to: file) }
        case .keyBytes: return try keys.bytes.withUnsafeBytes { try write($0, to: file) }
        case .keyTable: return try table.withUnsafeBytes { try write($0, to: file) }
        case .attributes: return try attributes.withUnsafeBytes { try write($0, to: file) }
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, to file: any IndexFile) throws -> UInt32 {
        try file.append(bytes)
        return Checksum.crc32c(of: bytes)
    }

    private func write(_ rows: VectorRows, to file: any IndexFile) throws -> UInt32 {
        var checksum: UInt32 = 0
        var buffer: [UInt8] = []
        for row in 0..<rows.count {
            try rows.withRow(row) { buffer.append(contentsOf: $0) }
            if buffer.count >= 1 << 20 || row == rows.count - 1 {
                try buffer.withUnsafeBytes { bytes in
                    try file.append(bytes)
                    checksum = Checksum.crc32c(of: bytes, continuing: checksum)
                }
                buffer.removeAll(keepingCapacity: true)
            }
        }
        return checksum
    }
}
