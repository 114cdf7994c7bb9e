import TestSupport
import Testing

@testable import Millrace

@Suite("The orders of Java's collections")
struct JavaCollectionsTests {
    /// "Aa" and "BB" have the same hash code; "a" and "q" fall into the same of 16 buckets.
    @Test(
        "strings come as from a HashSet",
        arguments: [
            (["b", "a", "c"], ["a", "b", "c"]),
            (["BB", "Aa"], ["BB", "Aa"]),
            (["Aa", "BB"], ["Aa", "BB"]),
            (["a", "q"], ["a", "q"]),
            (["q", "a"], ["q", "a"]),
        ])
    func hash(strings: [String], order: [String]) {
        #expect(JavaHashOrder.sorted(strings) == order)
    }

    @Test("a tree whose order never changes is sorted", arguments: 1...20 as ClosedRange<UInt64>)
    func tree(seed: UInt64) {
        var numbers = SeededNumbers(seed: seed)
        let elements = Array(0..<100).shuffled(using: &numbers)
        var tree = JavaTreeSet()
        for element in elements { tree.insert(element, precedes: <) }
        #expect(tree.elements == Array(0..<100))
    }

    @Test("an element stays where it was inserted when its order changes")
    func moved() {
        var tree = JavaTreeSet()
        var weights = [0: 5, 1: 3, 2: 4]
        tree.insert(0) { weights[$0, default: 0] > weights[$1, default: 0] }
        tree.insert(1) { weights[$0, default: 0] > weights[$1, default: 0] }
        weights[1] = 9
        tree.insert(2) { weights[$0, default: 0] > weights[$1, default: 0] }
        #expect(tree.elements == [0, 1, 2])
    }
}
