import Millrace
import MillraceConnect
import MillraceEngine
import MillraceRuntime

/// The clients of one task: a source's, or a sink's beside the member of its group.
final class TaskClients: SourceTaskPorts, SinkTaskPorts {
    private let ports: KafkaPorts
    private let clientID: String

    init(_ ports: KafkaPorts, clientID: String) {
        self.ports = ports
        self.clientID = clientID
    }

    var clock: any WallClock { ports.clock }

    func makeProducer(transactionalID: String) throws -> any ProducerPort {
        try ports.makeProducer(clientID: clientID, transactionalID: transactionalID)
    }

    func makeProducer() throws -> any ProducerPort { try ports.makeProducer(clientID: clientID, transactionalID: nil) }

    func makeReader() throws -> any ReaderPort { try ports.makeReader(clientID: clientID) }
}
