import MillraceConnect
import PostgresClient

/// The tables of a database, as it has them at present.
final class TableCatalog: TableKnowledge {
    let connection: PostgresConnection
    private let configuration: PostgresSourceConfiguration
    private let chosen: Set<TableName>
    private var types: TypeCatalog

    /// - Throws: `ConnectorError`.
    init(_ connection: PostgresConnection, _ configuration: PostgresSourceConfiguration) throws(ConnectorError) {
        self.connection = connection
        self.configuration = configuration
        chosen = Set(configuration.tables.map(TableName.init))
        do { types = try TypeCatalog(connection) } catch { throw ConnectorError(error) }
    }

    // MARK: Shapes

    func shape(of relation: Relation) throws -> TableShape? {
        let table = TableName(schema: relation.schema, name: relation.name)
        guard chosen.contains(table) else { return nil }
        if relation.identity == .nothing {
            throw ConnectorError(
                .permanent,
                "The table \(table) has lost its replica identity, so its changes have no key: run ALTER TABLE \(table) REPLICA IDENTITY FULL. \(WayOut.begin)"
            )
        }
        var keyNames = Set(relation.columns.filter(\.isKey).map(\.name))
        if relation.identity == .full { keyNames = Set(try primaryKey(of: relation.id, table)) }
        let columns = try relation.columns.map { try column($0.name, $0.type, of: table) }
        let indexes = columns.indices.filter { keyNames.contains(columns[$0].name) }
        guard !indexes.isEmpty, indexes.count == keyNames.count else {
            throw ConnectorError(
                .permanent,
                "The table \(table) had another primary key when its rows changed, or has none any more: give it a primary key. \(WayOut.begin)"
            )
        }
        return makeShape(table, columns, keyIndexes: indexes)
    }

    private func primaryKey(of id: UInt32, _ table: TableName) throws(ConnectorError) -> [String] {
        do { return try TableFacts.keyColumns(of: id, byIdentity: false, connection) } catch {
            throw ConnectorError(error)
        }
    }

    func makeShape(_ table: TableName, _ columns: [TableShape.Column], keyIndexes: [Int]) -> TableShape {
        TableShape(
            table: table, topic: configuration.topicPrefix + table.description, columns: columns, keyIndexes: keyIndexes
        )
    }

    /// Returns a column with the form of its values.
    ///
    /// - Throws: `ConnectorError` for a type without a form, unless such values become texts.
    func column(_ name: String, _ type: UInt32, of table: TableName) throws(ConnectorError) -> TableShape.Column {
        if types.name(of: type) == nil {
            do { types = try TypeCatalog(connection) } catch { throw ConnectorError(error) }
        }
        if let form = types.form(of: type) { return TableShape.Column(name, form) }
        if configuration.unknownTypes == .text { return TableShape.Column(name, .text) }
        throw ConnectorError(.permanent, unknownType(name, type, of: table))
    }

    private func unknownType(_ column: String, _ type: UInt32, of table: TableName) -> String {
        "The column \(column) of the table \(table) has the type \(types.name(of: type) ?? "\(type)"), which has no form of its own in JSON: set unknownTypes to \"text\" to get its values as PostgreSQL writes them, or leave the column out of the publication with a list of columns."
    }

    // MARK: Values at present

    func values(of columns: [Int], forKeyOf row: Row, in shape: TableShape) throws -> [Row.Value]? {
        let names = columns.map { connection.quoted(shape.columns[$0].name) }.joined(separator: ", ")
        let table = connection.quoted(shape.table.schema) + "." + connection.quoted(shape.table.name)
        let conditions = shape.keyIndexes.enumerated().map { number, index in
            "\(connection.quoted(shape.columns[index].name)) = $\(number + 1)"
        }
        let key = shape.keyIndexes.map { index -> PostgresParameter in
            if case .text(let text) = row.values[index] { .text(String(decoding: text, as: UTF8.self)) } else { .null }
        }
        let result: PostgresResult
        do {
            result = try connection.run(
                "SELECT \(names) FROM \(table) WHERE \(conditions.joined(separator: " AND "))", key)
        } catch {
            if error.isRetriable { throw ConnectorError(error) }
            throw ConnectorError(
                .permanent,
                "Large values of the table \(shape.table) that an update left alone cannot be read from the table, which has changed since: \(error.message). \(WayOut.begin)"
            )
        }
        guard result.rowCount > 0 else { return nil }
        return columns.indices.map { column in
            result.withBytes(row: 0, column: column) { .text(Array($0)) } ?? .null
        }
    }
}
