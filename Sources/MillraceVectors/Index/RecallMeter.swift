import Synchronization

/// The recall of searches: which share of the true nearest entries they find. A few searches are made again exactly to measure it.
package final class RecallMeter: Sendable {
    private let state = Mutex(State())

    private struct State {
        var sinceSample = 0
        var found = 0.0
        var expected = 0.0
    }

    /// How many searches there are for each that is measured.
    private static let searchesPerSample = 1_000
    /// What an earlier sample weighs beside the next one.
    private static let memory = 0.98

    package init() {}

    /// Whether the next search is to be measured; the first one is.
    func isDue() -> Bool {
        state.withLock { state in
            defer { state.sinceSample = (state.sinceSample + 1) % Self.searchesPerSample }
            return state.sinceSample == 0
        }
    }

    /// Records how many of the expected entries a search has found.
    func record(found: Int, of expected: Int) {
        guard expected > 0 else { return }
        state.withLock { state in
            state.found = state.found * Self.memory + Double(found)
            state.expected = state.expected * Self.memory + Double(expected)
        }
    }

    /// The recall of the last samples, from 0 to 1; `nil` before the first.
    package var recall: Double? {
        state.withLock { $0.expected > 0 ? $0.found / $0.expected : nil }
    }
}
