import Millrace
import MillraceRouting

/// The server of one life of an instance: it performs what the state machines of `MillraceRouting` decide, over a simulated
/// network.
final class SimulatedServer {
    let host: SimulatedHost
    let stores: ServedStores
    private let network: SimulatedNetwork
    private let ask: Ask
    /// Returns the server that listens at an address at the moment.
    private let listener: (InstanceAddress) -> SimulatedServer?
    /// The connections that forwarded reads share.
    private var shared: [InstanceAddress: SharedSimulatedConnection] = [:]
    private let violate: (String) -> Void
    /// The requests that have not been answered, by number.
    private var open: [Int: (RoutedResult) -> Void] = [:]
    private var requestCount = 0
    private var waiting: [WaitingRead] = []

    /// Asks the instance at an address, within a time.
    typealias Ask = (
        _ address: InstanceAddress, _ request: RoutedRequest, _ limit: TimeSpan, _ asker: SimulatedHost?,
        _ finish: @escaping (RoutedResult) -> Void
    ) -> Void

    /// A read that waits for a change.
    private struct WaitingRead {
        var number: Int
        var read: LocalRead
        /// The number of changes before the last attempt.
        var seen: UInt64
        var end: Moment
        var finish: (RoutedResult) -> Void
    }

    /// The most that a read may last beyond its deadline: the time that a peer is given beyond it, and a few threads' delays.
    private static let grace = TimeSpan(ms: 1_000)

    init(
        _ host: SimulatedHost, stores: ServedStores, network: SimulatedNetwork, ask: @escaping Ask,
        listener: @escaping (InstanceAddress) -> SimulatedServer?, violate: @escaping (String) -> Void
    ) {
        self.host = host
        self.stores = stores
        self.network = network
        self.ask = ask
        self.listener = listener
        self.violate = violate
    }

    /// Answers a request. Its deadline is this instance's own: only the time that is left is passed on.
    func receive(_ request: RoutedRequest, _ reply: @escaping (RoutedResult) -> Void) {
        requestCount += 1
        let (number, received) = (requestCount, network.now)
        open[number] = reply
        network.after(request.timeout + Self.grace, on: host) { [self] in
            guard open[number] != nil, host.resumed < received else { return }
            violate("\(host.process.name): a read of \(request.store) has not ended at its deadline")
        }
        let finish: (RoutedResult) -> Void = { [self] result in open.removeValue(forKey: number)?(result) }
        let deadline = network.now + request.timeout
        switch request.kind {
        case .key(let key): readAtOnce(key, request, until: deadline, finish)
        case .batch(let keys): read(keys, request, until: deadline, finish)
        case .page(let start, let only, let limit):
            page(ScanRead(from: start, only: only, limit: limit, isForwarded: request.isForwarded), request, deadline) {
                finish($0)
            }
        case .search(let wanted, let only): search(wanted, only: only, request, until: deadline, finish)
        }
    }

    /// Ends the server. Its connections are closed, unless nothing says so.
    func end(tellingClients: Bool) {
        host.hasEnded = true
        let replies = open.sorted { $0.key < $1.key }.map(\.value)
        (open, waiting) = ([:], [])
        guard tellingClients else { return }
        for reply in replies { reply(.failure(.refused)) }
    }

    func rest(until deadline: Moment) -> Duration { max(.zero, deadline - network.now).duration }

    func wait(_ pause: Duration, _ body: @escaping () -> Void) { network.after(TimeSpan(pause), on: host, body) }

    // MARK: Other instances

    /// Passes a request on to another instance, which has the time that is left.
    func forward(
        _ request: RoutedRequest, to address: InstanceAddress, until deadline: Moment,
        _ finish: @escaping (RoutedResult) -> Void
    ) {
        var request = request
        request.timeout = TimeSpan(rest(until: deadline))
        request.isForwarded = true
        ask(address, stores.forwarded(request), request.timeout + TimeSpan(ms: 500), host, finish)
    }

    /// Forwards a read at once, as `SharedConnections` of `MillraceServer` does.
    ///
    /// - Parameter finish: gets the owner's answer; `nil` if the connection has ended without one.
    func forwardAtOnce(
        _ request: RoutedRequest, to address: InstanceAddress, _ finish: @escaping (RoutedResult?) -> Void
    ) {
        if shared[address]?.hasEnded ?? true {
            guard let owner = listener(address), owner.host.isRunning else { return finish(nil) }
            shared[address] = SharedSimulatedConnection(from: host, to: owner, network)
        }
        var request = request
        request.timeout = .zero
        request.isForwarded = true
        shared[address]?.send(stores.forwarded(request), finish)
    }

    /// Reads a key without a wait; `nil` if that is not possible.
    func readInMemory(_ key: [UInt8], _ request: RoutedRequest) -> RoutedAnswer? {
        guard network.isInMemory() else { return nil }
        let read = LocalRead(store: request.store, kind: .key(key), readsStale: false, atLeast: Position())
        return try? stores.read(read)
    }

    // MARK: Reads of this instance

    /// Reads here, as `QueryableBytesStore.read(reaching:within:)` does.
    func readHere(_ read: LocalRead, within limit: Duration, _ finish: @escaping (RoutedResult) -> Void) {
        requestCount += 1
        let end = network.now + TimeSpan(stores.limit(of: read, within: limit))
        attempt(WaitingRead(number: requestCount, read: read, seen: 0, end: end, finish: finish))
    }

    private func attempt(_ attempt: WaitingRead) {
        var attempt = attempt
        do {
            attempt.seen = try stores.changeCount(for: attempt.read)
            try stores.check(attempt.read)
        } catch {
            return wait(attempt, after: error)
        }
        let checked = attempt
        network.onThread(of: host) { [self] in
            do {
                checked.finish(.success(try stores.read(checked.read)))
            } catch {
                wait(checked, after: error)
            }
        }
    }

    private func wait(_ attempt: WaitingRead, after error: any Error) {
        guard let awaited = error as? StreamsError, awaited.isAwaited, network.now < attempt.end else {
            return attempt.finish(.failure(RoutedFailure(error)))
        }
        waiting.append(attempt)
        network.after(attempt.end - network.now, on: host) { [self] in
            guard let index = waiting.firstIndex(where: { $0.number == attempt.number }) else { return }
            waiting.remove(at: index).finish(.failure(RoutedFailure(error)))
        }
    }

    /// Tries reads again whose stores have changed.
    func wakeReads() {
        if waiting.isEmpty || host.isSuspended { return }
        let changed = waiting.filter { (try? stores.changeCount(for: $0.read)) != $0.seen }
        if changed.isEmpty { return }
        let numbers = Set(changed.map(\.number))
        waiting.removeAll { numbers.contains($0.number) }
        for read in changed { network.onThread(of: host) { [self] in attempt(read) } }
    }
}
