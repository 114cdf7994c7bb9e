import Foundation
import Millrace
import MillraceRuntime
import RiskScore
import ServiceLifecycle

/// Answers the accounts on standard input, one on each line, with their scores as of the last commit. An application's server
/// would do the same for each request.
struct Answers: Service {
    let application: StreamsApplication

    func run() async throws {
        let scores = try application.store(.keyValue(RiskScoreTopology.store, key: .string, value: .double))
        // Reading a line blocks, so it has a separate thread. Queries may run on any thread.
        Thread.detachNewThread {
            while let account = readLine() {
                FileHandle.standardOutput.write(Data("\(answer(account, from: scores))\n".utf8))
            }
        }
        try await gracefulShutdown()
    }

    private func answer(_ account: String, from scores: QueryableKeyValueStore<String, Double>) -> String {
        do {
            return try scores.get(account).map { "\(account): \($0)" } ?? "\(account): no events"
        } catch let error as StreamsError where error.code == .storeElsewhere {
            let owner = try? application.metadata(ofKey: account, .string, in: RiskScoreTopology.store)
            return "\(account): ask \(owner?.address.map(String.init(describing:)) ?? "another instance")"
        } catch {
            return "\(account): \(error)"
        }
    }
}
