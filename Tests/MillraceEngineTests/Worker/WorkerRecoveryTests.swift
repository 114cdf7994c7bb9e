import Millrace
import MillraceTesting
import Testing

@testable import MillraceEngine

@Suite("Worker: errors of the broker")
struct WorkerRecoveryTests {
    private let input = TopicPartition(topic: "in", partition: 0)

    @Test("a temporary error is retried with back-off, and is visible while it lasts")
    func backoff() throws {
        let fixture = try WorkerFixture(FakeTopology.copy)
        fixture.cluster.errors["describe group"] = Array(repeating: PortError(.retriable, "no coordinator"), count: 10)
        try fixture.start()
        try fixture.steps(until: "a failure") { fixture.cluster.count("describe group") == 1 }
        #expect(fixture.worker.status.trouble == "no coordinator")
        try fixture.stepsUntilRunning()
        #expect(fixture.worker.status.trouble == nil)
        // 50 + 100 + … + 1600 + 5 · 2000 ms, in polls of 20 ms.
        #expect((11_000..<14_500).contains(fixture.cluster.nowMs))
        #expect(fixture.cluster.count("poll") <= Int(fixture.cluster.nowMs / 20) + 50)
    }

    @Test("the very first call may fail, too", arguments: ["init", "subscribe"])
    func start(call: String) throws {
        let fixture = try WorkerFixture(FakeTopology.copy)
        fixture.cluster.errors[call] = [PortError(.retriable, "timed out"), PortError(.retriable, "timed out")]
        try fixture.start()
        #expect(fixture.worker.status.trouble == "timed out")
        fixture.cluster.write(["a"], to: "in")
        try fixture.steps(until: "the result") { fixture.cluster.values("out") == ["a"] }
        #expect(fixture.cluster.count("init") == (call == "init" ? 3 : 1))
    }

    @Test(
        "after an aborted transaction its records are processed again, with the earlier state",
        arguments: ["commit transaction", "poll producer", "send out", "send app-counts-changelog"])
    func abort(call: String) throws {
        let fixture = try WorkerFixture(FakeTopology.count)
        fixture.cluster.write(["a", "b"], to: "in")
        try fixture.start()
        try fixture.steps(until: "the commit") { fixture.cluster.values("out") == ["1", "2"] }
        // In the middle of a record an error that is retriable elsewhere aborts the transaction.
        let kind: PortError.Kind = call.hasPrefix("send") ? .retriable : .abortable
        fixture.cluster.errors[call] = [PortError(kind, "delivery failed")]
        fixture.cluster.write(["c", "d"], to: "in")
        try fixture.steps(until: "the results") { fixture.cluster.values("out").count == 4 }
        #expect(fixture.cluster.values("out") == ["1", "2", "3", "4"])
        #expect(fixture.cluster.values("app-counts-changelog") == ["1", "2", "3", "4"])
        #expect(fixture.cluster.count("abort") == 1)
        #expect(fixture.worker.status.trouble == nil)
    }

    @Test("if even the abort is not answered, a new producer takes over")
    func failedAbort() throws {
        let fixture = try WorkerFixture(FakeTopology.count)
        fixture.cluster.write(["a"], to: "in")
        fixture.cluster.errors["commit transaction"] = [PortError(.abortable, "delivery failed")]
        fixture.cluster.errors["abort"] = [PortError(.retriable, "timed out")]
        fixture.cluster.errors["init"] = []
        try fixture.start()
        try fixture.steps(until: "the result") { fixture.cluster.values("out") == ["1"] }
        #expect(fixture.cluster.count("init") == 2)
        #expect(fixture.cluster.count("close producer") == 1)
    }

    @Test(
        "a member whose generation has ended closes everything and joins again",
        arguments: [PortError.Kind.staleGeneration, .producerLost])
    func rejoin(kind: PortError.Kind) throws {
        let fixture = try WorkerFixture(FakeTopology.count)
        fixture.cluster.write(["a"], to: "in")
        fixture.cluster.errors["commit transaction"] = [PortError(kind, "who are you?")]
        try fixture.start()
        try fixture.steps(until: "another subscription") { fixture.cluster.count("subscribe") == 2 }
        #expect(fixture.worker.status.tasks.isEmpty)
        #expect(fixture.worker.status.phase == .rebalancing)
        #expect(fixture.consumer.assigned.isEmpty)
        // Meanwhile the other members have continued.
        fixture.cluster.memberID = "me again"
        fixture.cluster.group?.members = [GroupMember(memberID: "me again", clientID: "a")]
        fixture.cluster.committed[input] = CommittedOffset(offset: 1, metadata: "")
        fixture.cluster.write(["7"], to: "app-counts-changelog")
        fixture.cluster.write(["b"], to: "in")
        fixture.rebalance()
        try fixture.steps(until: "the result") { fixture.cluster.values("out") == ["8"] }
        #expect(fixture.cluster.count("init") == (kind == .producerLost ? 2 : 1))
    }

