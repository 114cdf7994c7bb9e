package import Millrace
import RiskScore

extension Loop {
    /// The loop as a topology.
    package func topology() throws -> Topology {
        let builder = StreamsBuilder()
        switch self {
        case .stateless:
            builder.stream(inputTopic, key: .string, value: .int64)
                .filter { _, value in value % 4 != 0 }
                .map { key, value in (key, value + 1) }
                .to("output", key: .string, value: .int64)
        case .stateful:
            builder.stream(inputTopic, key: .string, value: .double)
                .groupByKey()
                .aggregate(into: .store("store", value: .double).withoutCache(), initial: 0) { _, value, highest in
                    max(value, highest)
                }
                .toStream()
                .to("output")
        case .risk:
            // No score reaches the threshold: the hand-written loop has only one output.
            RiskScoreTopology(alertThreshold: 2).define(in: builder)
        }
        return try builder.build()
    }
}
