import Foundation
import Scenarios
import Testing

@testable import MillraceTesting

@Suite("Planted faults")
struct PlantedFaultTests {
    @Test("each is found within 1,000 seeds", arguments: PlantedFault.all)
    func found(_ fault: PlantedFault) throws {
        let found = try Self.runThatFinds(fault)
        #expect(found != nil, "\(fault) went unnoticed")
        print("\(fault): found by \(found ?? "nothing")")
    }

    @Test("docs/simulation.md lists them all")
    func listed() throws {
        let page = try String(
            contentsOfFile: #filePath.replacing(/Tests\/.*/, with: "docs/simulation.md"), encoding: .utf8)
        let rows = page.split(separator: "\n").drop { $0 != "| planted | found by |" }.dropFirst(2)
            .prefix { $0.hasPrefix("|") }
        let listed = rows.compactMap { $0.split(separator: "|").first?.trimmingCharacters(in: .whitespaces) }
        #expect(listed.sorted() == PlantedFault.all.map(\.description).sorted())
    }

    private static func runThatFinds(_ fault: PlantedFault) throws -> String? {
        let names =
            switch fault {
            case .unmatchedAnswerLast: ["foreign-key-left-join"]
            case .forgetTimes: ["final-results"]
            case .searchOfOnePartition, .matchesOfEarlierCommit: ["indexed-table"]
            case _ where PlantedFault.ofIndexes.contains(fault): ["vectors", "vectors-of-topic", "global-vectors"]
            case .viewBeforeCommit: ["own-stores"]
            case .memberViewOfTopics: ["late-topics"]
            case .firstPartitionCounts, .offsetsOfOldTopic: ["growing-topic", "recreated-topic"]
            default: ["risk", "rekeyed-count", "late-topics", "table-of-its-topic", "on-window-close", "final-results"]
            }
        for seed in 0..<1_000 {
            for name in names {
                var simulation = try #require(Scenarios.named(name))
                simulation.plantedFault = fault
                let problem = try simulation.run(seed: UInt64(seed)).problems.first
                if let problem { return "\(name), seed \(seed): \(problem)" }
            }
        }
        return nil
    }
}