    @Test("an instance that another one has replaced ends with an error that says so")
    func fenced() throws {
        let fixture = try WorkerFixture(FakeTopology.count)
        fixture.cluster.errors["poll"] = [PortError(.fenced, "FENCED_INSTANCE_ID")]
        let error = #expect(throws: StreamsError.self) {
            try fixture.start()
            try fixture.stepsUntilRunning()
        }
        #expect(error?.code == .fenced)
        #expect(error?.description.contains("FENCED_INSTANCE_ID") == true)
    }

    @Test("a fatal error ends the worker")
    func fatal() throws {
        let fixture = try WorkerFixture(FakeTopology.count)
        fixture.cluster.errors["describe group"] = [PortError(.fatal, "not authorised")]
        let error = #expect(throws: StreamsError.self) {
            try fixture.start()
            try fixture.stepsUntilRunning()
        }
        #expect(error?.code == .broker)
        #expect(error?.description.contains("not authorised") == true)
        fixture.worker.closeUncommitted()
    }

    @Test("a result that the broker refuses after it was sent fails a transaction, whatever the handler says")
    func refusedInTransaction() throws {
        let fixture = try WorkerFixture(
            handlers: ErrorHandlers(deserialization: .fail, production: .continue), FakeTopology.copy)
        fixture.cluster.errors["commit transaction"] = [PortError(.rejected, "deliver to out-0: too large")]
        fixture.cluster.write(["a"], to: "in")
        let error = #expect(throws: StreamsError.self) {
            try fixture.start()
            try fixture.steps(until: "the error") { false }
        }
        #expect(error?.code == .production)
        #expect(error?.description.contains("out-0") == true)
    }

    @Test("with at least once the handler decides about such a result", arguments: [ErrorResponse.fail, .continue])
    func refusedOutsideTransactions(response: ErrorResponse) throws {
        let fixture = try WorkerFixture(
            guarantee: .atLeastOnce, handlers: ErrorHandlers(deserialization: .fail, production: response),
            FakeTopology.copy)
        fixture.cluster.errors["flush"] = [PortError(.rejected, "deliver to out-0: too large")]
        fixture.cluster.write(["a"], to: "in")
        let run = {
            try fixture.start()
            try fixture.steps(until: "the commit") { fixture.worker.status.commits == 1 }
        }
        if response == .fail {
            #expect(throws: StreamsError.self) { try run() }
        } else {
            try run()
            #expect(fixture.worker.status.counts.dropped == [.production: 1])
            #expect(fixture.cluster.count("send out") == 1)
        }
    }

    @Test(
        "a change that a changelog refuses at once ends the instance, whatever the handler says",
        arguments: ProcessingGuarantee.allCases)
    func refusedChange(guarantee: ProcessingGuarantee) throws {
        let fixture = try WorkerFixture(
            guarantee: guarantee, handlers: ErrorHandlers(production: .continue), FakeTopology.count)
        fixture.cluster.errors["send app-counts-changelog"] = [PortError(.rejected, "too large")]
        fixture.cluster.write(["a"], to: "in", key: "account-1")
        try expectRefusal(fixture, at: "in")
    }

    @Test(
        "a change that a changelog refuses after it was sent ends the instance, whatever the handler says",
        arguments: ProcessingGuarantee.allCases)
    func refusedChangeLater(guarantee: ProcessingGuarantee) throws {
        let fixture = try WorkerFixture(
            guarantee: guarantee, handlers: ErrorHandlers(production: .continue), FakeTopology.count)
        let refused = RefusedRecord(
            topic: "app-counts-changelog", partition: 0, keyPrefix: Array("account-1".utf8), sizeInBytes: 17)
        // First the broker refuses a result, which the handler skips.
        fixture.cluster.errors[guarantee == .exactlyOnce ? "commit transaction" : "flush"] =
            (guarantee == .exactlyOnce ? [] : [PortError(.rejected, "deliver to out-0: too large")])
            + [PortError(.rejected, "deliver to app-counts-changelog-0: too large", refused: refused)]
        fixture.cluster.write(["a"], to: "in", key: "account-1")
        try expectRefusal(fixture, at: nil)
    }

    private func expectRefusal(_ fixture: WorkerFixture, at topic: String?) throws {
        let error = #expect(throws: StreamsError.self) {
            try fixture.start()
            try fixture.steps(until: "the error") { false }
        }
        #expect(error?.code == .stateStore)
        #expect(error?.record?.topic == topic)
        for text in ["counts", "\"account-1\"", "17 bytes", "app-counts-changelog-0"] {
            #expect(error?.description.contains(text) == true, "\(text) is missing in \(error?.description ?? "")")
        }
        #expect(fixture.cluster.committed.isEmpty)
        fixture.worker.closeUncommitted()
    }

    @Test("the consumer's errors are visible until the broker answers again")
    func trouble() throws {
        let fixture = try WorkerFixture(FakeTopology.copy)
        try fixture.start()
        try fixture.stepsUntilRunning()
        fixture.cluster.isAnswering = false
        fixture.consumer.events.append(.trouble("all brokers are down"))
        try fixture.step()
        #expect(fixture.worker.status.trouble == "all brokers are down")
        let start = fixture.cluster.nowMs
        try fixture.steps(until: "three seconds") { fixture.cluster.nowMs > start + 3_000 }
        #expect(fixture.worker.status.trouble == "all brokers are down")
        fixture.cluster.isAnswering = true
        try fixture.steps(until: "two seconds more") { fixture.cluster.nowMs > start + 5_000 }
        #expect(fixture.worker.status.trouble == nil)
    }

    @Test("the delay doubles from 50 ms to 2 s, and starts anew after a success")
    func delays() {
        var backoff = Backoff()
        #expect(!backoff.isWaiting(at: Moment(ms: 0)))
        for delay in [50, 100, 200, 400, 800, 1_600, 2_000, 2_000] as [Int64] {
            backoff.failed(at: Moment(ms: 1_000))
            #expect(backoff.isWaiting(at: Moment(ms: 1_000 + delay - 1)))
            #expect(!backoff.isWaiting(at: Moment(ms: 1_000 + delay)))
        }
        #expect(backoff.hasFailed)
        backoff.succeeded()
        #expect(!backoff.hasFailed)
        #expect(!backoff.isWaiting(at: Moment(ms: 1_000)))
        backoff.failed(at: Moment(ms: 0))
        #expect(!backoff.isWaiting(at: Moment(ms: 50)))
    }
}
