public import FoundationEssentials

extension Serde where Value: Codable & SendableMetatype {
    /// JSON in UTF-8. It is written by Foundation's `JSONEncoder` (keys sorted, so that equal values have equal bytes) and
    /// read as Foundation's `JSONDecoder` reads it.
    ///
    /// If an object has a key twice, the first value counts, as in Foundation. (In Jackson the last one does.) A number that
    /// is not finite is an error; see ``json(_:encoder:decoder:)`` for other rules.
    ///
    /// - Parameters:
    ///   - type: the type of the values.
    ///   - dates: how each `Date` is written and read. The default is Foundation's: seconds since 2001. Java's usual formats
    ///     are `.millisecondsSince1970`, `.secondsSince1970` and `.iso8601`.
    @inlinable
    public static func json(_ type: Value.Type = Value.self, dates: JSONDates = .secondsSince2001) -> Serde<Value> {
        Serde(
            name: "JSON \(Value.self)",
            serialize: { value, buffer in
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                encoder.dateEncodingStrategy = dates.encodingStrategy
                buffer.append(contentsOf: try encoder.encode(value))
            },
            deserialize: { try JSONReader.decode(Value.self, from: $0, dates: dates) }
        ).passingJSONThrough()
    }

    /// JSON by a custom encoder and decoder.
    ///
    /// ```swift
    /// let serde = Serde.json([Double].self) {
    ///     let encoder = JSONEncoder()
    ///     encoder.nonConformingFloatEncodingStrategy = .convertToString(
    ///         positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    ///     return encoder
    /// } decoder: {
    ///     let decoder = JSONDecoder()
    ///     decoder.nonConformingFloatDecodingStrategy = .convertFromString(
    ///         positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    ///     return decoder
    /// }
    /// ```
    ///
    /// Foundation alone reads the values, which is several times slower than `json(_:dates:)`.
    ///
    /// - Parameters:
    ///   - type: the type of the values.
    ///   - encoder: makes the encoder of one value; none is shared between threads. For keys the encoder has to sort the
    ///     names (`.sortedKeys`), or equal keys may have different bytes.
    ///   - decoder: makes the decoder of one value.
    public static func json(
        _ type: Value.Type = Value.self, encoder: @escaping @Sendable () -> JSONEncoder,
        decoder: @escaping @Sendable () -> JSONDecoder
    ) -> Serde<Value> {
        Serde(
            name: "JSON \(Value.self)",
            serialize: { value, buffer in buffer.append(contentsOf: try encoder().encode(value)) },
            deserialize: { try decoder().decode(Value.self, from: Data($0)) }
        ).passingJSONThrough()
    }
}

/// The representation of a `Date` in JSON.
public enum JSONDates: Hashable, Sendable {
    /// A number of seconds since the start of 2001 UTC, as Foundation writes it by default.
    case secondsSince2001
    /// A number of seconds since the start of 1970 UTC.
    case secondsSince1970
    /// A number of milliseconds since the start of 1970 UTC.
    case millisecondsSince1970
    /// A text such as `2022-02-09T13:27:17Z`, written to the second.
    case iso8601

    @usableFromInline var encodingStrategy: JSONEncoder.DateEncodingStrategy {
        switch self {
        case .secondsSince2001: .deferredToDate
        case .secondsSince1970: .secondsSince1970
        case .millisecondsSince1970: .millisecondsSince1970
        case .iso8601: .iso8601
        }
    }

    @usableFromInline var decodingStrategy: JSONDecoder.DateDecodingStrategy {
        switch self {
        case .secondsSince2001: .deferredToDate
        case .secondsSince1970: .secondsSince1970
        case .millisecondsSince1970: .millisecondsSince1970
        case .iso8601: .iso8601
        }
    }
}
