import Dispatch
import HTTPTypes
import MillraceOperations

/// Runs an operation on the cluster. A Kafka client blocks, so it does not run on a thread of the server.
///
/// - Parameter slot: the request's place, which is taken until the operation has ended.
/// - Throws: `Failure`.
func blocking<Value: Sendable>(
    in slot: Slot, _ body: @escaping @Sendable () throws(OperationError) -> Value
) async throws(Failure) -> Value {
    let result: Result<Value, OperationError> = await withCheckedContinuation { continuation in
        DispatchQueue.global().async {
            let result: Result<Value, OperationError>
            do throws(OperationError) {
                result = .success(try body())
            } catch {
                result = .failure(error)
            }
            slot.free()
            continuation.resume(returning: result)
        }
    }
    return try result.mapError(Failure.init).get()
}

extension Failure {
    /// The failure of an operation on the cluster.
    init(_ error: OperationError) {
        switch error.kind {
        case .usage: self.init(.badRequest, error.code, error.description)
        case .missing: self.init(.notFound, error.code, error.description)
        case .unreachable: self.init(.serviceUnavailable, "broker", error.description)
        case .busy where error.code == "timeout": self.init(.gatewayTimeout, error.code, error.description)
        case .busy: self.init(.serviceUnavailable, error.code, error.description)
        case .denied, .failed: self.init(.badGateway, "broker_refused", error.description)
        }
    }
}
