import Foundation
import Testing

@Suite("The table of faults that are planted in connectors")
struct PlantedFaultTableTests {
    @Test("docs/simulation.md lists them all")
    func listed() throws {
        let page = try String(
            contentsOfFile: #filePath.replacing(/Tests\/.*/, with: "docs/simulation.md"), encoding: .utf8)
        let rows = page.split(separator: "\n").drop { $0 != "| planted | in |" }.dropFirst(2)
            .prefix { $0.hasPrefix("|") }.map(String.init)
        func row(_ fault: some CustomTestStringConvertible, _ place: String) -> String {
            "| \(fault.testDescription) | \(place) |"
        }
        let expected =
            SourceFault.all.map { row($0, "source") } + SinkFault.all.map { row($0, "sink") }
            + SlotFault.all.map { row($0, "slot of PostgreSQL") } + RedisSinkFault.all.map { row($0, "sink of Redis") }
        // Those of streams are in another module, which has the same test.
        #expect(rows.filter { !$0.hasSuffix("| streams of Redis |") }.sorted() == expected.sorted())
    }
}
