/// A message from the left side of a foreign-key join to the right side's partition of a foreign key. It names a primary key
/// that needs the foreign key's value. Kafka: `SubscriptionWrapper`.
@usableFromInline
package struct Subscription<PrimaryKey> {
    /// The action of the right side. The raw values are Kafka's.
    @usableFromInline
    package enum Instruction: UInt8, Sendable {
        /// Delete the subscription.
        case deleteKeyNoPropagate = 0
        /// Delete the subscription and answer with null.
        case deleteKeyAndPropagate = 1
        /// Keep the subscription and answer with the foreign key's value, or with null if it has none.
        case propagateNullIfNoValue = 2
        /// Keep the subscription and answer if the foreign key has a value.
        case propagateOnlyIfValue = 3

        @inlinable var isDeletion: Bool { self == .deleteKeyNoPropagate || self == .deleteKeyAndPropagate }
    }

    /// The hash of the left value, which identifies an answer to an outdated value; `nil` for a deletion.
    @usableFromInline package var hash: ValueHash?
    @usableFromInline package var instruction: Instruction
    @usableFromInline package var primaryKey: PrimaryKey
    /// The left side's partition, to which the answer has to go; `nil` in subscriptions of releases before 3.4.
    @usableFromInline package var primaryPartition: Int32?

    @usableFromInline
    package init(hash: ValueHash?, instruction: Instruction, primaryKey: PrimaryKey, primaryPartition: Int32?) {
        self.hash = hash
        self.instruction = instruction
        self.primaryKey = primaryKey
        self.primaryPartition = primaryPartition
    }
}

extension Serde {
    /// The bytes of a subscription: a version, whose highest bit says that there is no hash; the instruction; the hash; the
    /// primary key; and, in version 1, 4 bytes of partition. Kafka: `SubscriptionWrapperSerde`.
    @usableFromInline
    package static func subscription<PrimaryKey>(of key: Serde<PrimaryKey>) -> Serde
    where Value == Subscription<PrimaryKey> {
        let name = "Subscription<\(key.name)>"
        return Serde(
            name: name,
            serialize: { subscription, buffer in
                let version: UInt8 = subscription.primaryPartition == nil ? 0 : 1
                buffer.append(version | (subscription.hash == nil ? 0x80 : 0))
                buffer.append(subscription.instruction.rawValue)
                subscription.hash?.append(to: &buffer)
                try key.serialize(subscription.primaryKey, into: &buffer)
                if let partition = subscription.primaryPartition {
                    withUnsafeBytes(of: partition.bigEndian) { buffer.append(contentsOf: $0) }
                }
            },
            deserialize: { bytes in
                let (version, hasHash) = try readVersion(of: bytes, name: name)
                guard version <= 1 else { throw SerdeError(type: name, message: "version \(version)") }
                let start = hasHash ? 18 : 2
                let end = version == 0 ? bytes.count : bytes.count - 4
                guard end >= start, let instruction = Subscription<PrimaryKey>.Instruction(rawValue: bytes[1]) else {
                    throw SerdeError(type: name, message: "\(bytes.count) bytes, or an instruction that is not known")
                }
                return Subscription(
                    hash: hasHash ? ValueHash(in: bytes, at: 2) : nil, instruction: instruction,
                    primaryKey: try key.deserialize(UnsafeRawBufferPointer(rebasing: bytes[start..<end])),
                    primaryPartition: version == 0
                        ? nil : Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: end, as: Int32.self)))
            })
    }

    /// Reads the first byte of a subscription or its answer: the version, and whether a hash follows.
    static func readVersion(
        of bytes: UnsafeRawBufferPointer, name: String
    ) throws -> (version: UInt8, hasHash: Bool) {
        guard let first = bytes.first else { throw SerdeError(type: name, message: "no bytes") }
        return (first & 0x7f, first & 0x80 == 0)
    }
}
