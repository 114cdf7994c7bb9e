import CRdkafka

/// Something that has configuration entries.
package enum ConfigResource: Sendable, Hashable, CustomStringConvertible {
    case topic(String)
    case broker(Int32)

    package var description: String {
        switch self {
        case .topic(let name): "topic \(name)"
        case .broker(let id): "broker \(id)"
        }
    }

    fileprivate var name: String {
        switch self {
        case .topic(let name): name
        case .broker(let id): String(id)
        }
    }

    fileprivate var type: rd_kafka_ResourceType_t {
        switch self {
        case .topic: RD_KAFKA_RESOURCE_TOPIC
        case .broker: RD_KAFKA_RESOURCE_BROKER
        }
    }
}

/// The value of one configuration entry.
package struct ConfigValue: Sendable, Hashable {
    /// nil for passwords and the like.
    package var value: String?
    /// True if nobody set it for this resource.
    package var isDefault: Bool
    package var isReadOnly: Bool
}

extension KafkaAdmin {
    /// The configuration of a topic or broker, by entry name.
    package func describeConfigs(
        _ resource: ConfigResource, timeoutMs: Int32
    ) throws(KafkaError) -> [String: ConfigValue] {
        var requests: [OpaquePointer?] = [rd_kafka_ConfigResource_new(resource.type, resource.name)]
        defer { for request in requests { rd_kafka_ConfigResource_destroy(request) } }
        return try request(
            RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, "describe \(resource)", timeoutMs: timeoutMs,
            submit: { rd_kafka_DescribeConfigs(client.pointer, &requests, requests.count, $0, $1) },
            read: { event throws(KafkaError) in
                let result = rd_kafka_event_DescribeConfigs_result(event)
                guard let described = adminArray({ rd_kafka_DescribeConfigs_result_resources(result, $0) }).first else {
                    throw client.error(RD_KAFKA_RESP_ERR__FAIL, "describe \(resource)")
                }
                try check(described, "describe \(resource)")
                var values: [String: ConfigValue] = [:]
                for entry in adminArray({ rd_kafka_ConfigResource_configs(described, $0) }) {
                    values[String(cString: rd_kafka_ConfigEntry_name(entry))] = ConfigValue(entry)
                }
                return values
            })
    }

    /// Replaces the settings of a topic or broker: an entry that is not listed returns to its default (AlterConfigs; librdkafka
    /// 2.0.2 has no incremental form).
    package func alterConfigs(
        _ resource: ConfigResource, to configs: [String: String], timeoutMs: Int32
    ) throws(KafkaError) {
        var requests: [OpaquePointer?] = [rd_kafka_ConfigResource_new(resource.type, resource.name)]
        defer { for request in requests { rd_kafka_ConfigResource_destroy(request) } }
        for (name, value) in configs.sorted(by: { $0.key < $1.key }) {
            try client.check(rd_kafka_ConfigResource_set_config(requests[0], name, value), "alter \(resource)")
        }
        try request(
            RD_KAFKA_ADMIN_OP_ALTERCONFIGS, "alter \(resource)", timeoutMs: timeoutMs,
            submit: { rd_kafka_AlterConfigs(client.pointer, &requests, requests.count, $0, $1) },
            read: { event throws(KafkaError) in
                let result = rd_kafka_event_AlterConfigs_result(event)
                for altered in adminArray({ rd_kafka_AlterConfigs_result_resources(result, $0) }) {
                    try check(altered, "alter \(resource)")
                }
            })
    }

    private func check(_ resource: OpaquePointer, _ operation: String) throws(KafkaError) {
        let code = rd_kafka_ConfigResource_error(resource)
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        throw client.error(
            code, operation, message: rd_kafka_ConfigResource_error_string(resource).map { String(cString: $0) })
    }
}

extension ConfigValue {
    fileprivate init(_ entry: OpaquePointer) {
        value = rd_kafka_ConfigEntry_value(entry).map { String(cString: $0) }
        isDefault = rd_kafka_ConfigEntry_is_default(entry) == 1
        isReadOnly = rd_kafka_ConfigEntry_is_read_only(entry) == 1
    }
}
