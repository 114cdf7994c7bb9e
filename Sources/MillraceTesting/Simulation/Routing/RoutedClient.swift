import Millrace
import MillraceRouting

/// A client that reads one store through any instance: keys, batches and scans, one after the other.
///
/// It remembers the position of its last answers and asks for at least that, except now and then, so it must never see a store go
/// back.
final class RoutedClient {
    let name: String
    let store: RoutedStore
    /// Whether a read is under way.
    private(set) var isBusy = false
    /// The position of all answers so far, as the client passes it on.
    private(set) var seen = ""
    /// The longest pause between two attempts. A read ends before its deadline only where no further pause is left.
    private static let longestPause = TimeSpan(ms: 200)
    /// The place at which its scan goes on.
    private var place: ScanPlace?

    init(name: String, store: RoutedStore) {
        self.name = name
        self.store = store
    }

    /// Makes the next request.
    ///
    /// - Parameter written: how far the store's inputs have been written.
    func next(_ random: inout SeededRandom, written: Position) -> RoutedRequest {
        isBusy = true
        return RoutedRequest(
            store: store.name, kind: kind(&random), atLeast: atLeast(&random, written),
            acceptsStale: random.chance(0.3), timeout: TimeSpan(ms: 50 + Int64(random.below(5_000))))
    }

    private func kind(_ random: inout SeededRandom) -> RoutedRequest.Kind {
        if place != nil || random.chance(0.2) {
            // Only the pages of keys follow from their places.
            let limit = store.isKeyed ? 1 + random.below(4) : .max
            return .page(from: place ?? ScanPlace(partition: 0), only: nil, limit: limit)
        }
        if let index = store.searchedIndex, random.chance(0.4) {
            return .search(
                SimulatedSearch(index: index, number: random.below(1_000), count: 1 + random.below(6)), only: nil)
        }
        let key = { (random: inout SeededRandom) in self.store.keys[random.below(self.store.keys.count)] }
        guard store.isKeyed, random.chance(0.4) else { return .key(key(&random)) }
        return .batch((0..<(1 + random.below(6))).map { _ in key(&random) })
    }

    private func atLeast(_ random: inout SeededRandom, _ written: Position) -> Position {
        // A scan must not go back from page to page.
        if place == nil, random.chance(0.2) { return Position() }
        let seen = Position(seen) ?? Position()
        // A client that has written something wants to find it.
        return random.chance(0.1) ? seen.merging(written) : seen
    }

    /// Takes over another client's position.
    func receive(_ position: String) {
        seen = (Position(seen) ?? Position()).merging(Position(position) ?? Position()).description
    }

    /// Notes the end of a read.
    ///
    /// - Returns: what is wrong with it; `nil` if nothing is.
    func finish(_ request: RoutedRequest, _ result: RoutedResult, after time: TimeSpan) -> String? {
        isBusy = false
        switch result {
        case .failure(let failure):
            // A scan begins anew at times, so that it does not wait for one partition for ever.
            if failure.course == .late { place = nil }
            if failure.course == .final { return "the read was refused: \(failure)" }
            if failure.code == RoutedFailure.refused.code || time + Self.longestPause >= request.timeout { return nil }
            return "the read ended \((request.timeout - time).ms) ms before its time: \(failure)"
        case .success(let answer):
            if case .page = request.kind { place = answer.next }
            if let problem = store.problem(of: answer, to: request) { return problem }
            receive(answer.position.description)
            return nil
        }
    }
}
