import ClusterCore

/// Tells the configs of topics and brokers.
enum DescribeConfigs {
    struct Request: WireRequest {
        typealias Response = DescribeConfigs.Response
        static let api = API.describeConfigs

        var resources: [Resource] = []
        var includeSynonyms = false
        var includeDocumentation = false

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&resources)
            try coder.field(&includeSynonyms, since: 1)
            try coder.field(&includeDocumentation, since: 3)
        }

        struct Resource: WireStructure {
            var type: Int8 = 0
            var name = ""
            /// Nil: all there are.
            var keys: [String]?

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&type)
                try coder.field(&name)
                try coder.field(&keys)
            }
        }
    }

    struct Response: WireResponse {
        static let api = API.describeConfigs

        var throttleTimeMs: Int32 = 0
        var resources: [Resource] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs)
            try coder.field(&resources)
        }

        struct Resource: WireStructure {
            var error = KafkaErrorCode.none
            var errorMessage: String?
            var type: Int8 = 0
            var name = ""
            var configs: [Config] = []

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&error)
                try coder.field(&errorMessage)
                try coder.field(&type)
                try coder.field(&name)
                try coder.field(&configs)
            }
        }

        struct Config: WireStructure {
            var name = ""
            var value: String?
            var isReadOnly = false
            var isDefault = false
            var source: Int8 = -1
            var isSensitive = false
            var synonyms: [Synonym] = []
            var type: Int8 = 0
            var documentation: String?

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&name)
                try coder.field(&value)
                try coder.field(&isReadOnly)
                try coder.field(&isDefault, until: 0)
                try coder.field(&source, since: 1)
                try coder.field(&isSensitive)
                try coder.field(&synonyms, since: 1)
                try coder.field(&type, since: 3)
                try coder.field(&documentation, since: 3)
            }
        }

        struct Synonym: WireStructure {
            var name = ""
            var value: String?
            var source: Int8 = -1

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&name)
                try coder.field(&value)
                try coder.field(&source)
            }
        }
    }
}
