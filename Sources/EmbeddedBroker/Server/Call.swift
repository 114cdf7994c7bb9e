import NIOCore

/// A request that waits for its answer.
///
/// Belongs to the broker's event loop.
final class Call {
    let api: API
    let version: Int16
    let correlationID: Int32
    let clientID: String
    let connection: Connection
    /// Set by a fault: instead of sending the answer, the broker closes the connection.
    var losesAnswer = false

    init(_ header: RequestHeader, api: API, connection: Connection) {
        self.api = api
        version = header.version
        correlationID = header.correlationID
        clientID = header.clientID ?? ""
        self.connection = connection
    }

    /// Sends the answer.
    ///
    /// - Parameter sizeInBytes: its approximate size.
    func answer(_ response: some WireResponse, sizeInBytes: Int = 256) {
        guard !losesAnswer else { return connection.close() }
        do {
            let frame = try response.frame(correlationID: correlationID, version: version, capacity: sizeInBytes)
            connection.send(frame)
        } catch {
            connection.close(because: "its answer to \(api) cannot be written: \(error)")
        }
    }

    /// Completes the call without an answer, as the client wants none.
    func skipAnswer() {
        if losesAnswer { connection.close() } else { connection.skip() }
    }
}
