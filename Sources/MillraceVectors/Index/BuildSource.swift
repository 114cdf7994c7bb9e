/// A part of an index from which rows go into a new segment.
enum BuildSource: Sendable {
    case tail(TailView)
    case segment(Segment)

    var rows: VectorRows {
        switch self {
        case .tail(let tail): tail.rows
        case .segment(let segment): segment.exactRows
        }
    }

    var deaths: DeathTimes {
        switch self {
        case .tail(let tail): tail.deaths
        case .segment(let segment): segment.deaths
        }
    }

    /// Returns the attributes of a row.
    func attributes(_ row: Int) -> AttributeRow {
        switch self {
        case .tail(let tail): tail.attributes.row(row)
        case .segment(let segment): segment.attributes.row(row)
        }
    }

    func withKey<Result>(_ row: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        switch self {
        case .tail(let tail): try tail.keys[row].withUnsafeBytes(body)
        case .segment(let segment): try segment.withKey(row, body)
        }
    }
}
