import Millrace
import MillraceRouting

/// The reads at the end of a run, when everything is processed and nothing fails any more: each instance has to give the final value
/// of each key, and each key once in a scan by small pages.
final class FinalReads {
    private let stores: [RoutedStore]
    private let ask: (InstanceAddress, RoutedRequest, @escaping (RoutedResult) -> Void) -> Void
    private let violate: (String) -> Void
    private var openCount = 0

    var haveFinished: Bool { openCount == 0 }

    init(
        _ stores: [RoutedStore],
        ask: @escaping (InstanceAddress, RoutedRequest, @escaping (RoutedResult) -> Void) -> Void,
        violate: @escaping (String) -> Void
    ) {
        self.stores = stores
        self.ask = ask
        self.violate = violate
    }

    func begin(at addresses: [InstanceAddress]) {
        for address in addresses {
            for store in stores {
                for key in store.keys { read(.key(key), of: store, at: address) }
                if store.isKeyed { read(.batch(store.keys), of: store, at: address) }
                if let index = store.searchedIndex {
                    read(
                        .search(SimulatedSearch(index: index, number: 500, count: 1_000), only: nil), of: store,
                        at: address)
                }
                scan(store, from: ScanPlace(partition: 0), at: address)
            }
        }
    }

    private func read(_ kind: RoutedRequest.Kind, of store: RoutedStore, at address: InstanceAddress) {
        read(kind, of: store, at: address) { _ in }
    }

    /// Scans page by page. The check of each page, from where the one before ended, makes sure that each key comes once.
    private func scan(_ store: RoutedStore, from place: ScanPlace, at address: InstanceAddress) {
        read(.page(from: place, only: nil, limit: store.isKeyed ? 3 : .max), of: store, at: address) { [self] answer in
            if let next = answer.next { scan(store, from: next, at: address) }
        }
    }

    private func read(
        _ kind: RoutedRequest.Kind, of store: RoutedStore, at address: InstanceAddress,
        _ finish: @escaping (RoutedAnswer) -> Void
    ) {
        openCount += 1
        let request = RoutedRequest(
            store: store.name, kind: kind, atLeast: Position(), acceptsStale: false, timeout: TimeSpan(ms: 5_000))
        ask(address, request) { [self] result in
            openCount -= 1
            switch result {
            case .failure(let failure): violate("in the end, \(address) cannot read \(store.name): \(failure)")
            case .success(let answer):
                // Nothing is asked for but what has to be reached: all that was written.
                var complete = request
                complete.atLeast = store.end
                if let problem = store.problem(of: answer, to: complete) {
                    violate("in the end, \(address) answers for \(store.name): \(problem)")
                }
                finish(answer)
            }
        }
    }
}
