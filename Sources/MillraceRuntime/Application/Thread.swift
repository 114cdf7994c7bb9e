import Glibc

/// Starts a thread of its own for blocking work, which must not sit on the cooperative pool.
func startThread(_ body: @escaping @Sendable () -> Void) throws(ThreadError) {
    let box = Unmanaged.passRetained(ThreadBody(body))
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
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let argument { Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run() }
    return nil
}
