/// The syntax of a setting's value: its conversion from text and back, and the values that are allowed.
package struct ValueSyntax<Value: Sendable>: Sendable {
    /// Completes "must be …".
    package var expectation: String
    /// Returns `nil` for text that is not as expected.
    package var parse: @Sendable (String) -> Value?
    /// Returns the text that means a value.
    package var text: @Sendable (Value) -> String
    /// Says what is wrong with a value, if anything.
    package var problem: @Sendable (Value) -> String? = { _ in nil }
    /// Whether several values stand in one text, separated by commas.
    package var isList = false
    /// Whether a value can begin with a dash.
    package var canBeginWithDash = false
    /// All values as they are written, if there are only these.
    package var words: [String]?

    /// The syntax of a setting that may have no value.
    package static func optional<Wrapped>(_ syntax: ValueSyntax<Wrapped>) -> Self where Value == Wrapped? {
        ValueSyntax(
            expectation: syntax.expectation, parse: { syntax.parse($0).map(Optional.some) },
            text: { $0.map(syntax.text) ?? "none" }, problem: { $0.flatMap(syntax.problem) }, isList: syntax.isList,
            canBeginWithDash: syntax.canBeginWithDash, words: syntax.words)
    }
}

/// The largest number that librdkafka takes, and the longest time in milliseconds.
private let most = Int(Int32.max)

// MARK: Numbers

extension ValueSyntax where Value == Int {
    /// A whole number within the given range.
    package static func number(in range: ClosedRange<Int>) -> Self {
        ValueSyntax(
            expectation: "a whole number from \(range.lowerBound) to \(range.upperBound)",
            parse: { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }, text: { "\($0)" },
            problem: { range.problem(of: $0) })
    }

    /// A whole number that is no lower than the given one.
    package static func number(from lowest: Int) -> Self { number(in: lowest...most) }

    /// A number of bytes, bare or with one of the units KiB, MiB and GiB: `67108864`, `64MiB`.
    package static func byteCount(from lowest: Int) -> Self {
        let units: [(name: String, bytes: Int)] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("", 1)]
        let range = lowest...Int.max
        return ValueSyntax(
            expectation: "a number of bytes from \(lowest), such as 65536, 512KiB, 64MiB or 1GiB",
            parse: { text in
                guard let unit = units.first(where: { text.hasSuffix($0.name) }),
                    let count = Int(text.dropLast(unit.name.count)), count >= 0
                else { return nil }
                let (bytes, overflow) = count.multipliedReportingOverflow(by: unit.bytes)
                return !overflow && range.contains(bytes) ? bytes : nil
            },
            text: { bytes in
                let unit = units.first { bytes != 0 && bytes.isMultiple(of: $0.bytes) } ?? ("", 1)
                return "\(bytes / unit.bytes)\(unit.name)"
            },
            problem: { range.problem(of: $0, unit: " bytes") })
    }
}

extension ValueSyntax where Value == Double {
    /// A share from 0 to 1.
    package static var ratio: Self {
        ValueSyntax(
            expectation: "a number from 0 to 1",
            parse: { text in Double(text).flatMap { (0...1).contains($0) ? $0 : nil } }, text: { "\($0)" },
            problem: { (0...1).contains($0) ? nil : "\($0), but it has to be from 0 to 1" })
    }
}

extension ValueSyntax where Value == Int16 {
    /// Kafka's wire format holds a replication factor in 16 bits, with −1 for the broker's default (KIP-464).
    package static var replicationFactor: Self {
        ValueSyntax(
            expectation: "a whole number from 1 to \(Int16.max), or -1 for the broker's default",
            parse: { text in Int16(text).flatMap { $0 == -1 || $0 > 0 ? $0 : nil } }, text: { "\($0)" },
            problem: { $0 == -1 || $0 > 0 ? nil : "\($0), but it has to be at least 1, or −1" },
            canBeginWithDash: true)
    }
}

extension ClosedRange<Int> {
    fileprivate func problem(of value: Int, unit: String = "") -> String? {
        if value < lowerBound { return "\(value)\(unit), but at least \(lowerBound) is needed" }
        return value > upperBound ? "\(value)\(unit), but at most \(upperBound) is possible" : nil
    }
}

