import Dispatch
import Glibc

/// Starts a thread of its own for blocking work, which must not sit on the cooperative pool.
///
/// - Parameter name: shown by debuggers and profilers; 15 bytes of it.
func startThread(named name: String, _ body: @escaping @Sendable () -> Void) throws(ThreadError) {
    let box = Unmanaged.passRetained(ThreadBody(name: name, run: body))
    var thread = pthread_t()
    let code = pthread_create(&thread, nil, { @Sendable argument in runThread(argument) }, box.toOpaque())
    guard code == 0 else {
        box.release()
        throw ThreadError(code: code)
    }
    pthread_detach(thread)
}

/// The system refused a thread.
struct ThreadError: Error, CustomStringConvertible {
    let code: Int32
    var description: String { "cannot start a thread: \(String(cString: strerror(code)))" }
}

private final class ThreadBody: Sendable {
    let name: String
    let run: @Sendable () -> Void

    init(name: String, run: @escaping @Sendable () -> Void) {
        self.name = name
        self.run = run
    }
}

private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let body = Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
    pthread_setname_np(pthread_self(), String(body.name.utf8.prefix(15)) ?? "")
    body.run()
    return nil
}
