import FoundationEssentials
import MillraceVectors

/// An announcement as a record's value: JSON, so that programs of any language can announce.
///
/// `{"key": "case-17", "namespace": "cases", "version": 1600000000000, "origin": "cache-1f"}`. `namespace` may be missing, `version` may be
/// missing or null if it is not known.
enum AnnouncementRecord {
    private struct Wire: Codable {
        var key: String
        var namespace: String?
        var version: Int64?
        var origin: String
    }

    static func bytes(of announcement: EmbeddingAnnouncement) -> [UInt8] {
        let wire = Wire(
            key: announcement.key.key, namespace: announcement.key.namespace, version: announcement.version,
            origin: announcement.origin)
        // Texts and numbers can always be encoded; an empty value is passed over by whoever reads it.
        return (try? JSONEncoder().encode(wire)).map(Array.init) ?? []
    }

    /// Returns the announcement in a value; `nil` if there is none.
    static func announcement(in value: UnsafeRawBufferPointer) -> EmbeddingAnnouncement? {
        guard let wire = try? JSONDecoder().decode(Wire.self, from: Data(value)) else { return nil }
        return EmbeddingAnnouncement(
            EmbeddingKey(wire.key, in: wire.namespace ?? ""), version: wire.version, origin: wire.origin)
    }
}
