/// The beginning of a segment: what is in it, and where.
///
/// Little-endian: magic, version, dimensions, metric, element, number of rows, links, entry, seed of the keys' hash; for each section
/// offset, size and CRC-32C; at last the CRC-32C of all that. The sections follow, each at a multiple of 64 bytes.
struct SegmentHeader {
    enum Section: Int, CaseIterable {
        case graphRows, fullRows, baseOffsets, baseLinks, upperNodes, upperOffsets, upperLinks, twins, keyOffsets,
            keyBytes, keyTable, attributes
    }

    struct Span {
        var offset = 0
        var size = 0
        var checksum: UInt32 = 0
    }

    var format: IndexFormat
    var count: Int
    var links: Int
    var entry: UInt32
    var seed: UInt64
    var spans: [Span]

    static let sizeInBytes = 1_024
    private static let magic: UInt64 = 0x3153_4543_524c_4c4d
    private static let version: UInt32 = 3

    /// Lays sections of some sizes out.
    init(format: IndexFormat, count: Int, links: Int, entry: UInt32, seed: UInt64, sizes: [Section: Int]) {
        self.format = format
        self.count = count
        self.links = links
        self.entry = entry
        self.seed = seed
        spans = []
        var offset = Self.sizeInBytes
        for section in Section.allCases {
            let size = sizes[section] ?? 0
            spans.append(Span(offset: offset, size: size))
            offset += (size + 63) / 64 * 64
        }
    }

    /// The size of the whole segment.
    var totalSizeInBytes: Int { spans.last.map { $0.offset + ($0.size + 63) / 64 * 64 } ?? Self.sizeInBytes }

    subscript(section: Section) -> Span {
        get { spans[section.rawValue] }
        set { spans[section.rawValue] = newValue }
    }

    /// The header's bytes.
    var bytes: [UInt8] {
        var encoder = ByteEncoder()
        encoder.append(Self.magic)
        encoder.append(Self.version)
        encoder.append(UInt32(format.graph.dimensions))
        encoder.append(Self.number(of: format.graph.metric))
        encoder.append(Self.number(of: format.graph.element))
        encoder.append(UInt64(count))
        encoder.append(UInt32(links))
        encoder.append(entry)
        encoder.append(seed)
        for span in spans {
            encoder.append(UInt64(span.offset))
            encoder.append(UInt64(span.size))
            encoder.append(span.checksum)
        }
        encoder.appendChecksum()
        return encoder.bytes + [UInt8](repeating: 0, count: Self.sizeInBytes - encoder.bytes.count)
    }

    /// Reads the header of a segment and checks that it is one of an index's format and as large as its file.
    ///
    /// - Throws: `FileProblem` of kind `.damaged`.
    init(reading bytes: UnsafeRawBufferPointer, format: IndexFormat, path: String) throws(FileProblem) {
        func damaged(_ message: String) -> FileProblem { .damaged(path, message) }
        guard bytes.count >= Self.sizeInBytes else { throw damaged("the file is shorter than a header") }
        var decoder = ByteDecoder(UnsafeRawBufferPointer(rebasing: bytes[..<Self.sizeInBytes]))
        guard decoder.number() == Self.magic, decoder.number() == Self.version else {
            throw damaged("this is no segment of an index that this version reads")
        }
        guard decoder.number() == UInt32(format.graph.dimensions),
            decoder.number() == Self.number(of: format.graph.metric),
            decoder.number() == Self.number(of: format.graph.element)
        else { throw damaged("the segment has another number of dimensions, metric or element") }
        guard let count = decoder.count(), let links = decoder.number(UInt32.self),
            let entry = decoder.number(UInt32.self),
            let seed = decoder.number(UInt64.self)
        else { throw damaged("the header is too short") }
        self.format = format
        self.count = count
        self.links = Int(links)
        self.entry = entry
        self.seed = seed
        spans = []
        for section in Section.allCases {
            guard let offset = decoder.count(), let size = decoder.count(), let checksum = decoder.number(UInt32.self),
                offset % 64 == 0, offset >= Self.sizeInBytes, offset <= bytes.count, size <= bytes.count - offset
            else { throw damaged("the section \(section) is not in the file") }
            spans.append(Span(offset: offset, size: size, checksum: checksum))
        }
        let length = Self.sizeInBytes - decoder.restCount
        let covered = UnsafeRawBufferPointer(rebasing: bytes[..<length])
        guard decoder.number() == Checksum.crc32c(of: covered) else { throw damaged("the header's checksum is wrong") }
        guard count <= VectorRows.largestCount, bytes.count == totalSizeInBytes else {
            throw damaged("the file has another size than its header says")
        }
    }

    /// The sections in a segment's bytes.
    struct Sections {
        fileprivate let spans: [Span]
        fileprivate let bytes: UnsafeRawBufferPointer

        subscript(section: Section) -> UnsafeRawBufferPointer {
            let span = spans[section.rawValue]
            return UnsafeRawBufferPointer(rebasing: bytes[span.offset..<span.offset + span.size])
        }
    }

    func sections(of bytes: UnsafeRawBufferPointer) -> Sections { Sections(spans: spans, bytes: bytes) }

    private static func number(of metric: VectorMetric) -> UInt32 {
        switch metric {
        case .cosine: 0
        case .dotProduct: 1
        case .euclidean: 2
        }
    }

    private static func number(of element: VectorElement) -> UInt32 {
        switch element {
        case .float32: 0
        case .float16: 1
        case .int8: 2
        case .binary: 3
        }
    }
}
