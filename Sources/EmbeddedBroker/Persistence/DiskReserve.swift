/// A file of zeros that takes room on the disk, to be given up when the disk is full: the journal then still has room for
/// changes that must not be lost, such as the offsets of groups, while records are refused.
///
/// Belongs to the broker's event loop.
final class DiskReserve {
    private static let sizeInBytes = 1 << 20

    private let path: String
    private(set) var isFilled = false

    init(_ directory: DataDirectory) {
        path = directory.reserve
        fill()
    }

    /// Takes the room.
    ///
    /// - Returns: whether there was as much.
    @discardableResult
    func fill() -> Bool {
        guard !isFilled else { return true }
        do {
            let file = try JournalFile(path)
            do {
                try file.write([UInt8](repeating: 0, count: Self.sizeInBytes), at: 0)
                isFilled = true
            } catch {
                try file.truncate(to: 0)
            }
        } catch {
            isFilled = false
        }
        return isFilled
    }

    /// Gives up the room.
    ///
    /// - Returns: whether there was any.
    func release() -> Bool {
        guard isFilled else { return false }
        isFilled = false
        do {
            try JournalFile(path).truncate(to: 0)
            return true
        } catch {
            return false
        }
    }
}
