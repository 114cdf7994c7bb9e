import Synchronization

/// The names of an index's new segments. They differ from those that an earlier index of the same directory may still be writing.
final class SegmentNames: Sendable {
    private let opening = UInt32.random(in: .min ... .max)
    private let count = Atomic<Int>(0)

    /// Returns another name, on any thread.
    func next() -> String {
        "segment-\(opening)-\(count.add(1, ordering: .relaxed).newValue)"
    }

    static func isName(_ name: String) -> Bool { name.hasPrefix("segment-") && !name.contains("/") }
}
