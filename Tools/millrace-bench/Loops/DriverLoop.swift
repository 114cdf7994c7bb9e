import Millrace
import MillraceTesting

/// Runs a loop through `TopologyTestDriver`, record by record as a test does.
package final class DriverLoop {
    private let loop: Loop
    private let input: LoopInput
    private let driver: TopologyTestDriver
    private let records: TestInputTopic<[UInt8], [UInt8]>
    private let outputs: TestOutputTopic<[UInt8], [UInt8]>

    package init(_ loop: Loop, input: LoopInput) throws {
        self.loop = loop
        self.input = input
        driver = try TopologyTestDriver(try loop.topology())
        records = driver.inputTopic(loop.inputTopic, key: .bytes, value: .bytes)
        outputs = driver.outputTopic(loop == .risk ? "risk-scores" : "output", key: .bytes, value: .bytes)
    }

    /// Processes the input once and reads the output. Returns the number of records.
    package func run() throws -> UInt64 {
        var count: UInt64 = 0
        for entry in input.entries {
            try records.pipe(
                key: Array(input.key(entry)), value: Array(input.value(entry)), timestampMs: entry.timestampMs)
            while try outputs.readRecord() != nil { count += 1 }
        }
        return count
    }
}
