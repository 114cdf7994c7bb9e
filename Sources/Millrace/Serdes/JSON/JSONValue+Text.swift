extension JSONValue {
    /// The text of a single value, as it would be given on the command line; nil for null, arrays and objects.
    package var scalarText: String? {
        switch self {
        case .boolean(let value): String(value)
        case .integer(let value): String(value)
        case .number(let value): String(value)
        case .string(let value): value
        case .null, .array, .object: nil
        }
    }
}
