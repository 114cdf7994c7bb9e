import Millrace
public import MillraceTesting

extension Scenarios {
    /// Orders joined with products by a foreign key: subscriptions and answers between two sub-topologies whose topics have
    /// different numbers of partitions. Which results come in between depends on which side comes first, so only the last
    /// value of each key is given; and nothing is deleted, for the answer to a deletion may come too late to be told from
    /// those to what came after it, here as in Kafka Streams.
    public static var foreignKeyJoin: Simulation {
        var simulation = Simulation(
            "foreign-key-join", topics: ["orders": 3, "products": 2, "lines": 3], outputs: ["lines"],
            define: { builder in
                let orders = builder.table(
                    "orders", key: .string, value: .string, into: Materialized.store("orders").withoutCache())
                let products = builder.table(
                    "products", key: .string, value: .string, into: Materialized.store("products").withoutCache())
                orders.join(products, named: "order-lines") { _, order in
                    order.split(separator: " ").last.map(String.init)
                } joiner: { order, product in
                    "\(order): \(product)"
                }.toStream().to("lines")
            },
            inputs: { random in
                (0..<80).map { number in
                    let isOrder = Int.random(in: 0..<3, using: &random) > 0
                    let product = "product-\(Int.random(in: 0..<4, using: &random))"
                    let key = isOrder ? "order-\(Int.random(in: 0..<8, using: &random))" : product
                    let value = isOrder ? "\(number) of \(product)" : "title-\(number)"
                    return SimulatedRecord(
                        topic: isOrder ? "orders" : "products", key: Array(key.utf8),
                        value: Array(value.utf8), timestampMs: Int64(number * 10))
                }
            })
        simulation.comparison = .lastValues
        // A subscription says which partition its order is in.
        simulation.comparesStores = false
        return simulation
    }

    /// Clicks joined with the views that they follow: two windows in one task. Each view has one click, so that each key has
    /// one result, whichever of the two comes first.
    public static var streamJoin: Simulation {
        var simulation = Simulation(
            "stream-join", topics: ["views": 3, "clicks": 3, "followed": 3], outputs: ["followed"],
            define: { builder in
                let views = builder.stream("views", key: .string, value: .string)
                let clicks = builder.stream("clicks", key: .string, value: .string)
                views.join(
                    clicks, within: .difference(.milliseconds(400), grace: .seconds(3_600)), as: .store("view-clicks")
                ) { "\($0) followed by \($1)" }.to("followed")
            },
            inputs: { random in
                var records: [SimulatedRecord] = []
                for number in 0..<40 {
                    let key = Array("view-\(number)".utf8)
                    let timestampMs = Int64(number * 50)
                    records.append(
                        SimulatedRecord(
                            topic: "views", key: key, value: Array("page-\(number)".utf8), timestampMs: timestampMs))
                    let laterMs = Int64(Int.random(in: 0..<800, using: &random))
                    records.append(
                        SimulatedRecord(
                            topic: "clicks", key: key, value: Array("click-\(number)".utf8),
                            timestampMs: timestampMs + laterMs))
                }
                return records.sorted { $0.timestampMs < $1.timestampMs }
            })
        // The records of a window are numbered by task.
        simulation.comparesStores = false
        return simulation
    }
}
