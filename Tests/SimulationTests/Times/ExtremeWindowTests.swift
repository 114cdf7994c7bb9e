import Millrace
import MillraceEngine
import MillraceTesting
import Testing

/// Compares windows of any size, over records of any time, with a model.
@Suite("Windows at the ends of time, against a model")
struct ExtremeWindowTests {
    enum Kind: String, CaseIterable {
        case tumbling, hopping, unlimited, sliding, session
    }

    @Test("each record counts in its windows, is late, or goes to the processing handler", arguments: Kind.allCases)
    func windows(_ kind: Kind) throws {
        for seed in ExtremeTimes.seeds(24) {
            ExtremeTimes.announce("\(kind) windows", seed: seed)
            var times = ExtremeTimes(seed: seed)
            let isSorted = times.number(0..<2) == 0
            // The model of sliding windows has no late records.
            let windows = Self.windows(kind, &times, grace: kind == .sliding && !isSorted ? .seconds(Int64.max) : nil)
            var model = WindowModel(windows)
            let topology: Topology
            do {
                topology = try Self.topology(windows)
                #expect(model.isValid, "seed \(seed): \(windows) should have been refused")
            } catch let error as StreamsError {
                #expect(!model.isValid, "seed \(seed): \(windows): \(error)")
                #expect(error.code == .invalidTopology)
                continue
            }
            // More windows are possible, but take too long.
            guard model.isValid, model.windowsPerRecord <= 300 else { continue }
            var records = (0..<40).map { _ in times.timeMs() }
            if isSorted { records.sort() }
            let errors = SeenErrors()
            let stores = try SeededStorage(seed: seed)
            defer { stores.remove() }
            let driver = try TopologyTestDriver(
                topology, errorHandlers: errors.handlers, storage: stores.storage)
            defer { driver.close() }
            let input = driver.inputTopic("in", key: .string, value: .int64)
            for timeMs in records {
                let key = ["a", "b"][times.number(0..<2)]
                try input.pipe(key: key, value: timeMs, timestampMs: 0)
                if timeMs >= 0 { model.add(key, atMs: timeMs) }
                guard times.number(0..<12) == 0 else { continue }
                // The counts of the task that ends are not lost.
                _ = driver.droppedRecords
                try driver.restart(.clean)
            }
            let context = "seed \(seed): \(windows)"
            #expect(try Self.last(of: "updates", in: driver) == model.all, "\(context)")
            if kind != .unlimited {
                #expect(try Self.once(of: "closed", in: driver) == model.closed, "\(context)")
            }
            for (key, count) in try Self.once(of: "suppressed", in: driver) {
                #expect(model.closed[key] == count, "\(context), \(key)")
            }
            let dropped = driver.droppedRecordsByOperator
            #expect(dropped["updated"]?[.expired] ?? 0 == model.dropped, "\(context)")
            #expect(errors.all.count == records.count(where: { $0 < 0 }), "\(context)")
            #expect(errors.all.allSatisfy { $0.code == .invalidTimestamp && $0.node == "shift" }, "\(context)")
        }
    }

    private static func windows(
        _ kind: Kind, _ times: inout ExtremeTimes, grace: Duration?
    ) -> WindowModel.Windows {
        let (size, grace) = (times.duration(), grace ?? times.duration())
        switch kind {
        case .tumbling: return .time(.tumbling(size, grace: grace), onlyStartMs: nil)
        case .hopping:
            // With random sizes most records would be in too many windows.
            let sizeMs = TimeSpan(size).ms
            let advance: Duration =
                times.number(0..<4) == 0
                ? times.duration() : .milliseconds(max(1, sizeMs / Int64(times.number(1..<20))))
            return .time(.hopping(size, advance: advance, grace: grace), onlyStartMs: nil)
        case .unlimited:
            let startMs = times.timeMs()
            return .time(.unlimited(fromMs: startMs), onlyStartMs: startMs)
        case .sliding: return .sliding(.sliding(size, grace: grace))
        case .session: return .session(.session(gap: size, grace: grace))
        }
    }

    /// A topology whose records have the times that their values say.
    private static func topology(_ windows: WindowModel.Windows) throws -> Topology {
        let builder = StreamsBuilder()
        let grouped = builder.stream("in", key: .string, value: .int64)
            .process(named: "shift", key: .string, value: .int64) { (context: ProcessorContext<String, Int64>) in
                { record in
                    try context.forward(
                        Record(key: record.key, value: record.value, timestampMs: record.value ?? 0))
                }
            }
            .groupByKey(key: .string, value: .int64)
        func store(_ name: String) -> Materialized<String, Int64> { .store("\(name)-store").withoutCache() }
        switch windows {
        case .time(let windows, let onlyStartMs):
            let windowed = grouped.windowedBy(windows)
            let updated = windowed.count(into: store("updated"), named: "updated")
            updated.texts().to("updates")
            updated.suppress(.untilWindowCloses()).texts().to("suppressed")
            let closed = onlyStartMs == nil ? windowed.emit(.onWindowClose) : windowed
            closed.count(into: store("closed"), named: "closed").texts().to(onlyStartMs == nil ? "closed" : "unused")
        case .sliding(let windows):
            let windowed = grouped.windowedBy(windows)
            let updated = windowed.count(into: store("updated"), named: "updated")
            updated.texts().to("updates")
            updated.suppress(.untilWindowCloses()).texts().to("suppressed")
            windowed.emit(.onWindowClose).count(into: store("closed"), named: "closed").texts().to("closed")
        case .session(let windows):
            let windowed = grouped.windowedBy(windows)
            let updated = windowed.count(into: store("updated"), named: "updated")
            updated.texts().to("updates")
            updated.suppress(.untilWindowCloses()).texts().to("suppressed")
            windowed.emit(.onWindowClose).count(into: store("closed"), named: "closed").texts().to("closed")
        }
        return try builder.build()
    }

    /// The last value of each key.
    private static func last(of topic: String, in driver: TopologyTestDriver) throws -> [String: Int64] {
        var values: [String: Int64] = [:]
        for record in try driver.outputTopic(topic, key: .string, value: .int64).readRecords() {
            values[record.key ?? "-"] = record.value
            #expect(record.timestampMs >= 0)
        }
        return values
    }

    /// The value of each key, which has to be its only one.
    private static func once(of topic: String, in driver: TopologyTestDriver) throws -> [String: Int64] {
        var values: [String: Int64] = [:]
        for record in try driver.outputTopic(topic, key: .string, value: .int64).readRecords() {
            #expect(values[record.key ?? "-"] == nil, "\(record.key ?? "-") twice")
            values[record.key ?? "-"] = record.value
        }
        return values
    }
}

extension KTable where Key == Windowed<String>, Value == Int64 {
    fileprivate func texts() -> KStream<String, Int64> {
        toStream().selectKey { record in record.key.map { "\($0.key)@\($0.window.startMs)/\($0.window.endMs)" } }
    }
}
