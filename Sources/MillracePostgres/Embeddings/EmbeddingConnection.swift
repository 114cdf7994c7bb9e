import MillraceConnect
import MillraceVectors
import PostgresClient

/// One connection that loads embeddings, on one thread.
final class EmbeddingConnection {
    private let connection: PostgresConnection
    private let hasNamespaces: Bool

    /// - Throws: `ConnectorError`.
    init(_ server: PostgresServer, _ configuration: PostgresEmbeddingsConfiguration) throws(ConnectorError) {
        connection = try server.connect()
        hasNamespaces = configuration.namespaceColumn != nil
        do { try connection.prepare("load", Self.statement(configuration, connection)) } catch {
            throw ConnectorError(error)
        }
    }

    var isLost: Bool { connection.isLost }

    /// Returns the statement that joins the keys with the table.
    private static func statement(
        _ configuration: PostgresEmbeddingsConfiguration, _ connection: PostgresConnection
    ) throws(PostgresError) -> String {
        let quote = connection.quoted
        let table = TableName(configuration.table)
        let name = quote(table.schema) + "." + quote(table.name)
        // Keys become values of the column's type, so that its index is used.
        func type(of column: String) throws(PostgresError) -> String {
            let found = try connection.run(
                "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = $1::regclass AND attname = $2",
                [.text(name), .text(column)])
            return found.text(row: 0, column: 0) ?? "text"
        }
        let version = configuration.versionColumn.map { "t.\(quote($0))::int8" } ?? "0::int8"
        var keys = "unnest($1::text[])"
        var names = "key"
        var condition = "t.\(quote(configuration.keyColumn)) = k.key::\(try type(of: configuration.keyColumn))"
        if let namespace = configuration.namespaceColumn {
            keys = "unnest($1::text[], $2::text[])"
            names = "key, namespace"
            condition += " AND t.\(quote(namespace)) = k.namespace::\(try type(of: namespace))"
        }
        return
            "SELECT k.number, \(version), t.\(quote(configuration.vectorColumn)) FROM \(keys) WITH ORDINALITY AS k(\(names), number) JOIN \(name) t ON \(condition)"
    }

    /// Measures the time of a small statement, the quickest of three, which asks whether the server is a primary.
    ///
    /// - Throws: `ConnectorError`.
    func measure() throws(ConnectorError) -> (roundTrip: Duration, isPrimary: Bool) {
        var (quickest, isPrimary) = (Duration.seconds(1 << 20), false)
        for _ in 0..<3 {
            let start = ContinuousClock.now
            do {
                isPrimary = try connection.run("SELECT pg_is_in_recovery()").text(row: 0, column: 0) == "f"
            } catch { throw ConnectorError(error) }
            quickest = min(quickest, ContinuousClock.now - start)
        }
        return (quickest, isPrimary)
    }

    /// Loads embeddings.
    ///
    /// - Throws: `ConnectorError`; a key that is no value of the column's type fails all keys.
    func load(_ keys: [EmbeddingKey]) throws(ConnectorError) -> [EmbeddingKey: Embedding] {
        let asked = hasNamespaces ? keys : keys.filter(\.namespace.isEmpty)
        if asked.isEmpty { return [:] }
        var parameters = [PostgresParameter.text(Self.array(asked.map(\.key)))]
        if hasNamespaces { parameters.append(.text(Self.array(asked.map(\.namespace)))) }
        let result: PostgresResult
        do { result = try connection.run(prepared: "load", parameters, isBinary: true) } catch {
            throw ConnectorError(error)
        }
        var found: [EmbeddingKey: Embedding] = [:]
        let type = result.type(ofColumn: 2)
        for row in 0..<result.rowCount {
            guard let number = result.withBytes(row: row, column: 0, VectorBytes.int64),
                asked.indices.contains(Int(number) - 1),
                let bytes = result.withBytes(row: row, column: 2, { Array($0) })
            else { continue }
            let version = result.withBytes(row: row, column: 1, VectorBytes.int64) ?? 0
            guard let vector = bytes.withUnsafeBytes({ VectorBytes.vector($0, type: type) }) else {
                throw ConnectorError(
                    .permanent,
                    "The column of embeddings is no vector, real[] or bytea of 32-bit floats, or has nulls in an array."
                )
            }
            found[asked[Int(number) - 1]] = Embedding(vector, version: version)
        }
        return found
    }

    /// Returns PostgreSQL's text of an array of texts.
    private static func array(_ texts: [String]) -> String {
        let elements = texts.map { "\"" + $0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\"" }
        return "{" + elements.joined(separator: ",") + "}"
    }
}

/// The binary forms of vectors.
enum VectorBytes {
    static func int64(_ bytes: UnsafeRawBufferPointer) -> Int64 {
        bytes.count == 8 ? Int64(bigEndian: bytes.loadUnaligned(as: Int64.self)) : 0
    }

    /// Returns the components; `nil` for bytes that are none.
    static func vector(_ bytes: UnsafeRawBufferPointer, type: UInt32) -> [Float]? {
        switch type {
        // bytea
        case 17:
            guard bytes.count % 4 == 0 else { return nil }
            return floats(bytes, from: 0, stride: 4) { UInt32(littleEndian: $0) }
        // real[]: the number of dimensions, flags, the element's type, then length and lower bound of each dimension, then elements with sizes.
        case 1021:
            guard bytes.count >= 12 else { return nil }
            let dimensions = int32(bytes, at: 0)
            if dimensions == 0 { return [] }
            guard dimensions == 1, int32(bytes, at: 4) == 0, bytes.count >= 20,
                bytes.count == 20 + 8 * Int(int32(bytes, at: 12))
            else { return nil }
            return floats(bytes, from: 24, stride: 8) { UInt32(bigEndian: $0) }
        // pgvector's: the number of components in two bytes, two unused ones, then the components.
        default:
            guard bytes.count >= 4, bytes.count == 4 + 4 * (Int(bytes[0]) << 8 | Int(bytes[1])) else { return nil }
            return floats(bytes, from: 4, stride: 4) { UInt32(bigEndian: $0) }
        }
    }

    private static func int32(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int32 {
        Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self))
    }

    private static func floats(
        _ bytes: UnsafeRawBufferPointer, from start: Int, stride size: Int, _ bits: (UInt32) -> UInt32
    ) -> [Float] {
        stride(from: start, to: bytes.count, by: size).map { offset in
            Float(bitPattern: bits(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        }
    }
}
