import Foundation
import Testing

@testable import MillraceMetrics

@Suite("Metrics of the process")
struct ProcessMetricsTests {
    @Test("this process has used time and memory, has files open, and began before now")
    func current() throws {
        let metrics = ProcessMetrics.read()
        #expect(try #require(metrics.cpuSeconds) > 0)
        #expect(try #require(metrics.residentMemoryBytes) > 1 << 20)
        let openFiles = try #require(metrics.openFiles)
        #expect(openFiles >= 3)
        #expect(try #require(metrics.maxOpenFiles) >= openFiles)
        let age = Date.now.timeIntervalSince1970 - (try #require(metrics.startTimeSeconds))
        #expect(age > -2 && age < 86_400)
    }

    @Test("a program's name may contain anything")
    func hostileName() {
        let line = "7 (a) R 1 (b) S 1 1 1 0 -1 4 9 0 0 0 120 30 0 0 20 0 4 0 9000 1000000 250 1 1"
        let fields = ProcessMetrics.statFields(line)
        #expect(
            fields
                == ProcessMetrics.StatFields(userTicks: 120, systemTicks: 30, startTicks: 9_000, residentPages: 250))
    }

    @Test(
        "a line that is cut off, or is none, gives nothing", arguments: ["", ")", "7 (a) S 1 2", "7 (a", "7 (a) S x y"])
    func damaged(line: String) {
        #expect(ProcessMetrics.statFields(line) == nil)
    }
}
