import Millrace
import MillraceTesting
import Testing

@Suite("Unlimited windows")
struct UnlimitedWindowTests {
    @Test("an unlimited window takes everything from its start on, for ever")
    func unlimited() throws {
        let records = [text("a", "x", 5), text("a", "x", 10), text("b", "x", 11), text("a", "x", 99_999_999)]
        let outcome = try run(records, key: .string, value: .int64) { stream in
            stream.groupByKey().windowedBy(.unlimited(fromMs: 10)).count(into: .store("counts").withoutCache())
                .toStream().selectKey { windowed, _ in windowed.map { "\($0.key)@\($0.window.startMs)" } }
        }
        #expect(outcome.records.map(\.key) == ["a@10", "b@10", "a@10"])
        #expect(outcome.records.map(\.value) == [1, 1, 2])
    }
}
