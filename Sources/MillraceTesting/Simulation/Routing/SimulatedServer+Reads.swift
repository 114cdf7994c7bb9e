import Millrace
import MillraceRouting

/// Performs the actions of the state machines. Each outcome is an event of the network, so other things happen in between.
extension SimulatedServer {
    /// Reads a key without a wait, if that goes well: performs what `ImmediateRead` decides.
    func readAtOnce(
        _ key: [UInt8], _ request: RoutedRequest, until deadline: Moment, _ finish: @escaping (RoutedResult) -> Void
    ) {
        let action = try? ImmediateRead.action(
            of: stores.owner(ofKey: key, in: request.store), isForwarded: request.isForwarded,
            acceptsStale: request.acceptsStale, atLeast: request.atLeast, rest: rest(until: deadline))
        switch action {
        case .readHere:
            if let answer = readInMemory(key, request) { return finish(.success(answer)) }
            read(key, request, until: deadline, finish)
        case .ask(let address):
            forwardAtOnce(request, to: address) { [self] result in
                if let result, ImmediateRead.isAnswer(result) { return finish(result) }
                read(key, request, until: deadline, finish)
            }
        case .fallBack, nil: read(key, request, until: deadline, finish)
        }
    }

    private func read(
        _ key: [UInt8], _ request: RoutedRequest, until deadline: Moment, _ finish: @escaping (RoutedResult) -> Void
    ) {
        read(
            request, until: deadline,
            locate: { [stores] in try stores.owner(ofKey: key, in: request.store) },
            // Without a position all partitions are looked through, since a topic may be partitioned in another way.
            partition: { request.atLeast.isEmpty ? nil : $0.partition }, kind: .key(key), finish)
    }

    /// Reads a partition where it is: performs what `PartitionRead` decides.
    ///
    /// - Parameters:
    ///   - locate: returns the partition's owner by this instance's knowledge of the moment.
    ///   - partition: returns the partition to read here; `nil` for all that are here.
    private func read(
        _ request: RoutedRequest, until deadline: Moment, locate: @escaping () throws -> KeyMetadata,
        partition: @escaping (KeyMetadata) -> Int32?, kind: LocalRead.Kind, _ finish: @escaping (RoutedResult) -> Void
    ) {
        var read = PartitionRead<RoutedAnswer, RoutedFailure>(
            isForwarded: request.isForwarded, acceptsStale: request.acceptsStale)
        func perform(_ action: PartitionRead<RoutedAnswer, RoutedFailure>.Action) {
            switch action {
            case .locate:
                let owner = Result(catching: locate).mapError { RoutedFailure($0) }
                perform(read.located(owner, rest: rest(until: deadline)))
            case .readHere(let readsStale, let waits):
                do {
                    let local = LocalRead(
                        store: request.store, partition: partition(try locate()), kind: kind, readsStale: readsStale,
                        atLeast: request.atLeast)
                    readHere(local, within: waits ? rest(until: deadline) : .zero, answered)
                } catch {
                    answered(.failure(RoutedFailure(error)))
                }
            case .ask(let address): forward(request, to: address, until: deadline, answered)
            case .wait(let pause): wait(pause) { perform(read.waited()) }
            case .finish(let result): finish(result)
            }
        }
        func answered(_ result: RoutedResult) { perform(read.answered(result, rest: rest(until: deadline))) }
        perform(read.begin())
    }

    /// Reads several keys: performs what `BatchRead` decides.
    func read(
        _ keys: [[UInt8]], _ request: RoutedRequest, until deadline: Moment, _ finish: @escaping (RoutedResult) -> Void
    ) {
        typealias Read = BatchRead<[StoreEntry], RoutedFailure>
        var read = Read(count: keys.count, isForwarded: request.isForwarded, acceptsStale: request.acceptsStale)
        func perform(_ action: Read.Action) {
            switch action {
            case .locate(let open):
                let owners = open.map { key in
                    Result { try stores.owner(ofKey: keys[key], in: request.store) }.mapError { RoutedFailure($0) }
                }
                perform(read.located(owners, rest: rest(until: deadline)))
            case .read(let groups): ask(groups)
            case .wait(let pause): wait(pause) { perform(read.waited()) }
            case .finish(let result):
                finish(result.map { RoutedAnswer(entries: $0.entries.map { $0 ?? [] }, position: $0.position) })
            }
        }
        func ask(_ groups: [Read.Group]) {
            var results: [(Read.Group, Result<Read.Answer, RoutedFailure>)] = []
            for group in groups {
                answer(of: group.keys.map { keys[$0] }, at: group.place, request, until: deadline) { result in
                    let answer = result.map { Read.Answer(entries: $0.entries, position: $0.position) }
                    results.append((group, answer))
                    guard results.count == groups.count else { return }
                    perform(read.answered(results, rest: self.rest(until: deadline)))
                }
            }
        }
        perform(read.begin())
    }

    private func answer(
        of keys: [[UInt8]], at place: BatchRead<[StoreEntry], RoutedFailure>.Place, _ request: RoutedRequest,
        until deadline: Moment, _ finish: @escaping (RoutedResult) -> Void
    ) {
        switch place {
        case .here:
            let local = LocalRead(
                store: request.store, kind: .batch(keys), readsStale: request.acceptsStale, atLeast: request.atLeast)
            readHere(local, within: rest(until: deadline), finish)
        case .instance(let address):
            var request = request
            request.kind = .batch(keys)
            forward(request, to: address, until: deadline, finish)
        }
    }

    /// Reads a page: performs what `ScanRead` decides.
    func page(
        _ scan: ScanRead<StoreEntry, RoutedFailure>, _ request: RoutedRequest, _ deadline: Moment,
        _ finish: @escaping (RoutedResult) -> Void
    ) {
        typealias Scan = ScanRead<StoreEntry, RoutedFailure>
        var scan = scan
        func perform(_ action: Scan.Action) {
            switch action {
            case .countPartitions:
                let count = Result { try stores.partitionCount(of: request.store) }.mapError { RoutedFailure($0) }
                let unknown = { (count: Int32) in
                    RoutedFailure(status: 400, "partition_unknown", "the store has \(count) partitions")
                }
                perform(scan.counted(count, unknown: unknown, rest: rest(until: deadline)))
            case .read(let place, let limit):
                part(at: place, limit: limit, request, until: deadline) { result in
                    let part = result.map {
                        Scan.Part(entries: $0.entries.flatMap { $0 }, position: $0.position, next: $0.next?.place)
                    }
                    perform(scan.answered(part))
                }
            case .wait(let pause): wait(pause) { perform(scan.waited()) }
            case .finish(let result):
                finish(result.map { RoutedAnswer(entries: [$0.entries], position: $0.position, next: $0.next) })
            }
        }
        perform(scan.begin())
    }

    private func part(
        at place: ScanPlace, limit: Int, _ request: RoutedRequest, until deadline: Moment,
        _ finish: @escaping (RoutedResult) -> Void
    ) {
        var request = request
        request.kind = .page(from: place, only: place.partition, limit: limit)
        read(
            request, until: deadline,
            locate: { [stores] in try stores.owner(ofPartition: place.partition, in: request.store) },
            partition: { _ in place.partition }, kind: .page(after: place.place, limit: limit), finish)
    }
}

extension ImmediateRead {
    fileprivate static func isAnswer(_ result: RoutedResult) -> Bool {
        switch result {
        case .success: isAnswer(status: 200, saysKeyUnknown: false)
        case .failure(let failure): isAnswer(status: failure.status, saysKeyUnknown: failure.code == "key_unknown")
        }
    }
}
