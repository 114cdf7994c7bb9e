package import Millrace
import MillraceEngine

/// The stores of a simulated instance, as the application hands them out.
package struct SimulatedStoreViews {
    private let localStores: LocalStores

    init(_ localStores: LocalStores) { self.localStores = localStores }

    /// Returns a handle of a store.
    package func view<Store>(_ query: StoreQuery<Store>) throws -> Store { try localStores.view(query) }
}

/// Reads of the instances' stores during a run, each on its instance. A read has to find the contents of the test driver's store
/// after exactly as many records as the read's position says, and no position of an instance may go back.
final class SimulatedReads {
    let histories: StoreHistories
    /// The offsets at which each instance's stores were read last.
    private var last: [String: [StorePartition: Int64]] = [:]

    init(_ histories: StoreHistories) { self.histories = histories }

    /// Makes the registry follow the stores that are going to be read.
    func want(in localStores: LocalStores) {
        for store in histories.stores { localStores.want(store) }
    }

    /// Reads a store of an instance, if it can be read there now.
    ///
    /// - Returns: what is wrong with the read; `nil` if it is right.
    func read(_ place: StorePartition, of instance: String, in localStores: LocalStores) -> String? {
        guard let history = histories[place], let found = try? StoreContents.read(place, from: localStores) else {
            return nil
        }
        let offset = found.position[history.input]
        let name = "\(place) on \(instance)"
        if offset < last[instance]?[place] ?? 0 { return "the position of \(name) went back to \(offset)" }
        last[instance, default: [:]][place] = offset
        guard let expected = history.contents(at: offset) else { return "\(name) is at \(offset), beyond its input" }
        return found.value == expected
            ? nil : "\(name) was read at \(offset) as \(found.value) instead of \(expected)"
    }
}
