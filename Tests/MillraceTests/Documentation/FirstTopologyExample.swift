import Millrace
import MillraceTesting
import Testing

// What Millrace.docc/FirstTopology.md shows.

private struct Order: Codable, Sendable {
    var customer: String
    var amount: Double
}

private func addSpending(to builder: StreamsBuilder) {
    builder.stream("orders", key: .string, value: .json(Order.self))
        .filter { _, order in order.amount > 0 }
        .groupBy(named: "by-customer") { _, order in order.customer }
        .aggregate(into: .store("spending", value: .double), initial: 0) { _, order, sum in sum + order.amount }
        .toStream()
        .to("spending")
}

@Suite("The first topology")
struct FirstTopologyExample {
    @Test("a customer's orders are added up, whoever else orders")
    func spending() throws {
        let builder = StreamsBuilder()
        addSpending(to: builder)
        let driver = try TopologyTestDriver(builder.build())
        let orders = driver.inputTopic("orders", key: .string, value: .json(Order.self))
        let spending = driver.outputTopic("spending", key: .string, value: .double)

        try orders.pipe(key: "1", value: Order(customer: "Ada", amount: 10))
        try orders.pipe(key: "2", value: Order(customer: "Emil", amount: 3))
        try orders.pipe(key: "3", value: Order(customer: "Ada", amount: 5))
        try orders.pipe(key: "4", value: Order(customer: "Ada", amount: -1))

        let results = try spending.readKeyValues().map { "\($0.key ?? "") \($0.value ?? 0)" }
        #expect(results == ["Ada 10.0", "Emil 3.0", "Ada 15.0"])
    }
}
