import ClusterCore

extension Broker {
    func describeConfigs(_ request: DescribeConfigs.Request, _ call: Call) -> DescribeConfigs.Response {
        var response = DescribeConfigs.Response()
        let asked = request.resources.withoutRepetitions { ConfigResourceName(type: $0.type, name: $0.name) }
        response.resources = asked.map { resource in
            var answer = DescribeConfigs.Response.Resource()
            answer.type = resource.type
            answer.name = resource.name
            do throws(KafkaError) {
                let wanted = resource.keys ?? []
                answer.configs = try cluster.describeConfigs(ConfigResource(type: resource.type, name: resource.name))
                    .filter { wanted.isEmpty || wanted.contains($0.name) }
                    .map { DescribeConfigs.Response.Config($0, withSynonyms: request.includeSynonyms) }
            } catch {
                answer.error = error.code
                answer.errorMessage = error.message
            }
            return answer
        }
        return response
    }

    func alterConfigs(_ request: AlterConfigs.Request, _: Call) -> AlterConfigs.Response {
        var response = AlterConfigs.Response()
        response.resources = request.resources.map { resource in
            alter(resource.type, resource.name) { target throws(KafkaError) in
                try cluster.alterConfigs(
                    target, to: Dictionary(resource.configs.map { ($0.name, $0.value) }) { $1 },
                    validateOnly: request.validateOnly, nowMs: nowMs)
            }
        }
        return response
    }

    func incrementalAlterConfigs(
        _ request: IncrementalAlterConfigs.Request, _: Call
    ) -> IncrementalAlterConfigs.Response {
        var response = IncrementalAlterConfigs.Response()
        response.resources = request.resources.map { resource in
            alter(resource.type, resource.name) { target throws(KafkaError) in
                var operations: [ConfigOperation] = []
                for config in resource.configs {
                    guard let kind = ConfigOperation.Kind(rawValue: config.operation) else {
                        throw KafkaError(.invalidRequest, "Unknown operation \(config.operation).")
                    }
                    operations.append(ConfigOperation(kind, config.name, config.value))
                }
                try cluster.incrementalAlterConfigs(
                    target, operations, validateOnly: request.validateOnly, nowMs: nowMs)
            }
        }
        return response
    }

    private func alter(
        _ type: Int8, _ name: String, _ change: (ConfigResource) throws(KafkaError) -> Void
    ) -> AlteredResource {
        var answer = AlteredResource()
        answer.type = type
        answer.name = name
        do throws(KafkaError) {
            try change(try ConfigResource(type: type, name: name))
        } catch {
            answer.error = error.code
            answer.errorMessage = error.message
        }
        return answer
    }
}

private struct ConfigResourceName: Hashable {
    var type: Int8
    var name: String
}

extension ConfigResource {
    private static let topicType: Int8 = 2
    private static let brokerType: Int8 = 4

    /// - Throws: INVALID_REQUEST for a resource that is neither a topic nor a broker.
    init(type: Int8, name: String) throws(KafkaError) {
        switch type {
        case Self.topicType: self = .topic(name)
        case Self.brokerType: self = .broker(name)
        default: throw KafkaError(.invalidRequest, "Unsupported resource type \(type).")
        }
    }
}

extension DescribeConfigs.Response.Config {
    init(_ entry: ConfigEntry, withSynonyms: Bool) {
        self.init(
            name: entry.name, value: entry.value, isReadOnly: entry.isReadOnly,
            isDefault: entry.source == .defaultConfig, source: entry.source.rawValue,
            isSensitive: entry.type == .password, type: entry.type.rawValue)
        if withSynonyms {
            synonyms = [
                DescribeConfigs.Response.Synonym(name: entry.name, value: entry.value, source: entry.source.rawValue)
            ]
        }
    }
}
