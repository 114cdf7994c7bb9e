import FoundationEssentials

/// What is committed beside an offset: the partition's time and the times that operators keep, in Kafka Streams'
/// `TopicPartitionMetadata` format, version 2.
///
/// Base64 of a version byte, 8 bytes of the partition's time and, if any, Kafka's `ProcessorMetadata`: the number of times in
/// 4 bytes, and for each the length of its name in 4 bytes, the name in UTF-8 and the time in 8. All big endian, times in
/// milliseconds.
package struct OffsetMetadata: Hashable, Sendable {
    package var partitionTimeMs: Int64
    /// The times that operators keep, by name.
    package var processorTimesMs: [String: Int64]

    package init(partitionTimeMs: Int64, processorTimesMs: [String: Int64] = [:]) {
        self.partitionTimeMs = partitionTimeMs
        self.processorTimesMs = processorTimesMs
    }

    package func encoded() -> String {
        var bytes: [UInt8] = [2]
        bytes.append(bigEndian: partitionTimeMs)
        if !processorTimesMs.isEmpty {
            bytes.append(bigEndian: Int32(processorTimesMs.count))
            for (name, timeMs) in processorTimesMs.sorted(by: { $0.key < $1.key }) {
                bytes.append(bigEndian: Int32(name.utf8.count))
                bytes.append(contentsOf: name.utf8)
                bytes.append(bigEndian: timeMs)
            }
        }
        return Data(bytes).base64EncodedString()
    }

    /// Reads metadata of version 1 or 2; `nil` for anything else, which somebody other than a streams application wrote.
    package static func decode(_ text: String) -> OffsetMetadata? {
        guard let bytes = Data(base64Encoded: text).map(Array.init), let version = bytes.first,
            version == 1 || version == 2
        else { return nil }
        var rest = bytes.dropFirst()
        guard let partitionTimeMs: Int64 = rest.takeBigEndian() else { return nil }
        guard version == 2, let times = processorTimes(rest) else {
            return OffsetMetadata(partitionTimeMs: partitionTimeMs)
        }
        return OffsetMetadata(partitionTimeMs: partitionTimeMs, processorTimesMs: times)
    }

    private static func processorTimes(_ bytes: ArraySlice<UInt8>) -> [String: Int64]? {
        var rest = bytes
        guard let count: Int32 = rest.takeBigEndian(), count >= 0 else { return nil }
        var times: [String: Int64] = [:]
        for _ in 0..<count {
            guard let length: Int32 = rest.takeBigEndian(), length >= 0, rest.count >= Int(length) else { return nil }
            let name = String(decoding: rest.prefix(Int(length)), as: UTF8.self)
            rest = rest.dropFirst(Int(length))
            guard let timeMs: Int64 = rest.takeBigEndian() else { return nil }
            times[name] = timeMs
        }
        return times
    }
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}

extension ArraySlice<UInt8> {
    fileprivate mutating func takeBigEndian<Number: FixedWidthInteger>() -> Number? {
        guard count >= MemoryLayout<Number>.size else { return nil }
        defer { self = dropFirst(MemoryLayout<Number>.size) }
        return prefix(MemoryLayout<Number>.size).reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
    }
}
