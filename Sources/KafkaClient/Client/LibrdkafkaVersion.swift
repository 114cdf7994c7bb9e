import CRdkafka

/// The librdkafka that is loaded at run time, which may be newer than the header this was compiled with.
package struct LibrdkafkaVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// `0xMMmmrrpp`: major, minor, revision, pre-release (0xff in a final release).
    package let number: Int
    /// Such as `2.0.2`.
    package let description: String

    /// The version in use.
    package static let current = LibrdkafkaVersion(
        number: Int(rd_kafka_version()), description: String(cString: rd_kafka_version_str()))

    package static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.number < rhs.number
    }

    /// Versions before 2.2.0 cannot read tagged fields in a broker's answer to ApiVersions, which some brokers send.
    package var readsTaggedFieldsInApiVersions: Bool { number >= 0x0202_0000 }
}
