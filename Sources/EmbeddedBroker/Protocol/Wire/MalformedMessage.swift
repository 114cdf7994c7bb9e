/// Bytes that are no message of the Kafka protocol.
struct MalformedMessage: Error, Hashable, CustomStringConvertible {
    /// A text that says what is wrong with them.
    let description: String

    init(_ description: String) {
        self.description = description
    }

    static func cutShort(_ what: String) -> Self {
        Self("\(what) reaches beyond the end of the message")
    }
}
