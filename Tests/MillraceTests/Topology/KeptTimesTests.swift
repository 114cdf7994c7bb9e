import Millrace
import Testing

@Suite("How many times a sub-topology may keep")
struct KeptTimesTests {
    private func windowedCounts(_ count: Int, suppressed: Bool = false, splitEvery size: Int = .max) throws -> Topology
    {
        let builder = StreamsBuilder()
        var stream = builder.stream("in", key: .string, value: .string)
        for number in 0..<count {
            if number > 0, number.isMultiple(of: size) { stream = stream.repartition(named: "part-\(number)") }
            let table = stream.groupByKey().windowedBy(.tumbling(.seconds(1))).count(into: .store("count-\(number)"))
            if suppressed { table.suppress(.untilWindowCloses(buffer: .unbounded)).toStream().foreach { _ in } }
        }
        return try builder.build()
    }

    @Test("hundreds of windowed operators are no problem", arguments: [59, 200, OffsetMetadataSize.maxTimeCount])
    func hundreds(count: Int) throws {
        let topology = try windowedCounts(count)
        #expect(topology.keptTimes(of: topology.subtopologies[0].nodes).count == count)
    }

    @Test("more than fit beside an offset are refused with what to do, and fit when they are split")
    func tooMany() throws {
        let count = OffsetMetadataSize.maxTimeCount + 1
        let error = #expect(throws: StreamsError.self) { try windowedCounts(count) }
        #expect(error?.code == .invalidTopology)
        #expect(error?.message.hasPrefix("sub-topology 0 has \(count) operators with windows") == true)
        #expect(error?.message.hasSuffix("Split the sub-topology with repartition()") == true)
        _ = try windowedCounts(count, splitEvery: 200)
        #expect(throws: StreamsError.self) { try windowedCounts(count / 2 + 1, suppressed: true) }
        _ = try windowedCounts(count / 2, suppressed: true)
    }
}
