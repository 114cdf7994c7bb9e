import PostgresClient

/// The types of a database.
struct TypeCatalog {
    private struct Entry {
        var name: String
        /// PostgreSQL's `typtype`: `b` for a base type, `d` for a domain, `e` for an enum, `c` for a row, `r` for a range.
        var kind: String
        var category: String
        var element: UInt32
        var base: UInt32
        var delimiter: UInt8
        /// Whether values of the type are arrays of its element.
        var isArray: Bool
    }

    private var entries: [UInt32: Entry] = [:]

    init() {}

    /// Reads the types.
    ///
    /// - Throws: `PostgresError`.
    init(_ connection: PostgresConnection) throws(PostgresError) {
        let result = try connection.run(
            """
            SELECT oid, typname, typtype, typcategory, typelem, typbasetype, typdelim,
                typcategory = 'A' AND typelem <> 0 AND typlen = -1
            FROM pg_type
            """)
        for row in result.texts {
            guard row.count == 8, let id = row[0].flatMap({ UInt32($0) }) else { continue }
            entries[id] = Entry(
                name: row[1] ?? "", kind: row[2] ?? "", category: row[3] ?? "",
                element: row[4].flatMap { UInt32($0) } ?? 0, base: row[5].flatMap { UInt32($0) } ?? 0,
                delimiter: row[6]?.utf8.first ?? UInt8(ascii: ","), isArray: row[7] == "t")
        }
    }

    /// The name of a type, of a domain that of its base type; `nil` for one that the database does not have.
    func baseName(of type: UInt32) -> String? { baseName(of: type, depth: 0) }

    private func baseName(of type: UInt32, depth: Int) -> String? {
        guard let entry = entries[type], depth < 8 else { return nil }
        return entry.kind == "d" ? baseName(of: entry.base, depth: depth + 1) : entry.name
    }

    /// The name of a type; `nil` for one that the database does not have.
    func name(of type: UInt32) -> String? { entries[type]?.name }

    /// The form of a type's values; `nil` for a type without a form of its own.
    func form(of type: UInt32) -> ValueForm? { form(of: type, depth: 0) }

    private func form(of type: UInt32, depth: Int) -> ValueForm? {
        if let form = Self.known[type] { return form }
        guard let entry = entries[type], depth < 8 else { return nil }
        switch entry.kind {
        case "d": return form(of: entry.base, depth: depth + 1)
        case "e": return .text
        case "b" where entry.isArray:
            return form(of: entry.element, depth: depth + 1).map { .array($0, delimiter: entry.delimiter) }
        case "b": return Self.knownByName[entry.name]
        default: return nil
        }
    }

    /// PostgreSQL's own types by their numbers, which never change.
    private static let known: [UInt32: ValueForm] = [
        16: .boolean, 17: .bytes, 20: .number, 21: .number, 23: .number, 26: .number, 700: .number, 701: .number,
        1700: .number, 114: .json, 3802: .json, 18: .text, 19: .text, 25: .text, 1042: .text, 1043: .text,
        2950: .text, 1082: .text, 1083: .text, 1266: .text, 1186: .text, 1114: .timestamp, 1184: .instant,
        // Network addresses, bit strings, money, XML.
        869: .text, 650: .text, 829: .text, 774: .text, 1560: .text, 1562: .text, 790: .text, 142: .text,
    ]

    /// Types of extensions, whose numbers differ from database to database.
    private static let knownByName: [String: ValueForm] = [
        "vector": .json, "halfvec": .json, "sparsevec": .text, "citext": .text, "ltree": .text,
    ]
}
