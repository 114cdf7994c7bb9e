/// What a segment is made of.
struct NewSegment {
    var format: IndexFormat
    var graph: NeighborGraph
    var fullRows: VectorRows?
    var keys: NewSegmentKeys

    /// Writes the segment.
    ///
    /// - Parameter makeSink: makes the place for a number of bytes.
    /// - Throws: the sink's errors.
    func write<Sink: ByteSink>(to makeSink: (_ sizeInBytes: Int) throws -> Sink) throws -> Sink {
        let table = keys.table()
        var header = layout(tableSize: table.count * 4)
        let sink = try makeSink(header.totalSizeInBytes)
        try header.bytes.withUnsafeBytes { try sink.append($0) }
        for section in SegmentHeader.Section.allCases {
            header[section].checksum = try write(section, table: table, to: sink)
            let padding = [UInt8](repeating: 0, count: (64 - header[section].size % 64) % 64)
            try padding.withUnsafeBytes { try sink.append($0) }
        }
        try header.bytes.withUnsafeBytes { try sink.replaceBeginning(with: $0) }
        return sink
    }

    private func layout(tableSize: Int) -> SegmentHeader {
        let sections = graph.sections
        return SegmentHeader(
            format: format, count: graph.count, links: sections.links, entry: sections.entry, seed: keys.seed,
            sizes: [
                .graphRows: graph.count * format.graph.strideInBytes,
                .fullRows: format.full.map { graph.count * $0.strideInBytes } ?? 0,
                .baseLinks: sections.baseLinks.count, .upperNodes: sections.upperNodes.count,
                .upperOffsets: sections.upperOffsets.count, .upperLinks: sections.upperLinks.count,
                .twins: sections.twins.count, .keyOffsets: keys.offsets.count * 8, .keyBytes: keys.bytes.count,
                .keyTable: tableSize,
            ])
    }

    /// Writes a section and returns its checksum.
    private func write(_ section: SegmentHeader.Section, table: [UInt32], to sink: some ByteSink) throws -> UInt32 {
        switch section {
        case .graphRows: return try write(graph.rows, to: sink)
        case .fullRows: return try fullRows.map { try write($0, to: sink) } ?? 0
        case .baseLinks: return try write(graph.sections.baseLinks, to: sink)
        case .upperNodes: return try write(graph.sections.upperNodes, to: sink)
        case .upperOffsets: return try write(graph.sections.upperOffsets, to: sink)
        case .upperLinks: return try write(graph.sections.upperLinks, to: sink)
        case .twins: return try write(graph.sections.twins, to: sink)
        case .keyOffsets: return try keys.offsets.withUnsafeBytes { try write($0, to: sink) }
        case .keyBytes: return try keys.bytes.withUnsafeBytes { try write($0, to: sink) }
        case .keyTable: return try table.withUnsafeBytes { try write($0, to: sink) }
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, to sink: some ByteSink) throws -> UInt32 {
        try sink.append(bytes)
        return Checksum.crc32c(of: bytes)
    }

    private func write(_ rows: VectorRows, to sink: some ByteSink) throws -> UInt32 {
        var checksum: UInt32 = 0
        var buffer: [UInt8] = []
        for row in 0..<rows.count {
            try rows.withRow(row) { buffer.append(contentsOf: $0) }
            if buffer.count >= 1 << 20 || row == rows.count - 1 {
                try buffer.withUnsafeBytes { bytes in
                    try sink.append(bytes)
                    checksum = Checksum.crc32c(of: bytes, continuing: checksum)
                }
                buffer.removeAll(keepingCapacity: true)
            }
        }
        return checksum
    }
}
