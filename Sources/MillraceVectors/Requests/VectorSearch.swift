import Millrace

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A search of an index of vectors as a client writes it in JSON: `{"vector": […], "effort": "exact", "filter": {…}}`.
struct VectorSearch: Codable, Sendable {
    enum CodingKeys: String, CodingKey, CaseIterable { case vector, effort, filter }

    /// The vector; `nil` if the entry of a key stands for it.
    var vector: VectorText?
    /// The effort; `nil` for the standard one.
    var effort: EffortText?
    /// The filter; `nil` for none.
    var filter: FilterText?
}

/// A vector in JSON: an array of numbers, or the components as little-endian 32-bit floats in Base64.
struct VectorText: Codable, Sendable {
    var numbers: [Float]

    init(numbers: [Float]) { self.numbers = numbers }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            guard let data = Data(base64Encoded: text), data.count.isMultiple(of: 4) else {
                throw StoreIndexRequestProblem(
                    "vector is no Base64 of little-endian 32-bit floats: write it so, or as an array of numbers")
            }
            let bytes = Array(data)
            numbers = stride(from: 0, to: bytes.count, by: 4).map { start in
                Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) })
            }
        } else if let given = try? container.decode([Float].self) {
            numbers = given
        } else {
            throw StoreIndexRequestProblem(
                "vector must be an array of numbers within a 32-bit float's range, or Base64 of such floats")
        }
    }

    func encode(to encoder: any Encoder) throws {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(numbers.count * 4)
        for number in numbers {
            for shift: UInt32 in [0, 8, 16, 24] {
                bytes.append(UInt8(truncatingIfNeeded: number.bitPattern >> shift))
            }
        }
        var container = encoder.singleValueContainer()
        try container.encode(Data(bytes).base64EncodedString())
    }
}

/// The effort of a search in JSON: `"exact"`, or how many candidates are kept.
struct EffortText: Codable, Sendable {
    var effort: SearchEffort

    /// The most candidates that a client may ask for.
    static let mostCandidates = 10_000

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self), text == "exact" {
            effort = .exact
        } else if let candidates = try? container.decode(Int.self), (1...Self.mostCandidates).contains(candidates) {
            effort = .approximate(candidates: candidates)
        } else {
            throw StoreIndexRequestProblem(
                "effort must be \"exact\", or a whole number of candidates from 1 to \(Self.mostCandidates)")
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch effort {
        case .exact: try container.encode("exact")
        case .approximate(let candidates): try container.encode(candidates)
        }
    }
}
