public import FoundationEssentials

extension Serde where Value: Codable & SendableMetatype {
    /// JSON in UTF-8: written by Foundation's `JSONEncoder` (keys sorted, so that equal values give equal bytes), read as its
    /// `JSONDecoder` reads it.
    @inlinable
    public static func json(_ type: Value.Type = Value.self) -> Serde<Value> {
        Serde(
            name: "JSON \(Value.self)",
            serialize: { value, buffer in
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                buffer.append(contentsOf: try encoder.encode(value))
            },
            deserialize: { try JSONReader.decode(Value.self, from: $0) })
    }
}

extension Serde where Value == UUID {
    /// The UUID's text in lower case, 36 bytes, as Kafka's `UUIDSerializer` writes it; either case is read.
    public static var uuid: Serde<UUID> {
        Serde(
            name: "UUID",
            serialize: { value, buffer in buffer.append(contentsOf: value.uuidString.lowercased().utf8) },
            deserialize: { bytes in
                guard let text = String(validating: bytes, as: UTF8.self), let value = UUID(uuidString: text) else {
                    throw SerdeError(type: "UUID", message: "\(bytes.count) bytes that spell no UUID")
                }
                return value
            })
    }
}

extension Serde where Value == Data {
    /// The bytes themselves.
    public static var data: Serde<Data> {
        Serde(
            name: "Data", serialize: { value, buffer in buffer.append(contentsOf: value) },
            deserialize: { Data($0) })
    }
}

extension UUID: DefaultSerde {
    public static var defaultSerde: Serde<UUID> { .uuid }
}

extension Data: DefaultSerde {
    public static var defaultSerde: Serde<Data> { .data }
}
