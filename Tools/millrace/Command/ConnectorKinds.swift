import MillraceConnect
import MillracePostgres
import MillraceRedis

/// The kinds of connectors that `millrace connect` knows.
enum ConnectorKinds {
    static let all: [ConnectorKind] = [.fileSource, .fileSink, .postgresSource, .postgresSink] + ConnectorKind.redis
}
