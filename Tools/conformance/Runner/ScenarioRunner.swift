package import Millrace
package import MillraceTesting

/// Runs scenarios through the test driver and compares everything that was recorded.
package enum ScenarioRunner {
    /// Runs a scenario.
    ///
    /// - Parameters:
    ///   - stores: the engine of the stores.
    ///   - afterStep: is called with the driver after each step.
    /// - Throws: `ScenarioError` with the first difference or with the unsupported operation or field; the library's errors.
    package static func run(
        _ scenario: Scenario, stores: StoreSupplier = .rocksDB,
        afterStep: (TopologyTestDriver) throws -> Void = { _ in }
    ) throws {
        let builder = ScenarioBuilder(stores: stores)
        let topology = try builder.build(scenario)
        try Comparison.description(topology.describe(), with: scenario.description)
        let driver = try TopologyTestDriver(topology)
        for (index, step) in scenario.steps.enumerated() {
            try perform(step, on: driver)
            try Comparison.topics(output(of: driver), with: scenario.outputs[index], at: "step \(index)")
            try afterStep(driver)
        }
        let stores = try contents(of: topology, in: driver, as: builder)
        try Comparison.topics(stores, with: scenario.stores, at: "final store")
    }

    private static func perform(_ step: Scenario.Step, on driver: TopologyTestDriver) throws {
        switch step {
        case .advanceWallClock(let milliseconds): try driver.advanceWallClock(by: .milliseconds(milliseconds))
        case .record(let topic, let entry, let timestampMs):
            let headers = entry.headers.map { Header(name: $0.name, value: Array($0.value.utf8)) }
            try driver.inputTopic(topic, key: .string, value: .string).pipe(
                key: entry.key, value: entry.value, timestampMs: timestampMs, headers: Headers(headers))
        }
    }

    private static func output(of driver: TopologyTestDriver) throws -> [String: [Scenario.Entry]] {
        var output: [String: [Scenario.Entry]] = [:]
        for topic in driver.unreadTopics {
            let text = topic.hasPrefix("app-") ? hex : utf8
            output[topic] = try driver.outputTopic(topic, key: .bytes, value: .bytes).readRecords().map { record in
                Scenario.Entry(
                    key: record.key.map(text), value: record.value.map(text),
                    timestampMs: record.timestampMs < 0 ? nil : record.timestampMs,
                    headers: record.headers.map { .init(name: $0.name, value: $0.value.map(text) ?? "null") })
            }
        }
        return output
    }

    private static func contents(
        of topology: Topology, in driver: TopologyTestDriver, as builder: ScenarioBuilder
    ) throws -> [String: [Scenario.Entry]] {
        var contents: [String: [Scenario.Entry]] = [:]
        for store in topology.subtopologies.flatMap(\.stores) where store.kind == .timestampedKeyValue {
            let view = driver.keyValueStore(store.name, key: .bytes, value: .bytes)
            var entries: [Scenario.Entry] = []
            try view?.scan { key, stored in
                let isSubscription = builder.subscriptionStores.contains(store.name)
                entries.append(
                    Scenario.Entry(
                        key: isSubscription ? SubscriptionText.key(key) : utf8(key),
                        value: try text(stored.value, in: store.name, as: builder), timestampMs: stored.timestampMs))
                return true
            }
            contents[store.name] = entries
        }
        return contents
    }

    private static func text(_ value: [UInt8], in store: String, as builder: ScenarioBuilder) throws -> String {
        if builder.countStores.contains(store) { return String(try Serde.int64.value(from: value)) }
        if builder.subscriptionStores.contains(store) { return try SubscriptionText.value(value) }
        return try Serde.string.value(from: value)
    }

    private static let utf8: @Sendable ([UInt8]) -> String = { String(decoding: $0, as: UTF8.self) }

    private static let hex: @Sendable ([UInt8]) -> String = { bytes in
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
