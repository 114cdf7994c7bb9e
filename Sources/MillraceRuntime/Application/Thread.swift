import Dispatch
import Glibc

/// Starts a new thread for blocking work, which must not run on the cooperative pool.
///
/// - Parameter name: the name that the system shows; 15 bytes at most.
package func startThread(named name: String, _ body: @escaping @Sendable () -> Void) throws(ThreadError) {
    let box = Unmanaged.passRetained(ThreadBody(name, body))
    var thread = pthread_t()
    let code = pthread_create(&thread, nil, { @Sendable argument in runThread(argument) }, box.toOpaque())
    guard code == 0 else {
        box.release()
        throw ThreadError(code: code)
    }
    pthread_detach(thread)
}

/// Runs the same work on several threads at once, the calling one among them, and waits until all have returned. If the system
/// refuses threads, fewer run.
func runOnThreads(_ count: Int, named name: String, _ body: @escaping @Sendable () -> Void) {
    let started = (1..<max(1, count)).compactMap { _ in
        let end = DispatchSemaphore(value: 0)
        let isRunning: Void? = try? startThread(named: name) {
            body()
            end.signal()
        }
        return isRunning.map { end }
    }
    body()
    for end in started { end.wait() }
}

/// The system refused a thread.
package struct ThreadError: Error, CustomStringConvertible {
    let code: Int32
    package var description: String { "cannot start a thread: \(String(cString: strerror(code)))" }
}

private final class ThreadBody: Sendable {
    let name: String
    let run: @Sendable () -> Void

    init(_ name: String, _ run: @escaping @Sendable () -> Void) {
        self.name = name
        self.run = run
    }
}

private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let body = Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
    name(body.name)
    body.run()
    return nil
}

/// Names the calling thread. Swift's overlay hides pthread_setname_np; a name that cannot be set does no harm.
private func name(_ name: String) {
    let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = name.withCString { write(descriptor, $0, strlen($0)) }
    close(descriptor)
}
