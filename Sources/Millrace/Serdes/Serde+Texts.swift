extension SerdeText {
    /// A number, which has the same form in JSON and elsewhere.
    static func number<Number: LosslessStringConvertible & Sendable>(_ serde: Serde<Number>) -> SerdeText {
        SerdeText(
            json: { bytes in JSONText.number(String(describing: try serde.deserialize(bytes))) },
            parse: { text in
                guard let value = Number(text) else { throw SerdeError(type: serde.name, message: "\"\(text)\"") }
                return try serde.bytes(of: value)
            })
    }

    /// A word that has the same form in JSON and elsewhere.
    static func word<Word: LosslessStringConvertible & Sendable>(_ serde: Serde<Word>) -> SerdeText {
        SerdeText(
            json: { bytes in String(describing: try serde.deserialize(bytes)) }, parse: number(serde).parse)
    }

    /// A value that is a text: in quotes in JSON, without them elsewhere.
    static func quoted<Value: Sendable>(
        _ serde: Serde<Value>, _ describe: @escaping @Sendable (Value) -> String,
        parse: @escaping @Sendable (String) -> Value?
    ) -> SerdeText {
        SerdeText(
            json: { bytes in JSONText.quoted(describe(try serde.deserialize(bytes))) },
            parse: { text in
                guard let value = parse(text) else { throw SerdeError(type: serde.name, message: "\"\(text)\"") }
                return try serde.bytes(of: value)
            })
    }

    /// Bytes, in Base64 with a marker.
    static let bytes = SerdeText(
        json: { bytes in JSONText.base64(Array(bytes)) },
        parse: { text in
            guard let bytes = JSONText.bytes(text) else {
                throw SerdeError(type: "bytes", message: "write them as 0x… or base64:…")
            }
            return bytes
        })

    /// A key in a window: an object in JSON, `KEY@START` or `KEY@START-END` elsewhere.
    ///
    /// - Parameters:
    ///   - suffixCount: how many bytes of the window follow the key.
    ///   - window: reads the window from the bytes.
    ///   - suffix: the bytes of a window; `nil` if the window's end is needed but missing, or does not fit its start.
    static func windowed(
        _ key: AnySerde, suffixCount: Int,
        window: @escaping @Sendable (_ bytes: UnsafeRawBufferPointer) -> Window,
        suffix: @escaping @Sendable (_ startMs: Int64, _ endMs: Int64?) -> [UInt8]?
    ) -> SerdeText {
        SerdeText(
            json: { bytes in
                guard bytes.count >= suffixCount else {
                    throw SerdeError(type: "windowed \(key.name)", message: "\(bytes.count) bytes")
                }
                return JSONText.windowed(key.json(of: Array(bytes.dropLast(suffixCount))), window(bytes))
            },
            parse: { text in
                let problem = SerdeError(
                    type: "windowed \(key.name)", message: "\"\(text)\" is no KEY@START or KEY@START-END")
                guard let at = text.lastIndex(of: "@") else { throw problem }
                let times = text[text.index(after: at)...].split(separator: "-", omittingEmptySubsequences: false)
                let numbers = times.compactMap { Int64($0) }
                guard numbers.count == times.count, (1...2).contains(numbers.count),
                    let suffix = suffix(numbers[0], numbers.count == 2 ? numbers[1] : nil)
                else { throw problem }
                return try key.bytes(from: String(text[..<at])) + suffix
            })
    }
}
