/// The text form of a serde's bytes.
@usableFromInline
final class SerdeText: Sendable {
    /// The JSON of a value's bytes.
    let json: @Sendable (UnsafeRawBufferPointer) throws -> String
    /// The bytes of a value that a person has typed.
    let parse: (@Sendable (String) throws -> [UInt8])?

    init(
        json: @escaping @Sendable (UnsafeRawBufferPointer) throws -> String,
        parse: (@Sendable (String) throws -> [UInt8])?
    ) {
        self.json = json
        self.parse = parse
    }
}

extension Serde {
    /// Sets the text form of values for readers that do not know the Swift type: a console, a query over HTTP.
    ///
    /// ```swift
    /// let amounts = Serde<Amount>(name: "Amount", serialize: …, deserialize: …)
    ///     .rendered(json: { "\"\($0.cents / 100) EUR\"" }, parse: { try Amount($0) })
    /// ```
    ///
    /// The built-in serdes have one already. A serde without one is rendered as its bytes in Base64. Records are not
    /// affected.
    ///
    /// - Parameters:
    ///   - json: the JSON of a value: a text in quotes, a number, an object.
    ///   - parse: reads a value from typed text; by default a value can only be typed as bytes.
    public func rendered(
        json: @escaping @Sendable (_ value: Value) throws -> String,
        parse: (@Sendable (_ text: String) throws -> Value)? = nil
    ) -> Serde<Value> {
        let (serde, render) = (self, json)
        var typed: (@Sendable (String) throws -> [UInt8])?
        if let parse { typed = { text in try serde.bytes(of: parse(text)) } }
        return withText(SerdeText(json: { bytes in try render(serde.deserialize(bytes)) }, parse: typed))
    }

    /// A serde of JSON: its bytes are the text.
    @usableFromInline
    func passingJSONThrough() -> Serde<Value> {
        let serde = self
        return withText(
            SerdeText(
                json: { bytes in
                    guard JSONText.isValid(bytes) else { throw SerdeError(type: serde.name, message: "no JSON") }
                    return String(decoding: bytes, as: UTF8.self)
                },
                parse: { text in try serde.bytes(of: serde.value(from: Array(text.utf8))) }))
    }

    func withText(_ text: SerdeText) -> Serde<Value> {
        Serde(
            name: name, serialize: write, deserialize: read, partitioningSuffixCount: partitioningSuffixCount,
            text: text)
    }

    /// The serde without its type.
    public var erased: AnySerde { AnySerde(name: name, partitioningSuffixCount: partitioningSuffixCount, text: text) }
}

/// A serde without its Swift type: its name, and the text form of its values' bytes.
public struct AnySerde: Sendable {
    /// The name of the type: `String`, `Int64`, `JSON RiskEvent`.
    public let name: String
    /// The number of bytes at the end that are not used to choose a key's partition.
    package let partitioningSuffixCount: Int
    private let text: SerdeText?

    init(name: String, partitioningSuffixCount: Int, text: SerdeText?) {
        self.name = name
        self.partitioningSuffixCount = partitioningSuffixCount
        self.text = text
    }

    /// Whether the serde has a text form; otherwise values are shown as bytes.
    public var isReadable: Bool { text != nil }

    /// The JSON of a value's bytes.
    ///
    /// A serde without a text form gives `{"$base64": "…"}`. If the bytes are not a value of the type, `$error` beside it
    /// says why.
    public func json(of bytes: [UInt8]) -> String {
        guard let text else { return JSONText.base64(bytes) }
        do {
            return try bytes.withUnsafeBytes(text.json)
        } catch {
            return JSONText.base64(bytes, error: "\(error)")
        }
    }

    /// The bytes of a value that a person has typed: a text or a number unchanged, JSON for a serde of JSON, `KEY@START` for
    /// a key in a time window, `KEY@START-END` for one in a session, in milliseconds. Bytes are typed as `0x…` in
    /// hexadecimal or as `base64:…`, and so are values that the serde cannot read.
    ///
    /// - Throws: `SerdeError` for a text that is not a value of the type.
    public func bytes(from typed: String) throws -> [UInt8] {
        guard let parse = text?.parse else {
            guard let bytes = JSONText.bytes(typed) else {
                throw SerdeError(
                    type: name, message: "the serde reads no text; write the bytes as 0x… or base64:…")
            }
            return bytes
        }
        return try parse(typed)
    }
}
