import Millrace
import MillraceTesting

/// Orders are joined with products by a foreign key: subscriptions and answers go between two sub-topologies whose topics have
/// different numbers of partitions. Answers come in any order, but the last result has to be right.
extension StatefulOperator {
    static var foreignKeyJoins: [StatefulOperator] { [foreignKeyJoin, foreignKeyLeftJoin] }

    /// An inner join does not always get an answer: if an order keeps its product, or had none before, only a product with a
    /// value answers. If a deletion of the result is still on its way, it is stale by then and nothing repeats it, here as in
    /// Kafka Streams. So only orders that had another product before refer to products that come and go.
    private static var foreignKeyJoin: StatefulOperator {
        foreignKeyJoin(
            "foreign-key-join", "KTable.join(KTable, on)",
            define: { orders, products in
                orders.join(products, named: "order-lines", on: { _, order in product(of: order) }) { "\($0): \($1)" }
            },
            nextProduct: { last, random in
                let lasting = 2
                guard let last else { return Int.random(in: 0..<lasting, using: &random) }
                if Int.random(in: 0..<4, using: &random) == 0 { return nil }
                let next = Int.random(in: 0..<productCount, using: &random)
                return next == last && next >= lasting ? (next + 1) % productCount : next
            }, lastingProducts: 2)
    }

    private static var foreignKeyLeftJoin: StatefulOperator {
        foreignKeyJoin(
            "foreign-key-left-join", "KTable.leftJoin(KTable, on)",
            define: { orders, products in
                orders.leftJoin(products, named: "order-lines", on: { _, order in product(of: order) }) {
                    "\($0): \($1 ?? "none")"
                }
            },
            nextProduct: { _, random in
                let next = Int.random(in: 0...productCount, using: &random)
                return next == productCount ? nil : next
            }, lastingProducts: 0)
    }

    private static let productCount = 4

    private static func product(of order: String) -> String? {
        order.split(separator: " ").last.map(String.init).flatMap { $0 == "nothing" ? nil : $0 }
    }

    /// - Parameters:
    ///   - nextProduct: chooses an order's next product from its last one; `nil` means none.
    ///   - lastingProducts: the number of products that exist before the first order and are never deleted.
    private static func foreignKeyJoin(
        _ name: String, _ call: String,
        define: @escaping @Sendable (KTable<String, String>, KTable<String, String>) -> KTable<String, String>,
        nextProduct: @escaping @Sendable (_ last: Int?, inout SeededRandom) -> Int?, lastingProducts: Int
    ) -> StatefulOperator {
        StatefulOperator(
            name, [call], from: ["orders", "products"], to: ["lines"],
            define: { builder in
                let orders = builder.table(
                    "orders", key: .string, value: .string, into: .store("orders").withoutCache())
                let products = builder.table(
                    "products", key: .string, value: .string, into: .store("products").withoutCache())
                define(orders, products).toStream().to("lines")
            },
            records: { random in
                let lasting = (0..<lastingProducts).map {
                    SimulatedRecord("products", "product-\($0)", "title", atMs: 0)
                }
                var products: [Int: Int] = [:]
                let changes = (0..<80).map { number in
                    let atMs = Int64(number * 10)
                    if Int.random(in: 0..<3, using: &random) == 0 {
                        let product = Int.random(in: 0..<productCount, using: &random)
                        let isGone = product >= lastingProducts && Int.random(in: 0..<3, using: &random) == 0
                        return SimulatedRecord(
                            "products", "product-\(product)", isGone ? nil : "title-\(number)", atMs: atMs)
                    }
                    let order = Int.random(in: 0..<8, using: &random)
                    products[order] = nextProduct(products[order], &random)
                    let isGone = products[order] == nil && Bool.random(using: &random)
                    let product = products[order].map { "product-\($0)" } ?? "nothing"
                    return SimulatedRecord(
                        "orders", "order-\(order)", isGone ? nil : "\(number) of \(product)", atMs: atMs)
                }
                return lasting + changes.waiting()
            }
        )
        .with {
            $0.simulation.topics["products"] = 4
            $0.simulation.comparison = .lastValues
            // A subscription contains the partition of its order.
            $0.simulation.comparesStores = false
        }
    }
}
