import ClusterCore

/// Replaces all configs of a topic.
enum AlterConfigs {
    struct Request: WireRequest {
        typealias Response = AlterConfigs.Response
        static let api = API.alterConfigs

        var resources: [Resource] = []
        var validateOnly = false

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&resources)
            try coder.field(&validateOnly)
        }

        struct Resource: WireStructure {
            var type: Int8 = 0
            var name = ""
            /// All configs that differ from the defaults afterwards.
            var configs: [Config] = []

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&type)
                try coder.field(&name)
                try coder.field(&configs)
            }
        }

        struct Config: WireStructure {
            var name = ""
            var value: String?

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&name)
                try coder.field(&value)
            }
        }
    }

    struct Response: WireResponse {
        static let api = API.alterConfigs

        var throttleTimeMs: Int32 = 0
        var resources: [AlteredResource] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs)
            try coder.field(&resources)
        }
    }
}

/// The outcome of the changes to one resource, in AlterConfigs and IncrementalAlterConfigs.
struct AlteredResource: WireStructure {
    var error = KafkaErrorCode.none
    var errorMessage: String?
    var type: Int8 = 0
    var name = ""

    mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
        try coder.field(&error)
        try coder.field(&errorMessage)
        try coder.field(&type)
        try coder.field(&name)
    }
}
