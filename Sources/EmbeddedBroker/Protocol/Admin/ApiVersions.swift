import ClusterCore

/// Tells which versions of which requests the broker answers.
enum ApiVersions {
    struct Request: WireRequest {
        typealias Response = ApiVersions.Response
        static let api = API.apiVersions

        var clientSoftwareName = ""
        var clientSoftwareVersion = ""

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&clientSoftwareName, since: 3)
            try coder.field(&clientSoftwareVersion, since: 3)
        }
    }

    struct Response: WireResponse {
        static let api = API.apiVersions

        var error = KafkaErrorCode.none
        var apis: [Range] = []
        var throttleTimeMs: Int32 = 0

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&error)
            try coder.field(&apis)
            try coder.field(&throttleTimeMs, since: 1)
        }

        struct Range: WireStructure {
            var apiKey: Int16 = 0
            var minVersion: Int16 = 0
            var maxVersion: Int16 = 0

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&apiKey)
                try coder.field(&minVersion)
                try coder.field(&maxVersion)
            }
        }
    }
}
