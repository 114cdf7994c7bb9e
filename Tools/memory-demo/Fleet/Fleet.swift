import Foundation

/// All processes of the demo but the broker.
final class Fleet {
    let folder: URL
    let postgres: FleetProcess
    let redis: FleetProcess
    let connect: FleetProcess
    let agents: [FleetProcess]
    /// The ports of the agents' servers, which show their consoles.
    private(set) var ports: [Int: Int] = [:]
    /// The last figures of each agent.
    private(set) var figures: [Int: AgentFigures] = [:]

    private let postgresPort: Int

    init(_ options: Show, folder: URL) throws {
        self.folder = folder
        postgresPort = options.servers.postgresPort
        let project = FileManager.default.currentDirectoryPath
        postgres = FleetProcess(
            "postgres", ["\(project)/Tools/postgres-vectors", "\(folder.path)/postgres", "\(postgresPort)"],
            folder: folder)
        redis = FleetProcess(
            "redis",
            [
                "redis-server", "--port", "\(options.servers.redisPort)", "--bind", "127.0.0.1", "--dir", folder.path,
                "--save", "", "--appendonly", "yes",
            ], folder: folder)
        let configuration = folder.appending(path: "connect.json")
        try options.connectorSettings.write(to: configuration, atomically: true, encoding: .utf8)
        connect = FleetProcess(
            "connect", [options.millrace, "connect", configuration.path],
            environment: ["MEMORY_DEMO_PASSWORD": "millrace"], folder: folder)
        let servers = [
            "--bootstrap-servers", options.servers.bootstrapServers, "--postgres-port", "\(postgresPort)",
            "--redis-port", "\(options.servers.redisPort)",
        ]
        agents = (1...4).map { number in
            FleetProcess(
                "agent-\(number)",
                [
                    CommandLine.arguments[0], "agent", "--number", "\(number)", "--state-dir",
                    "\(folder.path)/agent-\(number)",
                ]
                    + servers,
                folder: folder)
        }
    }

    var all: [FleetProcess] { agents + [connect, redis, postgres] }

    /// Reads what the agents have written.
    func receive() {
        for (index, agent) in agents.enumerated() {
            for line in agent.takeLines() {
                switch try? JSONDecoder().decode(AgentLine.self, from: Data(line.utf8)) {
                case .ready(let port): ports[index] = port
                case .figures(let new): figures[index] = new
                case .rows(let rows): views[index] = rows
                case nil: break
                }
            }
        }
    }

    private var views: [Int: [String: AgentView]] = [:]

    /// Asks an agent what it sees of the rows; `nil` if it does not answer within some seconds.
    func rows(of index: Int) async throws -> [String: AgentView]? {
        views[index] = nil
        agents[index].send("rows")
        let deadline = ContinuousClock.now + .seconds(5)
        while views[index] == nil, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(20))
            receive()
        }
        return views[index]
    }

    func stop() {
        for process in agents + [connect] { process.stop() }
        redis.stop()
        postgres.stop(SIGINT)
    }
}
