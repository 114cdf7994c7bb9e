import Millrace
import MillraceTesting
import Testing
import VelocityRules

@Suite("Velocity rules")
struct VelocityTests {
    private let driver: TopologyTestDriver

    init() throws {
        let builder = StreamsBuilder()
        VelocityTopology().define(in: builder)
        let topology = try builder.build()
        driver = try TopologyTestDriver(topology, storage: .simulatedDisk)
    }

    private func pay(_ amountInCents: Int64, by account: String = "a", at second: Int64) throws {
        try driver.inputTopic(VelocityTopology.transactions, key: .string, value: .json(Transaction.self))
            .pipe(
                key: account,
                value: Transaction(account: account, amountInCents: amountInCents, timestampMs: second * 1_000))
    }

    private func limit(_ account: String, transactions: Int64, amountInCents: Int64) throws {
        try driver.inputTopic(VelocityTopology.limits, key: .string, value: .json(AccountLimits.self))
            .pipe(
                key: account,
                value: AccountLimits(maxTransactions: transactions, maxAmountInCents: amountInCents))
    }

    private func alerts(_ rule: VelocityAlert.Rule) throws -> [Record<String, VelocityAlert>] {
        try driver.outputTopic(VelocityTopology.alerts, key: .string, value: .json(VelocityAlert.self)).readRecords()
            .filter { $0.value?.rule == rule }
    }

    @Test("many payments in a short time are a burst, reported once for each span after it has closed")
    func burst() throws {
        for second in 0..<Int64(11) { try pay(1, at: 600 + second) }
        #expect(try alerts(.burst).isEmpty)
        try pay(1, by: "b", at: 2_000)
        let bursts = try alerts(.burst)
        #expect(bursts.map(\.key) == Array(repeating: "a", count: 5))
        #expect(bursts.map { $0.value?.activity.startMs } == [360_000, 420_000, 480_000, 540_000, 600_000])
        #expect(bursts.allSatisfy { $0.value?.activity.transactions == 11 })
    }

    @Test("high spending in one session is a spree, reported at once; a pause begins another session")
    func spree() throws {
        try pay(60_000, at: 0)
        try pay(40_000, at: 300)
        #expect(try alerts(.spree).isEmpty)
        try pay(1, at: 600)
        #expect(try alerts(.spree).map { $0.value?.activity.amountInCents } == [100_001])
        try pay(60_000, at: 2_000)
        #expect(try alerts(.spree).isEmpty)
    }

    @Test("an account's custom limits hold, however the instance ends", arguments: InstanceEnding.allCases)
    func limits(ending: InstanceEnding) throws {
        try limit("a", transactions: 1, amountInCents: 500)
        try pay(300, at: 0)
        try pay(300, by: "b", at: 1)
        try driver.restart(ending)
        try pay(300, at: 2)
        try pay(300, by: "b", at: 3)
        let sprees = try alerts(.spree)
        #expect(sprees.map(\.key) == ["a"])
        #expect(
            sprees.first?.value?.activity
                == Activity(
                    transactions: 2, amountInCents: 600, startMs: 0, endMs: 2_000))
    }
}
