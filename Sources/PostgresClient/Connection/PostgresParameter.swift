/// A value that a statement is given for one of its `$1`, `$2`, ….
package struct PostgresParameter: Sendable, Hashable {
    /// The bytes; `nil` for null. Texts end with a zero byte, which is not counted.
    let bytes: [UInt8]?
    let isBinary: Bool

    /// Null.
    package static let null = PostgresParameter(bytes: nil, isBinary: false)

    /// A value as PostgreSQL writes it in texts; a text with a zero byte, which PostgreSQL does not know, ends before it.
    package static func text(_ text: String) -> PostgresParameter {
        PostgresParameter(bytes: Array(text.utf8) + [0], isBinary: false)
    }

    /// A value in the binary form of its type.
    package static func binary(_ bytes: [UInt8]) -> PostgresParameter {
        PostgresParameter(bytes: bytes, isBinary: true)
    }
}
