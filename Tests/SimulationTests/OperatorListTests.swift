import MillraceTesting
import Scenarios
import Testing

/// Compares the list of operators that keep state with the calls of the DSL, as its sources declare them.
@Suite("The list of operators with state")
struct OperatorListTests {
    @Test("every call of the DSL is in the list, or listed as keeping no state")
    func complete() throws {
        let calls = try OperatorList.declared()
        let (listed, stateless) = (OperatorList.stateful, OperatorList.stateless)
        #expect(calls.count > 60)
        #expect(calls.subtracting(listed).subtracting(stateless).sorted() == [], "neither listed nor stateless")
        #expect(listed.union(stateless).subtracting(calls).sorted() == [], "not in the DSL any more")
        #expect(listed.intersection(stateless).sorted() == [], "both listed and stateless")
    }

    @Test("no two operators have the same name")
    func names() {
        let names = Scenarios.all.map(\.name)
        #expect(Set(names).count == names.count)
    }
}
