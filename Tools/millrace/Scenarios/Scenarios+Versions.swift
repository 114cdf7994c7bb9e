import Millrace
public import MillraceTesting

extension Scenarios {
    /// Prices that come out of order in a versioned table, each with the price of a while before it. The history is longer than
    /// the whole run, for stream time is each partition's own.
    public static var versionedTable: Simulation {
        Simulation(
            "versioned-table", topics: ["prices": 3, "price-changes": 3], outputs: ["price-changes"],
            define: { builder in
                builder.table(
                    "prices", key: .string, value: .string,
                    into: .versioned("prices", historyRetention: .seconds(86_400))
                )
                .toStream()
                .process(stores: ["prices"]) { (context: ProcessorContext<String, String>) in
                    let prices = try context.versionedKeyValueStore("prices", key: .string, value: .string)
                    return { record in
                        guard let key = record.key else { return }
                        let before = try prices.get(key, asOfMs: record.timestampMs - 50)
                        let latest = try prices.get(key)
                        let texts = [before, latest].map { $0.map { "\($0.value)@\($0.timestampMs)" } ?? "none" }
                        try context.forward(record.with(value: "\(record.value ?? "none") \(texts)"))
                    }
                }
                .to("price-changes")
            },
            inputs: { random in
                (0..<80).map { number in
                    let isDeletion = Int.random(in: 0..<6, using: &random) == 0
                    return SimulatedRecord(
                        topic: "prices", key: Array("product-\(Int.random(in: 0..<6, using: &random))".utf8),
                        value: isDeletion ? nil : Array("price-\(number)".utf8),
                        timestampMs: Int64(number * 10 + Int.random(in: 0..<400, using: &random)))
                }
            })
    }
}
