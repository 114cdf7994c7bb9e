import Millrace
import MillraceEngine
import MillraceTesting
import Testing

/// Closed windows wait until the next search for them, which is once a second. They are neither lost nor forwarded twice, however
/// the instance ends meanwhile.
@Suite("Worker: final results that wait")
struct WorkerFinalResultTests {
    enum Ending: CaseIterable {
        case none, closed, crashed, lost
    }

    @Test("final results that wait for the next search survive a restart", arguments: Ending.allCases)
    func slidingWindows(ending: Ending) throws {
        let cluster = FakeCluster()
        var fixture = try WorkerFixture(cluster: cluster, Self.define)
        // At the time of the last record all but the last two windows have expired.
        cluster.write(["a", "b", "c", "d", "e"], to: "in", at: [10, 22, 34, 46, 58])
        try fixture.start()
        try fixture.steps(until: "a commit") { fixture.worker.status.commits > 0 }
        #expect(fixture.worker.status.counts.processed == 5)
        // The first record has triggered a search for closed windows, which found none.
        #expect(cluster.values("out") == [])

        switch ending {
        case .none: cluster.nowMs += 1_000
        case .closed:
            try fixture.worker.close()
            fixture = try WorkerFixture(cluster: cluster, directory: fixture.directory, Self.define)
        case .crashed:
            fixture.directory.crash()
            fixture = try WorkerFixture(cluster: cluster, directory: fixture.directory, Self.define)
        case .lost: fixture = try WorkerFixture(cluster: cluster, Self.define)
        }
        if ending != .none { try fixture.start() }
        cluster.write(["f"], to: "in", at: [70])
        try fixture.steps(until: "the results") { cluster.values("out").count >= 5 }
        #expect(cluster.values("out") == ["a@0", "b@12", "c@24", "d@36", "e@48"])
        #expect(fixture.worker.status.counts.dropped == [:])
    }

    private static func define(_ builder: StreamsBuilder) {
        builder.stream("in", key: .string, value: .string)
            .groupByKey()
            .windowedBy(.sliding(.milliseconds(10)))
            .emit(.onWindowClose)
            .reduce(into: .store("windows").retention(.milliseconds(30))) { $0 + $1 }
            .toStream()
            .mapValues { key, value in "\(value)@\(key?.window.startMs ?? -1)" }
            .selectKey { key, _ in key?.key }
            .to("out", key: .string, value: .string)
    }
}
