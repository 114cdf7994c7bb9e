import ClusterCore

/// Begins an authentication. The broker supports none, and the answer says so, so that the client can report it.
enum SaslHandshake {
    struct Request: WireRequest {
        typealias Response = SaslHandshake.Response
        static let api = API.saslHandshake

        var mechanism = ""

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&mechanism)
        }
    }

    struct Response: WireResponse {
        static let api = API.saslHandshake

        var error = KafkaErrorCode.none
        var mechanisms: [String] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&error)
            try coder.field(&mechanisms)
        }
    }
}
