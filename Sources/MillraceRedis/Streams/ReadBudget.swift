/// The number of entries to ask for at once, so that an answer stays small.
struct ReadBudget {
    private let sizeInBytes: Int
    /// The mean size of an entry, with what is kept beside its bytes.
    private var entrySizeInBytes = 16_384
    private var lastCheck = ContinuousClock.now

    private static let overheadInBytes = 512
    private static let maxCount = 10_000

    init(sizeInBytes: Int) { self.sizeInBytes = sizeInBytes }

    /// The number of entries to ask for.
    var count: Int { max(1, min(Self.maxCount, sizeInBytes / entrySizeInBytes)) }

    /// Learns the size of entries. A large one counts at once, small ones by and by.
    mutating func note(_ entries: StreamEntries) {
        guard !entries.isEmpty else { return }
        let mean = entries.reduce(0) { $0 + $1.sizeInBytes } / entries.count + Self.overheadInBytes
        entrySizeInBytes = mean > entrySizeInBytes ? mean : (entrySizeInBytes + mean) / 2
    }

    /// Whether the stream's figures are old.
    var isCheckDue: Bool { ContinuousClock.now - lastCheck >= .seconds(1) }

    /// Learns that the stream's figures are new.
    mutating func checked() { lastCheck = .now }
}
