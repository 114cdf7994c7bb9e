/// A file of zeros that reserves space on the disk. The broker releases it when the disk is full. The space is then used for
/// changes that must not be lost, such as the offsets of groups, and for a snapshot, after which unneeded files can be removed.
/// Records are refused while the space is not reserved.
///
/// Belongs to the broker's event loop.
final class DiskReserve {
    private static let journalRoomInBytes = 1 << 20
    private static let retryInterval = Duration.milliseconds(200)

    private let path: String
    private var wantedSizeInBytes = DiskReserve.journalRoomInBytes
    private var takenSizeInBytes = 0
    /// Whether a snapshot needs the space.
    private var isLent = false
    private var nextTry = ContinuousClock.now

    init(_ directory: DataDirectory) {
        path = directory.reserve
        _ = fill()
    }

    /// Reserves the space if it is not reserved; tries at most every 200 ms.
    ///
    /// - Returns: whether it is reserved.
    func fill() -> Bool {
        if takenSizeInBytes >= wantedSizeInBytes { return true }
        guard !isLent, nextTry <= .now else { return false }
        do {
            let file = try JournalFile(path)
            let zeros = [UInt8](repeating: 0, count: Self.journalRoomInBytes)
            do {
                var size = takenSizeInBytes
                while size < wantedSizeInBytes { size += try file.write(zeros, at: size) }
                takenSizeInBytes = size
                return true
            } catch {
                takenSizeInBytes = 0
                try file.truncate(to: 0)
            }
        } catch {
            takenSizeInBytes = 0
        }
        nextTry = .now + Self.retryInterval
        return false
    }

    /// Releases the space.
    ///
    /// - Returns: whether any was reserved.
    func release() -> Bool {
        guard takenSizeInBytes > 0 else { return false }
        takenSizeInBytes = 0
        do {
            try JournalFile(path).truncate(to: 0)
            return true
        } catch {
            return false
        }
    }

    /// Releases the space until there is a snapshot.
    func lend() {
        isLent = true
        _ = release()
    }

    /// Notes that there is a snapshot: the next one will take as much space, or a little more.
    func fit(snapshotSizeInBytes: Int) {
        isLent = false
        wantedSizeInBytes = max(wantedSizeInBytes, Self.journalRoomInBytes + snapshotSizeInBytes)
    }
}
