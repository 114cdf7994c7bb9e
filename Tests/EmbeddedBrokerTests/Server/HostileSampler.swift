import ClusterCore
import NIOCore

@testable import EmbeddedBroker

/// Fills requests with the most harmful values: numbers at the ends of their range, names that exist, large counts.
struct HostileSampler: FieldCoder {
    private static let names = [
        "a", "b", "a", "b", "g", "consumer", "range", "", "1", "__consumer_offsets", "cleanup.policy", "compact",
        "delete.retention.ms", "retention.ms", "min.compaction.lag.ms", "retention.bytes", "9223372036854775807",
        "-9223372036854775808", "message.timestamp.type", "LogAppendTime", "x.y", "x_y", "\u{0}é",
        String(repeating: "n", count: 249),
    ]
    private static let longText = String(repeating: "n", count: 20_000)

    let version: Int16
    private var random: WireSampler
    /// Limits the total size of nested arrays.
    private var elementsLeft = 2_000

    init(version: Int16, seed: UInt64) {
        self.version = version
        random = WireSampler(version: version, seed: seed)
    }

    mutating func frame<Request: WireRequest>(_: Request.Type) throws -> ByteBuffer {
        var request = Request()
        try request.code(with: &self)
        return try request.frame(RequestHeader(Request.api, version: version, correlationID: 1, clientID: "hostile"))
    }

    mutating func code<Value: WireValue>(_ value: inout Value) throws(MalformedMessage) {
        if let drawn = try draw(Value.self) as? Value { value = drawn }
    }

    private mutating func draw(_ type: any WireValue.Type) throws(MalformedMessage) -> (any WireValue)? {
        if let type = type as? any (FixedWidthInteger & WireValue).Type { return number(type) }
        if type == Bool.self { return random.next(below: 2) == 0 }
        if type == String.self { return text() }
        if type == WireBytes.self { return WireBytes(random.bytes()) }
        if type == WireRecords.self { return WireRecords(records()) }
        if type == TopicID.self {
            return random.next(below: 2) == 0 ? TopicID.zero : TopicID(high: random.next(), low: 7)
        }
        if let type = type as? any DrawnFromElements.Type {
            return try type.drawn { (element) throws(MalformedMessage) in
                try self.draw(element)
            } count: {
                // Now and then very many.
                let count = self.random.next(below: 30) == 0 ? 1_000 : self.random.next(below: 4)
                let granted = min(count, self.elementsLeft)
                self.elementsLeft -= granted
                return granted
            }
        }
        guard let type = type as? any WireStructure.Type else { return nil }
        var structure = type.init()
        try structure.code(with: &self)
        return structure
    }

    private mutating func number<Number: FixedWidthInteger>(_: Number.Type) -> Number {
        let choices: [Number] = [
            .min, .max, 0, 1, Number.max - 1, Number(clamping: -1), Number(clamping: -2), Number(clamping: 10_000),
            Number(clamping: 1_000_000_000), Number(clamping: 60_000), Number(truncatingIfNeeded: random.next()),
        ]
        return choices[random.next(below: choices.count)]
    }

    private mutating func text() -> String {
        if random.next(below: 200) == 0 { return Self.longText }
        return Self.names[random.next(below: Self.names.count)]
    }

    private mutating func records() -> [UInt8] {
        var writer = RecordBatchWriter()
        for _ in 0...random.next(below: 3) {
            let key = random.next(below: 3) == 0 ? nil : [UInt8(random.next(below: 3))]
            let value = random.next(below: 3) == 0 ? nil : random.bytes()
            writer.append(key: key, value: value, timestampMs: number(Int64.self))
        }
        var bytes = writer.finish()
        // The header's fields are changed, with or without a new checksum.
        if random.next(below: 2) == 0 {
            let place = 8 + random.next(below: bytes.count - 8)
            bytes[place] = UInt8(truncatingIfNeeded: random.next())
        }
        if random.next(below: 4) > 0 {
            let checksum = bytes.withUnsafeBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[21...])) }
            bytes.storeBigEndian(checksum, at: 17)
        }
        return bytes
    }
}

/// Arrays and optional values, which contain others.
private protocol DrawnFromElements: WireValue {
    static func drawn(
        _ draw: (any WireValue.Type) throws(MalformedMessage) -> (any WireValue)?, count: () -> Int
    ) throws(MalformedMessage) -> any WireValue
}

extension Array: DrawnFromElements where Element: WireValue {
    fileprivate static func drawn(
        _ draw: (any WireValue.Type) throws(MalformedMessage) -> (any WireValue)?, count: () -> Int
    ) throws(MalformedMessage) -> any WireValue {
        var elements: [Element] = []
        let wanted = count()
        while elements.count < wanted, let element = try draw(Element.self) as? Element { elements.append(element) }
        return elements
    }
}

extension Optional: DrawnFromElements where Wrapped: NullableWireValue {
    fileprivate static func drawn(
        _ draw: (any WireValue.Type) throws(MalformedMessage) -> (any WireValue)?, count: () -> Int
    ) throws(MalformedMessage) -> any WireValue {
        if count() == 0 { return Self.none }
        return try draw(Wrapped.self) as? Wrapped
    }
}
