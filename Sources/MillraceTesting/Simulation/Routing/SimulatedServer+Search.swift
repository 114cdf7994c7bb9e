import Millrace
import MillraceRouting

/// Searches over all partitions of an index.
extension SimulatedServer {
    private typealias Search = SearchRead<[StoreEntry], RoutedFailure>
    private typealias Part = Result<(parts: [[StoreEntry]], position: Position), RoutedFailure>

    /// Searches an index: performs what `SearchRead` decides.
    ///
    /// - Parameter only: the only partitions to search; `nil` for all.
    func search(
        _ wanted: SimulatedSearch, only: [Int32]?, _ request: RoutedRequest, until deadline: Moment,
        _ finish: @escaping (RoutedResult) -> Void
    ) {
        var search = Search(only: only, isForwarded: request.isForwarded, acceptsStale: request.acceptsStale)
        func perform(_ action: Search.Action) {
            switch action {
            case .countPartitions:
                let count = Result { try stores.partitionCount(of: request.store) }.mapError { RoutedFailure($0) }
                let unknown = { (partition: Int32) in
                    RoutedFailure(status: 400, "partition_unknown", "the index has no partition \(partition)")
                }
                perform(search.counted(count, unknown: unknown, rest: rest(until: deadline)))
            case .locate(let partitions):
                let owners = partitions.map { partition in
                    Result { try stores.owner(ofPartition: partition, in: request.store) }
                        .mapError { RoutedFailure($0) }
                }
                perform(search.located(owners, rest: rest(until: deadline)))
            case .search(let groups): ask(groups)
            case .wait(let pause): wait(pause) { perform(search.waited()) }
            case .finish(let result):
                finish(
                    result.map { answer in
                        let merged = NearestIndex.nearest(
                            answer.parts.flatMap { $0 }, to: wanted.number, count: wanted.count)
                        return RoutedAnswer(entries: [merged], position: answer.position)
                    })
            }
        }
        func ask(_ groups: [Search.Group]) {
            var results: [(Search.Group, Part)] = []
            for group in groups {
                answer(of: group, wanted, request, until: deadline) { part in
                    results.append((group, part))
                    guard results.count == groups.count else { return }
                    perform(search.answered(results, rest: self.rest(until: deadline)))
                }
            }
        }
        perform(search.begin())
    }

    private func answer(
        of group: Search.Group, _ wanted: SimulatedSearch, _ request: RoutedRequest, until deadline: Moment,
        _ finish: @escaping (Part) -> Void
    ) {
        switch group.place {
        case .here: searchHere(group.partitions[...], wanted, request, until: deadline, ([], Position()), finish)
        case .instance(let address):
            var request = request
            request.kind = .search(wanted, only: group.partitions)
            forward(request, to: address, until: deadline) { result in
                // The matches that the other instance has merged stand for all of its partitions.
                finish(
                    result.map { answer in
                        let rest = group.partitions.dropFirst().map { _ in [StoreEntry]() }
                        return ([answer.entries.first ?? []] + rest, answer.position)
                    })
            }
        }
    }

    /// Searches partitions of this instance, one after the other.
    private func searchHere(
        _ partitions: ArraySlice<Int32>, _ wanted: SimulatedSearch, _ request: RoutedRequest, until deadline: Moment,
        _ found: (parts: [[StoreEntry]], position: Position), _ finish: @escaping (Part) -> Void
    ) {
        guard let partition = partitions.first else { return finish(.success(found)) }
        let local = LocalRead(
            store: request.store, partition: partition, kind: .search(wanted), readsStale: request.acceptsStale,
            atLeast: request.atLeast)
        readHere(local, within: rest(until: deadline)) { [self] result in
            switch result {
            case .failure(let failure): finish(.failure(failure))
            case .success(let answer):
                var found = found
                found.parts.append(answer.entries.first ?? [])
                found.position.merge(answer.position)
                searchHere(partitions.dropFirst(), wanted, request, until: deadline, found, finish)
            }
        }
    }
}
