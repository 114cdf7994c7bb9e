import ClusterCore

/// A sequence of bytes whose content is none of the protocol's business, such as a member's subscription.
struct WireBytes: NullableWireValue, Hashable {
    var bytes: [UInt8]

    init(_ bytes: [UInt8] = []) {
        self.bytes = bytes
    }

    static func readNullable(from reader: inout WireReader) throws(MalformedMessage) -> WireBytes? {
        guard let length = try reader.bytesLength() else { return nil }
        return WireBytes(try reader.bytes(length))
    }

    func write(to writer: inout WireWriter) throws(MalformedMessage) {
        try writer.bytesLength(bytes.count)
        writer.bytes(bytes)
    }

    static func writeNull(to writer: inout WireWriter) throws(MalformedMessage) {
        try writer.bytesLength(nil)
    }
}

/// Consecutive record batches as they were received: they are neither read nor encoded here.
struct WireRecords: NullableWireValue, Hashable {
    /// The consecutive pieces on the wire.
    var segments: [[UInt8]]

    init(_ segments: [[UInt8]] = []) {
        self.segments = segments
    }

    init(_ bytes: [UInt8]) {
        segments = [bytes]
    }

    /// All of it in one piece.
    func joined() -> [UInt8] {
        if segments.count == 1, let only = segments.first { return only }
        return Array(segments.joined())
    }

    var sizeInBytes: Int {
        segments.reduce(0) { $0 + $1.count }
    }

    static func readNullable(from reader: inout WireReader) throws(MalformedMessage) -> WireRecords? {
        guard let length = try reader.bytesLength() else { return nil }
        return WireRecords(try reader.bytes(length))
    }

    func write(to writer: inout WireWriter) throws(MalformedMessage) {
        try writer.bytesLength(sizeInBytes)
        for segment in segments {
            writer.bytes(segment)
        }
    }

    static func writeNull(to writer: inout WireWriter) throws(MalformedMessage) {
        try writer.bytesLength(nil)
    }

    static func == (left: WireRecords, right: WireRecords) -> Bool {
        left.segments.joined().elementsEqual(right.segments.joined())
    }

    func hash(into hasher: inout Hasher) {
        for byte in segments.joined() { hasher.combine(byte) }
    }
}

extension TopicID: WireValue {
    static func read(from reader: inout WireReader) throws(MalformedMessage) -> TopicID {
        TopicID(high: try reader.integer(), low: try reader.integer())
    }

    func write(to writer: inout WireWriter) throws(MalformedMessage) {
        writer.integer(high)
        writer.integer(low)
    }
}

extension KafkaErrorCode: WireValue {
    /// A code of another broker's that has no name here is read as an unknown error.
    static func read(from reader: inout WireReader) throws(MalformedMessage) -> KafkaErrorCode {
        KafkaErrorCode(rawValue: try reader.integer()) ?? .unknownServerError
    }

    func write(to writer: inout WireWriter) throws(MalformedMessage) {
        writer.integer(rawValue)
    }
}
