import CRdkafka
import Dispatch
import Glibc

/// The end of a client: destroys it on a separate thread and waits for a few seconds.
///
/// `rd_kafka_destroy` waits for librdkafka's threads, and in 2.0.2 these do not end where a topic that was read has been
/// deleted. Nothing may depend on it: `close`, a flush or a commit has sent everything to the broker before. A client that does
/// not end in time keeps its memory and its threads until the process ends.
final class ClientEnd: Sendable {
    static let limitMs = 3_000

    private let hasEnded = DispatchSemaphore(value: 0)
    // Handed over: nothing else uses it any more.
    nonisolated(unsafe) private let client: OpaquePointer
    nonisolated(unsafe) private let context: Unmanaged<CallbackContext>

    private init(_ client: OpaquePointer, _ context: Unmanaged<CallbackContext>) {
        self.client = client
        self.context = context
    }

    /// Destroys a client.
    ///
    /// - Parameter context: the argument of its callbacks, with the retain that the client holds.
    /// - Returns: whether it ended in time.
    static func destroy(_ client: OpaquePointer, context: Unmanaged<CallbackContext>) -> Bool {
        let end = ClientEnd(client, context)
        let argument = Unmanaged.passRetained(end).toOpaque()
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { @Sendable argument in
                guard let argument else { return nil }
                Unmanaged<ClientEnd>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, argument)
        guard code == 0 else {
            // If no thread can be started, it is destroyed here.
            Unmanaged<ClientEnd>.fromOpaque(argument).takeRetainedValue().run()
            return true
        }
        pthread_detach(thread)
        return end.hasEnded.wait(timeout: .now() + .milliseconds(limitMs)) == .success
    }

    private func run() {
        rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
        context.release()
        hasEnded.signal()
    }
}
