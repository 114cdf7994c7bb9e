import Millrace
import MillraceEngine
import MillraceTesting
import Testing

@Suite("Worker: punctuations")
struct WorkerPunctuationTests {
    @Test(
        "wall-clock punctuations run without records, in a transaction that is committed",
        arguments: ProcessingGuarantee.allCases)
    func wallClock(guarantee: ProcessingGuarantee) throws {
        let fixture = try WorkerFixture(guarantee: guarantee) { builder in
            builder.stream("in", key: .string, value: .string)
                .process { (context: ProcessorContext<String, String>) in
                    var ticks = 0
                    try context.schedule(every: .milliseconds(200), on: .wallClockTime) { timestampMs in
                        ticks += 1
                        try context.forward(Record(key: "tick", value: String(ticks), timestampMs: timestampMs))
                    }
                    return { _ in }
                }
                .to("out")
        }
        try fixture.start()
        try fixture.stepsUntilRunning()
        let start = fixture.cluster.nowMs
        try fixture.steps(until: "three ticks") { fixture.cluster.values("out").count >= 3 }
        #expect(fixture.cluster.values("out").prefix(3) == ["1", "2", "3"])
        #expect(fixture.cluster.nowMs - start >= 600)
    }

    @Test("setting the wall clock back delays no punctuation", arguments: ProcessingGuarantee.allCases)
    func setBack(guarantee: ProcessingGuarantee) throws {
        let fixture = try WorkerFixture(guarantee: guarantee) { builder in
            builder.stream("in", key: .string, value: .string)
                .process { (context: ProcessorContext<String, String>) in
                    try context.schedule(every: .milliseconds(200), on: .wallClockTime) { timestampMs in
                        let age = timestampMs > 1_699_999_000_000 ? "now" : "an hour ago"
                        try context.forward(Record(key: "tick", value: age, timestampMs: timestampMs))
                    }
                    return { _ in }
                }
                .to("out")
        }
        try fixture.start()
        try fixture.stepsUntilRunning()
        try fixture.steps(until: "a tick") { fixture.cluster.values("out") == ["now"] }
        fixture.cluster.wallClockOffsetMs -= 3_600_000
        let start = fixture.cluster.nowMs
        try fixture.steps(until: "two ticks more") { fixture.cluster.values("out").count >= 3 }
        #expect(fixture.cluster.values("out").prefix(3) == ["now", "an hour ago", "an hour ago"])
        #expect(fixture.cluster.nowMs - start < 600)
    }

    @Test("a commit that a processor requests does not wait for the interval")
    func commitRequest() throws {
        let rarely: (inout WorkerConfiguration) -> Void = { $0.commitIntervalMs = 1_000_000 }
        let fixture = try WorkerFixture(configure: rarely) { builder in
            builder.stream("in", key: .string, value: .string)
                .process { (context: ProcessorContext<String, String>) in
                    { record in
                        try context.forward(record)
                        if record.value == "now" { context.requestCommit() }
                    }
                }
                .to("out")
        }
        fixture.cluster.write(["a", "now", "b"], to: "in")
        try fixture.start()
        try fixture.steps(until: "the commit") { fixture.worker.status.commits == 1 }
        try fixture.steps(until: "the third record") { fixture.worker.status.counts.processed == 3 }
        for _ in 0..<20 { try fixture.step() }
        #expect(fixture.worker.status.commits <= 2)
    }

    @Test("a processor is created only when its stores are restored")
    func startsRestored() throws {
        let (cluster, directory) = (FakeCluster(), MemoryStateDirectory())
        let seen = Seen()
        let define: (StreamsBuilder) -> Void = { builder in
            let stream = builder.stream("in", key: .string, value: .string)
            stream.groupByKey().count(into: .store("counts").withoutCache())
            stream.process(stores: ["counts"]) { (context: ProcessorContext<String, String>) in
                let counts = try context.timestampedKeyValueStore("counts", key: .string, value: .int64)
                seen.counts.append(try counts.get("a")?.value)
                return { _ in }
            }
        }
        let first = try WorkerFixture(cluster: cluster, directory: directory, define)
        cluster.write(["x", "y"], to: "in", key: "a")
        try first.start()
        try first.steps(until: "the commit") { cluster.committed.values.first?.offset == 2 }
        try first.worker.close()
        let second = try WorkerFixture(cluster: cluster, directory: MemoryStateDirectory(), define)
        cluster.write(["z"], to: "in", key: "a")
        try second.start()
        try second.steps(until: "the third record") { second.worker.status.counts.processed == 1 }
        #expect(seen.counts == [nil, 2])
    }
}

/// The values that processors saw.
private final class Seen: @unchecked Sendable {
    // Sendable, because the worker runs in steps, on the test's thread.
    var counts: [Int64?] = []
}
