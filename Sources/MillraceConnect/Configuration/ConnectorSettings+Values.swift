import Millrace

extension ConnectorSettings {
    // MARK: Texts

    /// Returns a text that is not empty.
    ///
    /// - Parameters:
    ///   - key: the setting's name.
    ///   - fallback: the value if the setting is missing; without one it has to be given.
    public func text(_ key: String, default fallback: String? = nil) -> String {
        value(key, .text, default: fallback, standIn: "")
    }

    /// Returns a text that is not empty; `nil` if the setting is missing, or wrong and reported.
    ///
    /// - Parameter key: the setting's name.
    public func optionalText(_ key: String) -> String? { value(key, .text) }

    /// Returns the name of a topic.
    ///
    /// - Parameters:
    ///   - key: the setting's name.
    ///   - fallback: the value if the setting is missing; without one it has to be given.
    public func topic(_ key: String, default fallback: String? = nil) -> String {
        value(key, .kafkaName(), default: fallback, standIn: "")
    }

    /// Returns texts: one, or an array of them.
    ///
    /// - Parameters:
    ///   - key: the setting's name.
    ///   - fallback: the value if the setting is missing; without one it has to be given, and may not be empty.
    public func list(_ key: String, default fallback: [String]? = nil) -> [String] {
        guard let member = member(key) else {
            if fallback == nil { reportMissing(key) }
            return fallback ?? []
        }
        let elements = if case .array(let elements) = member { elements } else { [member] }
        let texts = elements.compactMap(\.scalarText).filter { !$0.isEmpty }
        if texts.count == elements.count, !texts.isEmpty || fallback != nil { return texts }
        report("must be a text, or an array of texts that are not empty", at: key)
        return fallback ?? []
    }

    /// Returns addresses of hosts, each `HOST:PORT`: one, or an array of them.
    ///
    /// - Parameters:
    ///   - key: the setting's name.
    ///   - fallback: the value if the setting is missing; without one it has to be given.
    public func addresses(_ key: String, default fallback: [String]? = nil) -> [String] {
        value(key, .addresses, default: fallback, standIn: [])
    }

    // MARK: Numbers, times and choices

    /// Returns a whole number.
    ///
    /// - Parameters:
    ///   - key: the setting's name.
    ///   - range: the numbers that are allowed.
    ///   - fallback: the value if the setting is missing; without one it has to be given.
    public func number(_ key: String, in range: ClosedRange<Int>, default fallback: Int? = nil) -> Int {
        value(key, .number(in: range), default: fallback, standIn: range.lowerBound)
    }

    /// Returns a whole number; `nil` if the setting is missing, or wrong and reported.
    ///
    /// - Parameters:
    ///   - key: the setting's name.
    ///   - range: the numbers that are allowed.
    public func optionalNumber(_ key: String, in range: ClosedRange<Int>) -> Int? { value(key, .number(in: range)) }

    /// Returns true or false.
    ///
    /// - Parameters:
    ///   - key: the setting's name.
    ///   - fallback: the value if the setting is missing; without one it has to be given.
    public func boolean(_ key: String, default fallback: Bool? = nil) -> Bool {
        value(key, .choice(["true": true, "false": false]), default: fallback, standIn: false)
    }

    /// Returns a time, which is written with its unit: `100ms`, `30s`, `5m`, `1h`, `7d`.
    ///
    /// - Parameters:
    ///   - key: the setting's name.
    ///   - range: the times that are allowed; up to a year by default.
    ///   - fallback: the value if the setting is missing; without one it has to be given.
    public func duration(
        _ key: String, in range: ClosedRange<Duration> = .zero...(.seconds(365 * 86_400)),
        default fallback: Duration? = nil
    ) -> Duration {
        value(key, .duration(in: range), default: fallback, standIn: range.lowerBound)
    }

    /// Returns a time; `nil` if the setting is missing, or wrong and reported.
    ///
    /// - Parameters:
    ///   - key: the setting's name.
    ///   - range: the times that are allowed; up to a year by default.
    public func optionalDuration(
        _ key: String, in range: ClosedRange<Duration> = .zero...(.seconds(365 * 86_400))
    ) -> Duration? {
        value(key, .duration(in: range))
    }

    /// Returns one of the words of a type.
    ///
    /// - Parameters:
    ///   - key: the setting's name.
    ///   - type: the type whose raw values are the words; it has at least one case.
    ///   - fallback: the value if the setting is missing.
    public func choice<Choice: CaseIterable & RawRepresentable<String> & Sendable>(
        _ key: String, of type: Choice.Type = Choice.self, default fallback: Choice
    ) -> Choice {
        value(key, .choice) ?? fallback
    }

    /// Returns a number of replicas; −1, for the broker's default, if the setting is missing.
    package func replicationFactor(_ key: String) -> Int16 { value(key, .replicationFactor) ?? -1 }
}
