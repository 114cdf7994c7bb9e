/// Records that are never written: they were gone before they were read, or may have been.
///
/// A source returns it with the batch with which the reading goes on. Once the position after that is committed, the loss is counted in the
/// metrics and written to the log as a warning.
public struct RecordLoss: Sendable, Hashable {
    /// The loss with its range, such as the positions between which the records lay, as a sentence.
    public var sentence: String
    /// The number of records; `nil` if it is not known.
    public var recordCount: Int?

    /// Makes a loss.
    ///
    /// - Parameters:
    ///   - sentence: the loss with its range, as a sentence.
    ///   - recordCount: the number of records; `nil`, the default, if it is not known.
    public init(_ sentence: String, recordCount: Int? = nil) {
        self.sentence = sentence
        self.recordCount = recordCount
    }
}
