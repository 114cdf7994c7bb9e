import ClusterCore

/// Describes the cluster (KIP-700).
enum DescribeCluster {
    struct Request: WireRequest {
        typealias Response = DescribeCluster.Response
        static let api = API.describeCluster

        var includeClusterAuthorizedOperations = false
        /// 1: brokers. 2: controllers.
        var endpointType: Int8 = 1

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&includeClusterAuthorizedOperations)
            try coder.field(&endpointType, since: 1)
        }
    }

    struct Response: WireResponse {
        static let api = API.describeCluster

        var throttleTimeMs: Int32 = 0
        var error = KafkaErrorCode.none
        var errorMessage: String?
        var endpointType: Int8 = 1
        var clusterID = ""
        var controllerID: Int32 = -1
        var brokers: [Broker] = []
        var clusterAuthorizedOperations = AuthorizedOperations.notAsked

        mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
            try coder.field(&throttleTimeMs)
            try coder.field(&error)
            try coder.field(&errorMessage)
            try coder.field(&endpointType, since: 1)
            try coder.field(&clusterID)
            try coder.field(&controllerID)
            try coder.field(&brokers)
            try coder.field(&clusterAuthorizedOperations)
        }

        struct Broker: WireStructure {
            var nodeID: Int32 = 0
            var host = ""
            var port: Int32 = 0
            var rack: String?

            mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage) {
                try coder.field(&nodeID)
                try coder.field(&host)
                try coder.field(&port)
                try coder.field(&rack)
            }
        }
    }
}
