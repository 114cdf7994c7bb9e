import Dispatch
import Foundation

/// Handles Ctrl-C and SIGTERM: the first asks the demo to stop, a second one ends it.
final class Interruption {
    private var sources: [any DispatchSourceSignal] = []

    /// Calls `action` at the first signal.
    func onFirst(_ action: @escaping @Sendable () -> Void) {
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                print("\nstopping …")
                action()
                signal(number, SIG_DFL)
            }
            source.resume()
            sources.append(source)
        }
    }
}

extension Task where Failure == any Error {
    /// Runs blocking work on a separate thread.
    static func onThread(
        _ body: @escaping @Sendable () throws -> Success
    ) -> Task<Success, any Error> where Success: Sendable {
        Task {
            try await withCheckedThrowingContinuation { continuation in
                Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
            }
        }
    }
}
