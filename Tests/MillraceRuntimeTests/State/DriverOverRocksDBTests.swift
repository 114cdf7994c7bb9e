import Millrace
import MillraceEngine
import MillraceRuntime
import MillraceTesting
import Testing

@Suite("A test driver over RocksDB")
struct DriverOverRocksDBTests {
    @Test("stores of every kind are opened again from the disk", arguments: InstanceEnding.allCases)
    func stores(ending: InstanceEnding) throws {
        let directory = try TestDirectory()
        let last = Stores.keyValue("last", key: .string, value: .string)
        let windows = Stores.window("windows", key: .string, value: .string, retention: .seconds(60))
        let builder = StreamsBuilder()
        let stream = builder.stream("in", key: .string, value: .string)
        stream.groupByKey().count(into: .store("counts")).toStream().to("out")
        stream.process(stores: [last, windows]) { (context: ProcessorContext<Never, Never>) in
            let (last, windows) = (try context.store(last), try context.store(windows))
            return { record in
                guard let key = record.key else { return }
                try last.put(key, record.value)
                try windows.put(key, record.value, startMs: record.timestampMs, timestampMs: record.timestampMs)
            }
        }
        let driver = try TopologyTestDriver(builder.build(), storage: .rocksDB(in: directory.path))
        let input = driver.inputTopic("in", key: .string, value: .string, advancingBy: .seconds(1))
        try input.pipe(keyValues: [("a", "1"), ("b", "2")])
        try driver.checkpoint()
        try input.pipe(keyValues: [("a", "3")])
        try driver.restart(ending)
        try input.pipe(keyValues: [("b", "4"), ("a", "5")])
        #expect(try driver.outputTopic("out", key: .string, value: .int64).readValues() == [1, 1, 2, 2, 3])
        #expect(try driver.store(last)?.entries().map(\.value) == ["5", "4"])
        #expect(try driver.store(windows)?.fetch("a", starting: 0...10_000).map(\.value) == ["1", "3", "5"])
        driver.close()
    }
}
