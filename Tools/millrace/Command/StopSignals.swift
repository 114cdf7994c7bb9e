import Dispatch
import Foundation

/// Handles SIGINT and SIGTERM: the first asks the process to stop, a second one ends it.
final class StopSignals {
    private var sources: [any DispatchSourceSignal] = []

    /// Calls `action` at the first signal.
    init(_ action: @escaping @Sendable () -> Void) {
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                action()
                signal(number, SIG_DFL)
            }
            source.resume()
            sources.append(source)
        }
    }

    func cancel() {
        for source in sources { source.cancel() }
    }
}
