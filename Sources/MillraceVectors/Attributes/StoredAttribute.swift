/// The value of an attribute as an index keeps it. Its order is that of filters.
enum StoredAttribute: Hashable, Sendable {
    /// A number or a flag as a number that orders like it; never 0.
    case ordinal(UInt64)
    /// A text in UTF-8.
    case text([UInt8])

    /// Converts a value; `nil` for a number that is not a number.
    init?(_ value: AttributeValue) {
        switch value {
        case .text(let text): self = .text(Array(text.utf8))
        case .flag(let flag): self = .ordinal(flag ? 2 : 1)
        case .number(let number):
            if number.isNaN { return nil }
            // Adding zero makes zeros positive. Positive numbers are ordered as their bits are, negative ones the other way round.
            let bits = (number + 0).bitPattern
            self = .ordinal(bits >> 63 == 0 ? bits | 1 << 63 : ~bits)
        }
    }
}

extension StoredAttribute: Comparable {
    static func < (first: StoredAttribute, second: StoredAttribute) -> Bool {
        switch (first, second) {
        case (.ordinal(let first), .ordinal(let second)): first < second
        case (.text(let first), .text(let second)): first.lexicographicallyPrecedes(second)
        case (.ordinal, .text): true
        case (.text, .ordinal): false
        }
    }
}

/// The attributes of an entry, in the order of the index's schema; `nil` for what is missing.
typealias AttributeRow = [StoredAttribute?]
