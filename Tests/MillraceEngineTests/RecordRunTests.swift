import Millrace
import Testing

@testable import MillraceEngine

@Suite("Runs of records")
struct RecordRunTests {
    private final class Memory {}

    private func runs(_ records: [(slot: Int, offset: Int64)], ownedBy memory: Memory) -> [RecordRun] {
        var builder = RecordRunBuilder(capacity: records.count)
        for (slot, offset) in records {
            builder.append(FetchedRecord(offset: offset, timestampMs: 0, headers: [], key: nil, value: nil), slot: slot)
        }
        return builder.runs(ownedBy: memory)
    }

    @Test("the records of a poll are split where the partition changes")
    func cut() {
        #expect(runs([], ownedBy: Memory()).isEmpty)
        let runs = runs([(0, 1), (0, 3), (2, 7), (0, 4)], ownedBy: Memory())
        #expect(runs.map(\.slot) == [0, 2, 0])
        #expect(runs.map { $0.records.map(\.offset) } == [[1, 3], [7], [4]])
        #expect(runs.map(\.nextOffset) == [4, 8, 5])
    }

    @Test(
        "a run is split at an offset, whether there is such a record or not",
        arguments: [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2), (100, 2)] as [(Int64, Int)])
    func split(offset: Int64, before: Int) throws {
        let run = try #require(runs([(5, 1), (5, 3)], ownedBy: Memory()).first)
        let (first, rest) = run.split(at: offset)
        #expect(first.records.map(\.offset) == [1, 3].prefix(before).map { $0 })
        #expect(rest.records.map(\.offset) == [1, 3].dropFirst(before).map { $0 })
        #expect([first.slot, rest.slot] == [5, 5])
    }

    @Test("only a kept part of a run keeps the memory of its poll")
    func memory() {
        weak var memory: Memory?
        var kept: RecordRun?
        do {
            let owner = Memory()
            memory = owner
            kept = runs([(0, 1), (1, 1), (1, 2)], ownedBy: owner).last?.split(at: 2).rest
        }
        #expect(kept?.count == 1)
        #expect(memory != nil)
        kept = nil
        #expect(memory == nil)
    }
}
