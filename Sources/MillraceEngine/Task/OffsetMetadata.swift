import FoundationEssentials
import Millrace

/// The metadata that are committed beside an offset: the partition's time and the times that operators keep, in Kafka Streams'
/// `TopicPartitionMetadata` format, version 2.
///
/// Base64 of a version byte, 8 bytes of the partition's time and, if any, Kafka's `ProcessorMetadata`: the number of times in 4
/// bytes, and for each the length of its name in 4 bytes, the name in UTF-8 and the time in 8. All numbers are big endian, times in
/// milliseconds. If that is longer than a broker accepts, the number is 0 and a block of ``CompactTimes`` follows, which Kafka
/// Streams ignores.
package struct OffsetMetadata: Hashable, Sendable {
    package var partitionTimeMs: Int64
    /// The times that operators keep, by name.
    package var processorTimesMs: [String: Int64]

    package init(partitionTimeMs: Int64, processorTimesMs: [String: Int64] = [:]) {
        self.partitionTimeMs = partitionTimeMs
        self.processorTimesMs = processorTimesMs
    }

    /// Returns the text to commit.
    ///
    /// - Parameters:
    ///   - limit: the number of characters that the broker accepts.
    ///   - names: the names of all times that the task may keep, in order; by default of those that it has.
    /// - Returns: Kafka's form if it is short enough, otherwise a compact one. The compact one is longer than `limit` only if there
    ///   are more names than ``OffsetMetadataSize`` allows.
    package func encoded(atMost limit: Int = OffsetMetadataSize.brokerLimit, names: [String]? = nil) -> String {
        var bytes: [UInt8] = [2]
        bytes.append(bigEndian: partitionTimeMs)
        if !processorTimesMs.isEmpty {
            let maxSize = limit / 4 * 3
            if sizeInBytes <= maxSize {
                appendNamedTimes(to: &bytes)
            } else {
                bytes.append(bigEndian: Int32(0))
                CompactTimes(names: names ?? processorTimesMs.keys.sorted())
                    .append(processorTimesMs, to: &bytes, maxSize: maxSize)
            }
        }
        return Data(bytes).base64EncodedString()
    }

    /// The size of Kafka's form.
    private var sizeInBytes: Int { processorTimesMs.keys.reduce(13) { $0 + 12 + $1.utf8.count } }

    private func appendNamedTimes(to bytes: inout [UInt8]) {
        bytes.append(bigEndian: Int32(truncatingIfNeeded: processorTimesMs.count))
        for (name, timeMs) in processorTimesMs.sorted(by: { $0.key < $1.key }) {
            bytes.append(bigEndian: Int32(truncatingIfNeeded: name.utf8.count))
            bytes.append(contentsOf: name.utf8)
            bytes.append(bigEndian: timeMs)
        }
    }

    /// Decodes metadata of version 1 or 2; returns `nil` for anything else, which does not come from a streams application.
    ///
    /// - Parameter names: the names of all times that the task may keep, in order. Times in the compact form with other names are
    ///   left out.
    package static func decode(_ text: String, names: [String] = []) -> OffsetMetadata? {
        guard let bytes = Data(base64Encoded: text).map(Array.init), let version = bytes.first,
            version == 1 || version == 2
        else { return nil }
        var rest = bytes.dropFirst()
        guard let partitionTimeMs: Int64 = rest.takeBigEndian() else { return nil }
        guard version == 2, var times = namedTimes(&rest) else {
            return OffsetMetadata(partitionTimeMs: partitionTimeMs)
        }
        times.merge(CompactTimes(names: names).times(in: rest)) { $1 }
        return OffsetMetadata(partitionTimeMs: partitionTimeMs, processorTimesMs: times)
    }

    private static func namedTimes(_ rest: inout ArraySlice<UInt8>) -> [String: Int64]? {
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
    mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}

extension ArraySlice<UInt8> {
    /// Removes the next bytes and returns the number in them; without a size, as many bytes as the type has.
    mutating func takeBigEndian<Number: FixedWidthInteger>(size: Int = MemoryLayout<Number>.size) -> Number? {
        guard count >= size else { return nil }
        defer { self = dropFirst(size) }
        return prefix(size).reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
    }
}
