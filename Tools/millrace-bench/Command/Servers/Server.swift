import Foundation
import RiskScore

/// A server in a separate process.
struct Server {
    let child: Child
    let port: Int

    /// The path of the entries of the risk store.
    static let target = "/stores/\(RiskScoreTopology.store)/entries"

    /// - Parameter arguments: those of a process that prints its port when it listens.
    init(_ arguments: [String]) throws {
        child = try Child(arguments)
        guard let port = child.line().flatMap({ Int($0) }) else { throw BenchError("\(arguments) does not listen") }
        self.port = port
    }

    /// Starts an instance of the risk topology.
    static func instance(_ group: String, _ cluster: BenchCluster, isExactlyOnce: Bool = false) throws -> Server {
        try Server(
            [
                "http-instance", "--bootstrap", cluster.bootstrapServers, "--group", group, "--state",
                cluster.newFolder(), "--port", "\(try HTTPLoad.freePort())",
            ] + (isExactlyOnce ? ["--exactly-once"] : []))
    }

    /// Accounts in an order that jumps from partition to partition and from block to block.
    static func scattered(_ accounts: Int) -> [Int] {
        // The step is coprime to any usual number of accounts.
        (0..<min(accounts, 20_000)).map { $0 * 7_368_787 % accounts }
    }

    /// The request for an account's score.
    static func get(_ account: Int, headers: String = "") -> [UInt8] {
        HTTPLoad.get("\(target)/\(RiskEvents.key(account))", headers: headers)
    }

    /// Waits until every account can be read, if they have been written in turn.
    func awaitAll(_ accounts: Int) throws {
        let deadline = monotonicSeconds() + 60
        while true {
            do {
                let last = (0..<min(1_000, accounts)).map { Self.get(accounts - 1 - $0) }
                _ = try HTTPLoad(port: port, connections: 1, requests: last).run(seconds: 1)
                return
            } catch {
                guard monotonicSeconds() < deadline else { throw error }
                usleep(100_000)
            }
        }
    }
}
