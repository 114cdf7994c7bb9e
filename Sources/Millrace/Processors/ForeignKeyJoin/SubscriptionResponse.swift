/// The right side's answer to a subscription: a foreign key's value, for one primary key. Kafka:
/// `SubscriptionResponseWrapper`.
@usableFromInline
package struct SubscriptionResponse<ForeignValue> {
    /// The hash that came with the subscription.
    @usableFromInline package var hash: ValueHash?
    @usableFromInline package var foreignValue: ForeignValue?
    /// The partition to which the answer has to go. It is not part of the bytes.
    @usableFromInline package var primaryPartition: Int32?

    @usableFromInline
    package init(hash: ValueHash?, foreignValue: ForeignValue?, primaryPartition: Int32?) {
        self.hash = hash
        self.foreignValue = foreignValue
        self.primaryPartition = primaryPartition
    }
}

extension Serde {
    /// The bytes of an answer: the version 0, whose highest bit says that there is no hash; the hash; the value. An empty
    /// value is read as none, as in Kafka. Kafka: `SubscriptionResponseWrapperSerde`.
    @usableFromInline
    package static func subscriptionResponse<ForeignValue>(of value: Serde<ForeignValue>) -> Serde
    where Value == SubscriptionResponse<ForeignValue> {
        let name = "SubscriptionResponse<\(value.name)>"
        return Serde(
            name: name,
            serialize: { response, buffer in
                buffer.append(response.hash == nil ? 0x80 : 0)
                response.hash?.append(to: &buffer)
                if let foreignValue = response.foreignValue { try value.serialize(foreignValue, into: &buffer) }
            },
            deserialize: { bytes in
                let (version, hasHash) = try readVersion(of: bytes, name: name)
                let start = hasHash ? 17 : 1
                guard version == 0, bytes.count >= start else {
                    throw SerdeError(type: name, message: "version \(version) in \(bytes.count) bytes")
                }
                let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
                return SubscriptionResponse(
                    hash: hasHash ? ValueHash(in: bytes, at: 1) : nil,
                    foreignValue: rest.isEmpty ? nil : try value.deserialize(rest), primaryPartition: nil)
            })
    }
}
