import AgentMemory
import Foundation
import Millrace
import MillraceServer
import MillraceVectors
import ServiceLifecycle

/// The conversation of an agent's process with the one that has started it.
struct AgentCommands: Service {
    let decider: Decider
    let cache: EmbeddingCache
    let server: MillraceServer

    func run() async throws {
        await cancelWhenGracefulShutdown {
            if let port = await server.address?.port { AgentLine.ready(port: port).write() }
            for await line in Self.input {
                switch line {
                case "figures": AgentLine.figures(decider.figures).write()
                case "rows": AgentLine.rows(rows()).write()
                default: break
                }
            }
        }
    }

    /// The lines of the standard input.
    private static var input: AsyncStream<String> {
        let (lines, continuation) = AsyncStream<String>.makeStream()
        Thread.detachNewThread {
            while let line = readLine() { continuation.yield(line) }
            continuation.finish()
        }
        return lines
    }

    private func rows() -> [String: AgentView] {
        var views: [String: AgentView] = [:]
        for (key, row) in (try? decider.contexts.entries().map { ($0.key, $0.value) }) ?? [] {
            var view = AgentView()
            view.table = Fingerprint(version: row.metadata.version, embedding: row.embedding)
            if case .found(let embedding) = cache.cached(key.agent) {
                view.cache = Fingerprint(version: embedding.version, embedding: embedding.vector)
            }
            views[key.agent] = view
        }
        return views
    }
}
