/// How the text of an option becomes its value, and how to say what was expected when it does not.
struct ValueSyntax<Value: Sendable>: Sendable {
    /// Completes "must be …".
    let expectation: String
    /// Returns nil for text that is not as expected.
    let parse: @Sendable (String) -> Value?
}

extension ValueSyntax where Value == Int {
    /// A whole number within the given range.
    static func integer(in range: ClosedRange<Int>) -> Self {
        ValueSyntax(expectation: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A number of bytes, bare or with one of the units KiB, MiB and GiB: `67108864`, `64MiB`.
    static func byteCount(atLeast minimum: Int) -> Self {
        ValueSyntax(expectation: "a number of bytes from \(minimum), such as 65536, 512KiB, 64MiB or 1GiB") { text in
            let units: [(suffix: String, bytes: Int)] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("", 1)]
            guard let unit = units.first(where: { text.hasSuffix($0.suffix) }),
                let count = Int(text.dropLast(unit.suffix.count)), count >= 0
            else { return nil }
            let (bytes, overflow) = count.multipliedReportingOverflow(by: unit.bytes)
            return overflow || bytes < minimum ? nil : bytes
        }
    }
}

extension ValueSyntax where Value: CaseIterable & RawRepresentable<String> {
    /// One of the type's raw values, exactly.
    static var choice: Self {
        let choices = Value.allCases.map(\.rawValue)
        let expectation = choices.count < 2 ? "" : choices.dropLast().joined(separator: ", ") + " or "
        return ValueSyntax(expectation: expectation + (choices.last ?? "")) { Value(rawValue: $0) }
    }
}

extension ValueSyntax where Value == String {
    /// A name that Kafka accepts for topics, groups and group members: org.apache.kafka.common.internals.Topic.
    static var kafkaName: Self {
        ValueSyntax(expectation: "1 to 249 letters, digits, '.', '_' or '-', and not '.' or '..'") { text in
            let isLegal = text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
            return isLegal && (1...249).contains(text.utf8.count) && text != "." && text != ".." ? text : nil
        }
    }

    /// The path of a file or directory, not looked at yet.
    static var path: Self {
        ValueSyntax(expectation: "a path") { $0.isEmpty || $0.utf8.contains(0) ? nil : $0 }
    }
}

extension ValueSyntax where Value == [String] {
    /// One or more HOST:PORT, separated by commas; an IPv6 address stands in brackets.
    static var endpoints: Self {
        ValueSyntax(expectation: "HOST:PORT, or several separated by commas, with ports from 1 to 65535") { text in
            let endpoints = text.split(separator: ",", omittingEmptySubsequences: false).map { endpoint(in: $0) }
            let valid = endpoints.compactMap(\.self)
            return valid.count == endpoints.count ? valid : nil
        }
    }

    fileprivate static func endpoint(in text: Substring) -> String? {
        let trimmed = text.drop(while: \.isWhitespace)
        let endpoint = trimmed.reversed().drop(while: \.isWhitespace).reversed()
        guard let colon = endpoint.lastIndex(of: ":") else { return nil }
        let host = endpoint[..<colon]
        let port = endpoint[endpoint.index(after: colon)...]
        guard let number = UInt16(String(port)), number > 0, !host.isEmpty else { return nil }
        let isBracketed = host.first == "[" && host.last == "]" && host.count > 2
        let isPlain = !host.contains { ":/[]".contains($0) || $0.isWhitespace }
        return isBracketed || isPlain ? String(endpoint) : nil
    }
}

extension ValueSyntax where Value == String {
    static var endpoint: Self {
        ValueSyntax(expectation: "HOST:PORT, with a port from 1 to 65535") { text in
            ValueSyntax<[String]>.endpoint(in: text[...])
        }
    }
}