extension ValueSyntax where Value == Duration {
    /// A time in whole milliseconds.
    package static func milliseconds(from shortest: Int) -> Self {
        let range = shortest...most
        return ValueSyntax(
            expectation: "a whole number from \(range.lowerBound) to \(range.upperBound)",
            parse: { text in Int(text).flatMap { range.contains($0) ? .milliseconds($0) : nil } },
            text: { "\($0.wholeMilliseconds)" },
            problem: { time in
                if time < .milliseconds(shortest) { return "\(time), but at least \(shortest) ms is needed" }
                return time > .milliseconds(most)
                    ? "\(time), but at most \(most) ms is possible, about 24 days" : nil
            })
    }
}

// MARK: Choices

extension ValueSyntax {
    /// One of several words.
    package static func choice(_ choices: KeyValuePairs<String, Value>) -> Self where Value: Equatable {
        let choices = choices.map { (word: $0.key, value: $0.value) }
        return ValueSyntax(
            expectation: choices.map(\.word).alternatives,
            parse: { text in choices.first { $0.word == text }?.value },
            text: { value in choices.first { $0.value == value }?.word ?? "\(value)" }, words: choices.map(\.word))
    }
}

extension ValueSyntax where Value: CaseIterable & RawRepresentable<String> {
    /// One of the type's raw values, exactly.
    package static var choice: Self {
        ValueSyntax(
            expectation: Value.allCases.map(\.rawValue).alternatives, parse: { Value(rawValue: $0) },
            text: { $0.rawValue }, words: Value.allCases.map(\.rawValue))
    }
}

extension [String] {
    fileprivate var alternatives: String {
        (count < 2 ? "" : dropLast().joined(separator: ", ") + " or ") + (last ?? "")
    }
}

// MARK: Names, paths, addresses

extension ValueSyntax where Value == String {
    /// Any text but an empty one.
    package static var text: Self {
        ValueSyntax(expectation: "a text that is not empty", parse: { $0.isEmpty ? nil : $0 }, text: { $0 })
    }

    /// A name that Kafka accepts for topics, groups and group members.
    package static func kafkaName(upTo maxLength: Int = KafkaName.maxLength) -> Self {
        ValueSyntax(
            expectation: "1 to \(maxLength) letters, digits, '.', '_' or '-', and not '.' or '..'",
            parse: { KafkaName.problem(of: $0) == nil && $0.utf8.count <= maxLength ? $0 : nil }, text: { $0 })
    }

    /// The path of a file or directory, not looked at yet.
    package static var path: Self {
        ValueSyntax(
            expectation: "a path", parse: { $0.isEmpty || $0.utf8.contains(0) ? nil : $0 }, text: { $0 },
            problem: { $0.isEmpty ? "the path is empty" : nil })
    }

    /// HOST:PORT; an IPv6 address stands in brackets.
    package static var address: Self {
        ValueSyntax(
            expectation: "HOST:PORT, with a port from 1 to 65535", parse: { Self.address(in: $0[...]) }, text: { $0 },
            problem: { Self.address(in: $0[...]) == nil ? "\"\($0)\", but it has to be HOST:PORT" : nil })
    }

    fileprivate static func address(in text: Substring) -> String? {
        let trimmed = text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
        let address = InstanceAddress(String(trimmed))
        return address.map { $0.port > 0 } == true ? String(trimmed) : nil
    }
}

extension ValueSyntax where Value == [String] {
    /// One or more HOST:PORT, separated by commas.
    package static var addresses: Self {
        ValueSyntax(
            expectation: "HOST:PORT, or several separated by commas, with ports from 1 to 65535",
            parse: { text in
                let parts = text.split(separator: ",", omittingEmptySubsequences: false)
                let addresses = parts.compactMap { ValueSyntax<String>.address(in: $0) }
                return addresses.count == parts.count ? addresses : nil
            },
            text: { $0.joined(separator: ",") },
            problem: { $0.isEmpty ? "at least one HOST:PORT is needed" : nil }, isList: true)
    }
}
