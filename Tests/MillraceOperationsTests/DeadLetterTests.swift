import ChildProcesses
import ClusterCore
import EmbeddedBroker
import Foundation
import KafkaClient
import MillraceOperations
import Testing

@Suite("Dead letters") struct DeadLetterTests {
    @Test("letters are listed by error, operator, source and time, and shown with what their headers say")
    func filters() async throws {
        let cluster = try await Cluster(["orders": 2, "dead": 1])
        try cluster.writeLetter("a", "1", from: "orders", partition: 1, offset: 7, node: "parse", timestampMs: 1_000)
        try cluster.writeLetter("b", "2", from: "payments", node: "total", timestampMs: 2_000)
        try cluster.write("c", "garbage without headers", to: "dead", timestampMs: 3_000)
        func ids(_ change: (inout DeadLetterFilter) -> Void) throws -> [Int64] {
            var filter = DeadLetterFilter()
            change(&filter)
            var ids: [Int64] = []
            try DeadLetterTopic("dead", cluster.connection).visit(filter) { letter in
                ids.append(letter.id.offset)
                return true
            }
            return ids
        }
        #expect(try ids { _ in } == [0, 1, 2])
        #expect(try ids { $0.operatorName = "tot" } == [1])
        #expect(try ids { $0.error = "badamount" } == [0, 1])
        #expect(try ids { $0.source = "orders" } == [0])
        #expect(try ids { $0.fromMs = 2_000 } == [1, 2])
        #expect(try ids { $0.toMs = 2_000 } == [0])

        let letter = try DeadLetterTopic("dead", cluster.connection).letter(DeadLetterID(partition: 0, offset: 0))
        #expect(letter.exception == "App.BadAmount" && letter.operatorName == "parse")
        #expect(letter.source?.description == "orders-1" && letter.sourceOffset == 7)
        #expect(letter.ownHeaders.map(\.name) == ["own"])
        let missing = Cluster.failure {
            _ = try DeadLetterTopic("dead", cluster.connection).letter(DeadLetterID(partition: 0, offset: 9))
        }
        #expect(missing?.kind == .missing)
        try await cluster.broker.stop()
    }

    @Test("a retried letter goes back to its partition once, with its own key, value, headers and timestamp")
    func retry() async throws {
        let cluster = try await Cluster(["orders": 2, "dead": 1])
        try cluster.writeLetter("a", "1", from: "orders", partition: 1)
        try cluster.writeLetter(nil, "2", from: "orders", partition: 0)
        try cluster.writeLetter("c", nil, from: "orders", partition: 0)
        for expected in [3, 0] {
            let outcome = try DeadLetterTopic("dead", cluster.connection).retry(nil)
            #expect(outcome.handled.count == expected && outcome.problems.isEmpty)
        }
        let again = try DeadLetterTopic("dead", cluster.connection).retry([DeadLetterID(partition: 0, offset: 0)])
        #expect(again.handled.isEmpty && again.handledBefore == [DeadLetterID(partition: 0, offset: 0)])
        func entry(_ partition: Int32, _ key: String?, _ value: String?) -> Cluster.Entry {
            Cluster.Entry(partition: partition, key: key, value: value, timestampMs: 1_000, headers: ["own"])
        }
        let written = try cluster.read("orders")
        #expect(Set(written) == [entry(1, "a", "1"), entry(0, nil, "2"), entry(0, "c", nil)] && written.count == 3)
        #expect(try cluster.waiting().isEmpty)
        try await cluster.broker.stop()
    }

    @Test("a letter can be retried with a repaired value, and a dropped one is not retried")
    func repairedAndDropped() async throws {
        let cluster = try await Cluster(["orders": 1, "dead": 1])
        for number in 0..<3 { try cluster.writeLetter("k\(number)", "bad", from: "orders") }
        let letters = try DeadLetterTopic("dead", cluster.connection)
        _ = try letters.retry([DeadLetterID(partition: 0, offset: 1)], value: Array("good".utf8))
        _ = try letters.drop([DeadLetterID(partition: 0, offset: 0)])
        #expect(try cluster.waiting() == [DeadLetterID(partition: 0, offset: 2)])
        #expect(try letters.retry(nil).handled == [DeadLetterID(partition: 0, offset: 2)])
        #expect(try cluster.read("orders").map(\.value) == ["good", "bad"])
        try await cluster.broker.stop()
    }

    @Test("a letter whose topic or origin is unknown goes on waiting and the others are retried")
    func unknownOrigin() async throws {
        let cluster = try await Cluster(["orders": 1, "dead": 1])
        try cluster.writeLetter("a", "1", from: "no-such-topic")
        try cluster.writeLetter("b", "2", from: "orders", partition: 9)
        try cluster.write("c", "3", to: "dead")
        try cluster.writeLetter("d", "4", from: "orders")
        let outcome = try DeadLetterTopic("dead", cluster.connection).retry(nil)
        #expect(outcome.problems.map(\.id.offset) == [0, 1, 2] && outcome.handled.map(\.offset) == [3])
        #expect(try cluster.waiting().map(\.offset) == [0, 1, 2])
        #expect(try cluster.read("orders").map(\.value) == ["4"])
        try await cluster.broker.stop()
    }

