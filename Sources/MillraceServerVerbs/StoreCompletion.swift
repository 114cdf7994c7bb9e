import ArgumentParser
import Dispatch
import MillraceCommandLine
import Synchronization

/// The names of an instance's stores as completions of an argument. The instance is that of the options so far, or of the environment.
enum StoreCompletion {
    static let kind = CompletionKind.custom { words, _, prefix in names(words).filter { $0.hasPrefix(prefix) } }

    /// Returns nothing if the instance does not answer within a second: a shell waits for it.
    ///
    /// It blocks its thread: with asynchronous completions a command could not be parsed synchronously any more.
    static func names(_ words: [String]) -> [String] {
        let (found, end) = (Names(), DispatchSemaphore(value: 0))
        Task.detached {
            if let names = try? await ask(words) { found.set(names) }
            end.signal()
        }
        _ = end.wait(timeout: .now() + .seconds(2))
        return found.value
    }

    private static func ask(_ words: [String]) async throws -> [String] {
        struct Report: Decodable { var stores: [Store] }
        struct Store: Decodable { var name: String }
        let connection = try ServerConnectionOptions.parse(connectionOptions(words)).connection()
        return try await connection.get("/stores", within: .seconds(1), as: Report.self).stores.map(\.name)
    }

    private static func connectionOptions(_ words: [String]) -> [String] {
        let names = ["--server", "--token-file", "--tls-authority", "--client-certificate", "--client-key"]
        return words.indices.flatMap { index -> [String] in
            let word = words[index]
            if names.contains(where: { word.hasPrefix("\($0)=") }) { return [word] }
            let isComplete = names.contains(word) && words.indices.contains(index + 1)
            return isComplete ? [word, words[index + 1]] : []
        }
    }

    private final class Names: Sendable {
        private let state = Mutex<[String]>([])

        var value: [String] { state.withLock { $0 } }
        func set(_ names: [String]) { state.withLock { $0 = names } }
    }
}
