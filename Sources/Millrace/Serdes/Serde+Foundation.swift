public import FoundationEssentials

extension Serde where Value == UUID {
    /// The UUID's text in lower case, 36 bytes, as Kafka's `UUIDSerializer` writes it; upper case is read too.
    public static var uuid: Serde<UUID> {
        let serde = Serde(
            name: "UUID",
            serialize: { value, buffer in buffer.append(contentsOf: value.uuidString.lowercased().utf8) },
            deserialize: { bytes in
                guard let text = String(validating: bytes, as: UTF8.self), let value = UUID(uuidString: text) else {
                    throw SerdeError(type: "UUID", message: "\(bytes.count) bytes that spell no UUID")
                }
                return value
            })
        return serde.withText(
            .quoted(serde, { $0.uuidString.lowercased() }, parse: { UUID(uuidString: $0) }))
    }
}

extension Serde where Value == Data {
    /// The bytes themselves.
    public static var data: Serde<Data> {
        Serde(
            name: "Data", serialize: { value, buffer in buffer.append(contentsOf: value) },
            deserialize: { Data($0) }
        ).withText(.bytes)
    }
}

extension UUID: DefaultSerde {
    /// The serde ``Serde/uuid``.
    public static var defaultSerde: Serde<UUID> { .uuid }
}

extension Data: DefaultSerde {
    /// The serde ``Serde/data``.
    public static var defaultSerde: Serde<Data> { .data }
}