    @Test("a letter without key and value gets them from the record that it came from")
    func bytesOfTheSource() async throws {
        let cluster = try await Cluster(["orders": 1, "dead": 1])
        try cluster.write("a", "first", to: "orders")
        try cluster.write("b", "second", to: "orders")
        try cluster.writeLetter(nil, nil, from: "orders", offset: 1)
        try cluster.writeLetter(nil, nil, from: "orders", offset: 77)
        let outcome = try DeadLetterTopic("dead", cluster.connection).retry(nil)
        #expect(outcome.handled.map(\.offset) == [0] && outcome.problems.map(\.id.offset) == [1])
        #expect(try cluster.read("orders").map(\.value) == ["first", "second", "second"])
        try await cluster.broker.stop()
    }

    @Test("a topic of dead letters that is created anew has letters that wait, whatever was noted of the old ones")
    func createdAnew() async throws {
        let cluster = try await Cluster(["orders": 1, "dead": 1])
        try cluster.writeLetter("a", "1", from: "orders", offset: 3)
        _ = try DeadLetterTopic("dead", cluster.connection).retry(nil)
        let admin = try cluster.connection.admin()
        try admin.deleteTopics(["dead"], timeoutMs: 10_000)["dead"]?.get()
        try admin.createTopics([KafkaClient.NewTopic("dead", partitions: 1)], timeoutMs: 10_000)["dead"]?.get()
        try cluster.writeLetter("b", "2", from: "orders", offset: 4)
        #expect(try DeadLetterTopic("dead", cluster.connection).retry(nil).handled.count == 1)
        #expect(try cluster.read("orders").map(\.value) == ["1", "2"])
        try await cluster.broker.stop()
    }

    /// The moments at which the retrying process is killed: before its commit has reached the broker, while the broker holds it up,
    /// and after it has taken effect but before the process knows.
    static let moments: [BrokerFault.Effect] = [.delay(milliseconds: 60_000), .cutAfter, .cutBefore]

    @Test("a retry that is killed with -9 at its commit is not repeated, and loses nothing", arguments: moments)
    func killed(at moment: BrokerFault.Effect) async throws {
        let cluster = try await Cluster(["orders": 1, "dead": 1])
        for number in 0..<20 { try cluster.writeLetter("k\(number)", "v\(number)", from: "orders") }
        // So that the kill falls into the transaction of the letters, not into the creation of the topic of notes.
        _ = try DeadLetterTopic("dead", cluster.connection).drop([DeadLetterID(partition: 0, offset: 0)])
        var fault = BrokerFault(moment, of: [.endTxn])
        fault.times = nil
        try await cluster.broker.inject(fault)
        let arguments = ["dlq", "retry", "dead", "--all", "--bootstrap-servers", cluster.broker.bootstrapServers]
        let command = try Command(arguments)
        // The kill falls after the commit where it takes effect without an answer, otherwise while the transaction is open.
        let deadline = ContinuousClock.now + .seconds(300)
        var isReached = false
        while !isReached, command.process.isRunning, ContinuousClock.now < deadline {
            isReached =
                moment == .cutAfter
                ? try !cluster.read("orders").isEmpty : try await !cluster.broker.openTransactions().isEmpty
            if !isReached { try await Task.sleep(for: .milliseconds(5)) }
        }
        let isInTime = isReached && command.process.isRunning
        command.process.stop(SIGKILL)
        guard isInTime else {
            let end = try command.finish()
            Issue.record("the process ended before its transaction was seen, with \(end.status): \(end.errors)")
            return
        }
        try await cluster.broker.clearFaults()

        let second = try Command(arguments).finish()
        #expect(second.status == 0, "\(second.errors)")
        let values = try cluster.read("orders").compactMap(\.value)
        #expect(values.sorted() == (1..<20).map { "v\($0)" }.sorted())
        #expect(try cluster.waiting().isEmpty)
        try await cluster.broker.stop()
    }

    @Test("ids are read as PARTITION:OFFSET, and anything else is no id")
    func ids() {
        #expect(DeadLetterID("3:42") == DeadLetterID(partition: 3, offset: 42))
        #expect(DeadLetterID("42") == DeadLetterID(partition: 0, offset: 42))
        for text in ["", ":", "a", "-1", "0:-1", "1:2:3", "0:99999999999999999999"] {
            #expect(DeadLetterID(text) == nil)
        }
    }
}
