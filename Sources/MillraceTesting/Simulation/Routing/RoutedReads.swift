import Millrace
import MillraceEngine
import MillraceRouting

/// Reads that go from instance to instance, through rebalances, crashes and zombies.
///
/// Each instance has a server at its address, which performs the state machines of `MillraceRouting` over a simulated network.
/// Clients ask any of them. An answer has to be the contents of the test driver's store at exactly the answer's position, which must
/// not be before the one that was asked for; and each read has to end by its deadline.
final class RoutedReads {
    private let world: SimulatedWorld
    private let instances: [SimulatedInstance]
    private let network: SimulatedNetwork
    private let serve: (LocalStores) -> ServedStores
    private var random: SeededRandom
    private var servers: [InstanceAddress: SimulatedServer] = [:]
    private let addresses: [InstanceAddress]
    private let stores: [RoutedStore]
    private let clients: [RoutedClient]
    private var finalReads: FinalReads?

    init(
        _ histories: StoreHistories, of instances: [SimulatedInstance], topology: Topology, world: SimulatedWorld,
        plantedFault: PlantedFault?, seed: UInt64
    ) {
        self.world = world
        self.instances = instances
        addresses = instances.compactMap(\.address)
        serve = plantedFault?.serveStores ?? { ServedStores($0) }
        var random = SeededRandom(seed: seed)
        network = SimulatedNetwork(world, seed: random.next())
        let plans = topology.subtopologies.flatMap(\.stores)
        let stores = histories.stores.compactMap { name in
            plans.first { $0.name == name }.flatMap { RoutedStore($0, histories) }
        }
        self.stores = stores
        clients =
            stores.isEmpty
            ? []
            : (0..<3).map { number in
                RoutedClient(name: "client-\(number)", store: stores[random.below(stores.count)])
            }
        self.random = random
    }

    /// Performs what is due, and lets clients begin new reads.
    func step() {
        if clients.isEmpty { return }
        replaceServers()
        for address in addresses { servers[address]?.wakeReads() }
        network.run()
        for client in clients where !client.isBusy && random.chance(0.1) { read(client) }
    }

    /// Suspends the server of a process that stands still, or only its worker: then the server answers with what it has.
    ///
    /// - Returns: whether the server is suspended.
    func suspend(_ process: SimulatedProcess) -> Bool {
        guard let server = server(of: process), random.chance(0.5) else { return false }
        network.suspend(server.host)
        return true
    }

    func resume(_ process: SimulatedProcess) {
        if let server = server(of: process) { network.resume(server.host) }
    }

    /// Begins the reads at the end of a run, and returns whether they are done.
    func hasFinished() -> Bool {
        if clients.isEmpty { return true }
        if let finalReads { return finalReads.haveFinished }
        let final = FinalReads(stores) { [unowned self] address, request, finish in
            ask(address, request, within: request.timeout + TimeSpan(ms: 2_000), from: nil, finish)
        } violate: { [world] in
            world.violate($0)
        }
        finalReads = final
        final.begin(at: addresses)
        return final.haveFinished
    }

    // MARK: Servers

    private func server(of process: SimulatedProcess) -> SimulatedServer? {
        addresses.lazy.compactMap { self.servers[$0] }.first { $0.host.process === process }
    }

    /// Starts and ends servers with their instances.
    private func replaceServers() {
        for instance in instances {
            guard let address = instance.address else { continue }
            let isServed = servers[address]?.stores.localStores === instance.localStores
            if let server = servers[address], !server.host.isRunning || !isServed {
                server.end(tellingClients: random.chance(0.7))
                servers[address] = nil
            }
            guard servers[address] == nil, !instance.isKilled, let process = instance.process,
                let localStores = instance.localStores
            else { continue }
            servers[address] = SimulatedServer(
                SimulatedHost(process), stores: serve(localStores), network: network,
                ask: { [unowned self] in ask($0, $1, within: $2, from: $3, $4) },
                listener: { [unowned self] in servers[$0] },
                violate: { [world] in world.violate($0) })
        }
    }

    /// Asks the instance at an address.
    ///
    /// - Parameters:
    ///   - limit: the time after which the asker gives up.
    ///   - asker: the instance that asks; `nil` for a client.
    private func ask(
        _ address: InstanceAddress, _ request: RoutedRequest, within limit: TimeSpan, from asker: SimulatedHost?,
        _ finish: @escaping (RoutedResult) -> Void
    ) {
        var isOpen = true
        func end(_ result: RoutedResult) {
            guard isOpen else { return }
            isOpen = false
            finish(result)
        }
        let network = network
        func reply(_ result: RoutedResult) {
            // An instance that cannot be reached fails a client's read; an instance asks it again.
            let isRefused = asker != nil && result.failure?.code == RoutedFailure.refused.code
            network.answer(to: asker) { end(isRefused ? .failure(.unreachable) : result) }
        }
        network.after(limit, on: asker) { end(.failure(.silent)) }
        network.request { [unowned self] in
            guard let server = servers[address], server.host.isRunning else { return reply(.failure(.refused)) }
            network.after(.zero, on: server.host) { server.receive(request, reply) }
        }
    }

    // MARK: Clients

    private func read(_ client: RoutedClient) {
        if random.chance(0.1) {
            let other = clients[random.below(clients.count)]
            if other.store.name == client.store.name { client.receive(other.seen) }
        }
        let address = addresses[random.below(addresses.count)]
        let request = client.next(&random, written: written(of: client.store))
        let began = network.now
        ask(address, request, within: request.timeout + TimeSpan(ms: 2_000), from: nil) { [world, network] result in
            let outcome =
                switch result {
                case .success(let answer): "found at \(answer.position)"
                case .failure(let failure): failure.code
                }
            world.log("\(client.name) asked \(address) for \(request): \(outcome)")
            guard let problem = client.finish(request, result, after: network.now - began) else { return }
            world.violate("\(client.name) asked \(address) for \(request): \(problem)")
        }
    }

    /// The position of everything that has been written to a store's inputs.
    private func written(of store: RoutedStore) -> Position {
        var ends: [TopicPartition: Int64] = [:]
        for input in store.inputs { ends[input] = world.end(of: input) }
        return Position(ends)
    }
}
