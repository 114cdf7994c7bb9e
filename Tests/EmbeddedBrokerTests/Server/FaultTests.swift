import ClusterCore
import Testing

@testable import EmbeddedBroker

@Suite struct FaultTests {
    @Test("an injected error answers as many requests as wanted, which have no effect")
    func error() async throws {
        try await withBroker { broker in
            let client = try RawClient(broker)
            _ = try client.createTopic("t")
            var fault = BrokerFault(.error(.notEnoughReplicas), of: [.produce])
            fault.times = 2
            try await broker.inject(fault)
            #expect(try client.produce(["a"], to: "t").error == .notEnoughReplicas)
            #expect(try client.produce(["b"], to: "t").error == .notEnoughReplicas)
            #expect(try client.produce(["c"], to: "t").error == .none)
            #expect(try client.fetch("t") == ["c"])
        }
    }

    @Test("every request can be answered with an error", arguments: API.allCases)
    func errorOfEach(api: API) async throws {
        try await withBroker { broker in
            let client = try RawClient(broker)
            let type = try #require(allRequests.first { $0.api == api })
            for version in api.versions {
                try await broker.inject(BrokerFault(.error(.unknownServerError), of: [api]))
                try sendSample(type, version, client)
            }
            #expect(try client.call(ListGroups.Request()).error == .none)
        }
    }

    private func sendSample<Request: WireRequest>(_: Request.Type, _ version: Int16, _ client: RawClient) throws {
        var sampler = WireSampler(version: version, seed: 3)
        _ = try client.call(try sampler.sample(Request.self), version: version)
    }

    @Test("a fault of one topic leaves other topics alone")
    func topic() async throws {
        try await withBroker {
            $0.topics = [NewTopic("a"), NewTopic("b")]
        } _: { broker in
            let client = try RawClient(broker)
            var fault = BrokerFault(.error(.notLeaderOrFollower), of: [.produce, .fetch], topic: "b")
            fault.times = nil
            try await broker.inject(fault)
            #expect(try client.produce(["x"], to: "a").error == .none)
            #expect(try client.produce(["x"], to: "b").error == .notLeaderOrFollower)
            let response = try client.call(client.fetchRequest("b"), version: 12)
            #expect(response.topics.first?.partitions.first?.error == .notLeaderOrFollower)
            try await broker.clearFaults()
            #expect(try client.produce(["y"], to: "b").error == .none)
        }
    }

    @Test("a fault skips as many requests as it is told to")
    func after() async throws {
        try await withBroker {
            $0.topics = [NewTopic("t")]
        } _: { broker in
            let client = try RawClient(broker)
            var fault = BrokerFault(.error(.requestTimedOut), of: [.produce])
            fault.after = 2
            try await broker.inject(fault)
            let errors = try (0..<4).map { _ in try client.produce(["a"], to: "t").error }
            #expect(errors == [.none, .none, .requestTimedOut, .none])
        }
    }

    @Test("a delayed request takes effect later, and delays those after it")
    func delay() async throws {
        try await withBroker {
            $0.topics = [NewTopic("t")]
        } _: { broker in
            let client = try RawClient(broker)
            try await broker.inject(BrokerFault(.delay(milliseconds: 150), of: [.produce]))
            let start = ContinuousClock.now
            try client.send(client.produceRequest(["a"], to: "t"))
            #expect(try RawClient(broker).fetch("t").isEmpty)
            let second = try client.send(client.produceRequest(["b"], to: "t"))
            _ = try client.receive(Produce.Request.self, correlationID: second - 1)
            _ = try client.receive(Produce.Request.self, correlationID: second)
            #expect(ContinuousClock.now - start >= .milliseconds(145))
            #expect(try client.fetch("t") == ["a", "b"])
        }
    }

    @Test("a cut before a request leaves no trace of it; a cut after a request loses only the answer")
    func cuts() async throws {
        try await withBroker {
            $0.topics = [NewTopic("t")]
        } _: { broker in
            try await broker.inject(BrokerFault(.cutBefore, of: [.produce]))
            try await broker.inject(BrokerFault(.cutAfter, of: [.produce]))
            for value in ["a", "b"] {
                let client = try RawClient(broker)
                try client.send(client.produceRequest([value], to: "t"))
                #expect(client.isClosedByBroker())
            }
            #expect(try RawClient(broker).fetch("t") == ["b"])
        }
    }

    @Test("a cut loses a delayed answer, too")
    func cutAfterWaiting() async throws {
        try await withBroker {
            $0.topics = [NewTopic("t")]
        } _: { broker in
            try await broker.inject(BrokerFault(.cutAfter, of: [.fetch]))
            let client = try RawClient(broker)
            try client.send(client.fetchRequest("t", maxWaitMs: 50), version: 12)
            #expect(client.isClosedByBroker())
        }
    }

    @Test("while the coordinator moves it answers NOT_COORDINATOR, then it is back with all its state")
    func coordinator() async throws {
        try await withBroker {
            $0.topics = [NewTopic("t")]
        } _: { broker in
            let client = try RawClient(broker)
            #expect(try client.commit(5, of: "t", group: "g") == .none)
            try await broker.moveCoordinator(forMs: 3_600_000)
            #expect(try client.commit(6, of: "t", group: "g") == .notCoordinator)
            #expect(try client.produce(["a"], to: "t").error == .none)
            try await broker.clearFaults()
            #expect(try client.committed("t", group: "g") == 5)
            #expect(try client.commit(7, of: "t", group: "g") == .none)
            #expect(try client.committed("t", group: "g") == 7)
        }
    }

    @Test("a fault with a duration ends after it")
    func lasting() {
        let plan = FaultPlan()
        var fault = BrokerFault(.cutBefore)
        fault.times = nil
        fault.lastsMs = 100
        plan.add(fault, nowMs: 1_000)
        #expect(plan.take(for: .fetch, topics: [], nowMs: 1_099) == .cutBefore)
        #expect(plan.take(for: .fetch, topics: [], nowMs: 1_100) == nil)
        #expect(plan.isEmpty)
    }

    @Test("a crash cuts all connections, and loses everything that is only in memory")
    func crash() async throws {
        try await withBroker {
            $0.topics = [NewTopic("t")]
        } _: { broker in
            let client = try RawClient(broker)
            try client.produce(["a"], to: "t")
            try await broker.crash()
            #expect(client.isClosedByBroker())
            #expect(throws: RawClient.Failure.cannotConnect) { try RawClient(broker) }
            try await broker.restart()
            #expect(try RawClient(broker).fetch("t").isEmpty)
        }
    }
}
