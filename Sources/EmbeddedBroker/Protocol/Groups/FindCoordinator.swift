import ClusterCore

/// Tells which broker coordinates a group or a transactional id.
enum FindCoordinator {
    struct Request: WireRequest {
        typealias Response = FindCoordinator.Response
        static let api = API.findCoordinator

        var key = ""
        /// 0: a group. 1: a transactional id.
        var keyType: Int8 = 0
        /// Since version 4, in place of `key`.
        var keys: [String] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&key, until: 3)
            try coder.field(&keyType, since: 1)
            try coder.field(&keys, since: 4)
        }
    }

    struct Response: WireResponse {
        static let api = API.findCoordinator

        var throttleTimeMs: Int32 = 0
        /// Until version 3: the only coordinator.
        var coordinator = Coordinator()
        /// Since version 4: one for each key.
        var coordinators: [Coordinator] = []

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs, since: 1)
            try coder.field(&coordinator.error, until: 3)
            try coder.field(&coordinator.errorMessage, since: 1, until: 3)
            try coder.field(&coordinator.nodeID, until: 3)
            try coder.field(&coordinator.host, until: 3)
            try coder.field(&coordinator.port, until: 3)
            try coder.field(&coordinators, since: 4)
        }

        struct Coordinator: WireStructure {
            var key = ""
            var nodeID: Int32 = -1
            var host = ""
            var port: Int32 = -1
            var error = KafkaErrorCode.none
            var errorMessage: String?

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&key)
                try coder.field(&nodeID)
                try coder.field(&host)
                try coder.field(&port)
                try coder.field(&error)
                try coder.field(&errorMessage)
            }
        }
    }
}
