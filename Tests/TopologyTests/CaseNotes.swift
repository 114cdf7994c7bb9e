import CaseMemory
import Foundation
import Testing

/// Case notes with their embeddings, as `Tools/embeddings/case-notes` has made them of `CaseNotes/notes.tsv` and `events.tsv`.
struct CaseNotes {
    struct Note {
        var kind: String
        var isFraud: Bool
        var text: String
        var embedding: [Float]
    }

    let notes: [Note]

    /// Reads a table and its vectors: 384 numbers of 4 bytes, little endian, for each line.
    init(_ name: String) throws {
        let folder = try #require(Bundle.module.url(forResource: "CaseNotes", withExtension: nil))
        let lines = try String(contentsOf: folder.appending(path: "\(name).tsv"), encoding: .utf8)
            .split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
        let bytes = try Data(contentsOf: folder.appending(path: "\(name).f32"))
        try #require(bytes.count == lines.count * Self.dimensions * 4)
        notes = try bytes.withUnsafeBytes { bytes in
            try lines.enumerated().map { row, fields in
                try #require(fields.count == 3 && ["fraud", "fine"].contains(fields[1]))
                let embedding = (0..<Self.dimensions).map { column in
                    let offset = (row * Self.dimensions + column) * 4
                    return Float(
                        bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
                }
                return Note(kind: fields[0], isFraud: fields[1] == "fraud", text: fields[2], embedding: embedding)
            }
        }
    }

    static let dimensions = 384

    /// The notes that share the largest part of their words with a text: what a search without a model finds.
    func nearestByWords(to text: String, count: Int) -> [Note] {
        let words = Self.words(of: text)
        let scored = notes.enumerated().map { number, note in
            let others = Self.words(of: note.text)
            let share = Double(words.intersection(others).count) / Double(max(1, words.union(others).count))
            return (share: share, number: number, note: note)
        }
        return scored.sorted { ($1.share, $0.number) < ($0.share, $1.number) }.prefix(count).map(\.note)
    }

    private static func words(of text: String) -> Set<Substring> {
        Set(text.lowercased().split { !$0.isLetter })
    }

    /// The notes as cases, keyed by kind and number within the kind: `card-testing-3`.
    var cases: [(id: String, value: FraudCase)] {
        var counts: [String: Int] = [:]
        return notes.map { note in
            counts[note.kind, default: 0] += 1
            let value = FraudCase(text: note.text, isFraud: note.isFraud, embedding: note.embedding)
            return ("\(note.kind)-\(counts[note.kind, default: 0])", value)
        }
    }
}
