/// The reason why a client cannot talk to a broker, from its log lines.
///
/// librdkafka answers a call to an unreachable cluster with no more than "timed out" or "all brokers down"; the address and the
/// reason are in a log line that a broker thread wrote earlier. This remembers that line.
struct ConnectionDiagnosis: Sendable {
    /// The latest connection failure, starting with the broker's address.
    private(set) var lastFailure: String?
    private(set) var sawUnreadableApiVersions = false

    /// Notes a line if it is about a connection.
    mutating func observe(facility: String, message: String) {
        guard facility == "FAIL" || facility == "ERROR" || Self.isUnreadableApiVersions(message) else { return }
        let line = Self.withoutThreadName(message)
        if Self.isUnreadableApiVersions(message) { sawUnreadableApiVersions = true }
        if facility == "FAIL" { lastFailure = line }
    }

    /// A sentence that says what to do, or nil if nothing went wrong so far.
    func sentence(version: LibrdkafkaVersion = .current) -> String? {
        guard let lastFailure else {
            return sawUnreadableApiVersions ? Self.unreadableApiVersions(version) : nil
        }
        guard sawUnreadableApiVersions else { return "Last connection failure: \(lastFailure)." }
        return "\(Self.unreadableApiVersions(version)) Last connection failure: \(lastFailure)."
    }

    private static func isUnreadableApiVersions(_ message: String) -> Bool {
        message.contains("broker version < 0.10") || message.contains("Read underflow")
            || message.contains("read buffer underflow")
    }

    private static func unreadableApiVersions(_ version: LibrdkafkaVersion) -> String {
        if version.readsTaggedFieldsInApiVersions {
            return
                "The broker's answer to ApiVersions cannot be read: is it a Kafka broker, and the listener the right one?"
        }
        return "librdkafka \(version) cannot read this broker's answer to ApiVersions (it has tagged fields): "
            + "install librdkafka 2.2.0 or newer."
    }

    /// Drops librdkafka's `[thrd:…]: ` in front of a line.
    private static func withoutThreadName(_ message: String) -> String {
        guard message.hasPrefix("[thrd:"), let end = message.range(of: "]: ") else { return message }
        return String(message[end.upperBound...])
    }
}

extension String {
    /// The first occurrence of `needle`; the standard library alone offers this for characters only.
    fileprivate func range(of needle: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(needle) { return start..<index(start, offsetBy: needle.count) }
            start = index(after: start)
        }
        return nil
    }

    fileprivate func contains(_ needle: String) -> Bool { range(of: needle) != nil }
}
