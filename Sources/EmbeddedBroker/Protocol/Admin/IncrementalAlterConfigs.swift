/// Changes some configs of a topic (KIP-339).
enum IncrementalAlterConfigs {
    struct Request: WireRequest {
        typealias Response = IncrementalAlterConfigs.Response
        static let api = API.incrementalAlterConfigs

        var resources: [Resource] = []
        var validateOnly = false

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&resources)
            try coder.field(&validateOnly)
        }

        struct Resource: WireStructure {
            var type: Int8 = 0
            var name = ""
            var configs: [Config] = []

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&type)
                try coder.field(&name)
                try coder.field(&configs)
            }
        }

        struct Config: WireStructure {
            var name = ""
            /// 0: set. 1: delete. 2: append. 3: subtract.
            var operation: Int8 = 0
            var value: String?

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&name)
                try coder.field(&operation)
                try coder.field(&value)
            }
        }
    }

    struct Response: WireResponse {
        static let api = API.incrementalAlterConfigs

        var throttleTimeMs: Int32 = 0
        var resources: [AlteredResource] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs)
            try coder.field(&resources)
        }
    }
}
